#define _GNU_SOURCE
#include "threads.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include "clock.h"

#include <stdbool.h>
#include <sys/syscall.h>
#include <time.h>

struct directory_entry {
  uint64_t inode;
  int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

/* The state letter of one thread, or 0 when it is gone. */
static char state_of(int folder, const char *id) {
  char path[32], line[256];
  if (snprintf(path, sizeof path, "%s/stat", id) >= (int)sizeof path)
    return 0;
  int file = openat(folder, path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  ssize_t length = read(file, line, sizeof line - 1);
  close(file);
  if (length <= 0)
    return 0;
  line[length] = '\0';
  /* A thread's name may hold anything, parentheses too: the state follows the last one. */
  const char *end = strrchr(line, ')');
  return end != NULL && end[1] == ' ' ? end[2] : 0;
}

int threads_at_work(int32_t *ids, int capacity) {
  /* opendir() would allocate in the middle of a measurement. */
  char buffer[8192] __attribute__((aligned(8)));
  int folder = open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0)
    return -1;
  const long self = syscall(SYS_gettid);
  int count = 0;
  long length;
  while ((length = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
    for (long at = 0; at < length;) {
      const struct directory_entry *entry = (const struct directory_entry *)(buffer + at);
      at += entry->length;
      const long id = strtol(entry->name, NULL, 10);
      if (id <= 0 || id == self)
        continue;
      const char state = state_of(folder, entry->name);
      if (state != 'R' && state != 'D')
        continue;
      if (count < capacity)
        ids[count] = (int32_t)id;
      count++;
    }
  }
  close(folder);
  return length < 0 ? -1 : count;
}

static bool is_any_but(const int32_t *busy, size_t busy_count) {
  int32_t ids[256];
  const int capacity = sizeof ids / sizeof *ids;
  const int count = threads_at_work(ids, capacity);
  for (int i = 0; i < count && i < capacity; i++) {
    size_t at = 0;
    while (at < busy_count && busy[at] != ids[i])
      at++;
    if (at == busy_count)
      return true;
  }
  return false;
}

void threads_await_rest(const int32_t *busy, size_t busy_count, double patience_ms) {
  const struct timespec step = {0, 200000};
  const double until = clock_now_ms() + patience_ms;
  while (is_any_but(busy, busy_count) && clock_now_ms() < until)
    nanosleep(&step, NULL);
}
#else
int threads_at_work(int32_t *ids, int capacity) {
  (void)ids;
  (void)capacity;
  return -1;
}

void threads_await_rest(const int32_t *busy, size_t busy_count, double patience_ms) {
  (void)busy;
  (void)busy_count;
  (void)patience_ms;
}
#endif
