/* A process of nothing but memory, at the very addresses where another has it: what its forks cost, and a
 * write to a page that its child shares, while that writes to pages of its own. What else a twin does comes
 * on top. Built by bench/twin-cost.ts with: cc -O2
 *
 *   plain-fork FORKS WRITES CHILD_BYTES < mappings
 *
 * It writes to so many pages, its child to pages of so many bytes. A mapping a line: <start, hexadecimal>
 * <bytes> <bytes of it that are resident>. Prints a line per fork: milliseconds in fork(), microseconds per
 * write. */
#define _GNU_SOURCE
#include "../../native/clock.h"
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

struct memory {
  char *start;
  size_t resident;
};

/* Pages one after the other, as a service writes where it allocates. */
static size_t write_dense(const struct memory *all, size_t count, size_t wanted, size_t page) {
  size_t written = 0;
  for (size_t at = 0; at < count; at++)
    for (size_t offset = 0; offset < all[at].resident && written < wanted; offset += page, written++)
      all[at].start[offset]++;
  return written;
}

/* One page of every mapping, then the next of each, as a collector writes its marks. */
static void write_scattered(const struct memory *all, size_t count, size_t wanted, size_t page) {
  size_t written = 0;
  bool is_any_left = true;
  for (size_t offset = 0; is_any_left && written < wanted; offset += page) {
    is_any_left = false;
    for (size_t at = 0; at < count && written < wanted; at++) {
      if (offset >= all[at].resident)
        continue;
      all[at].start[offset]++;
      written++;
      is_any_left = true;
    }
  }
}

int main(int argc, char **argv) {
  const int forks = argc > 1 ? atoi(argv[1]) : 1;
  const size_t writes = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t child_writes = argc > 3 ? strtoul(argv[3], NULL, 10) / page : 0;
  struct memory *all = NULL;
  size_t count = 0, room = 0, missing = 0, bytes, resident;
  uintptr_t start;
  while (scanf("%" SCNxPTR " %zu %zu", &start, &bytes, &resident) == 3) {
    if (count == room) {
      room = room == 0 ? 1024 : 2 * room;
      all = realloc(all, room * sizeof *all);
      if (all == NULL)
        return 1;
    }
    char *mapped = mmap((void *)start, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (mapped == MAP_FAILED) {
      missing += resident; /* this process has something there itself */
      continue;
    }
    memset(mapped, 1, resident);
    all[count++] = (struct memory){mapped, resident};
  }
  fprintf(stderr, "%zu mappings; %zu KiB are at addresses of this process's own\n", count, missing / 1024);
  for (int round = 0; round < forks; round++) {
    const double before = clock_now_ms();
    const pid_t child = fork();
    if (child == 0) {
      write_scattered(all, count, child_writes, page);
      _exit(0);
    }
    if (child < 0)
      return 1;
    const double forked = clock_now_ms();
    const size_t written = write_dense(all, count, writes, page);
    const double done = clock_now_ms();
    waitpid(child, NULL, 0);
    printf("%.3f %.3f\n", forked - before, written == 0 ? 0 : (done - forked) * 1e3 / (double)written);
  }
  return 0;
}
