/* The same mallctl calls as one reading of the addon, in a loop in C: what a reading costs without Node.
 * Built by bench/sample-cost.ts with: cc -O2 -shared -fPIC */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

typedef int (*nametomib_fn)(const char *, size_t *, size_t *);
typedef int (*bymib_fn)(const size_t *, size_t, void *, size_t *, void *, size_t);

static const char *const keys[] = {
    "stats.allocated",
    "stats.arenas.4096.tcache_bytes",
    "stats.arenas.4096.tcache_stashed_bytes",
    "stats.active",
    "stats.metadata",
    "stats.resident",
    "stats.mapped",
    "stats.retained",
};
#define KEY_COUNT (sizeof keys / sizeof *keys)

/* Nanoseconds per round of `rounds` rounds. */
double sample_loop(int rounds) {
  nametomib_fn nametomib = (nametomib_fn)dlsym(RTLD_DEFAULT, "mallctlnametomib");
  bymib_fn bymib = (bymib_fn)dlsym(RTLD_DEFAULT, "mallctlbymib");
  size_t mibs[KEY_COUNT][8], lengths[KEY_COUNT], epoch_mib[8], epoch_length = 8;
  if (nametomib == NULL || bymib == NULL)
    return -1;
  nametomib("epoch", epoch_mib, &epoch_length);
  for (size_t key = 0; key < KEY_COUNT; key++) {
    lengths[key] = 8;
    if (nametomib(keys[key], mibs[key], &lengths[key]) != 0)
      lengths[key] = 0;
  }
  volatile double sum = 0;
  struct timespec start, end;
  clock_gettime(CLOCK_MONOTONIC, &start);
  for (int round = 0; round < rounds; round++) {
    uint64_t epoch = 1;
    size_t size = sizeof epoch;
    bymib(epoch_mib, epoch_length, &epoch, &size, &epoch, sizeof epoch);
    for (size_t key = 0; key < KEY_COUNT; key++) {
      size_t value = 0;
      size = sizeof value;
      if (lengths[key] != 0 && bymib(mibs[key], lengths[key], &value, &size, NULL, 0) == 0)
        sum += (double)value;
    }
  }
  clock_gettime(CLOCK_MONOTONIC, &end);
  return ((double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec)) / rounds;
}
