#include "overcount.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* More small size classes than any build has; the usual one has 36. */
#define BINS_MAX 128
#define MIB_LENGTH 5

/* `prof.stats.bins.<i>.live`: requested bytes and number of the sampled blocks of a size class. */
struct sampled {
  uint64_t requested_bytes, count;
};

static enum { NO_PROFILER, UNKNOWN, COUNTED } state;
static bymib_fn bymib_entry;
static mallctl_fn mallctl_entry;
static size_t large;                /* the smallest large size class */
static size_t live_mib[MIB_LENGTH]; /* the place of the bin is filled in by each reader */
enum { BIN_WORD = 3 };
static unsigned bins;
static size_t overcounts[BINS_MAX]; /* per block of the class */

static bool is_on(mallctl_fn mallctl, const char *key) {
  bool value = false;
  size_t size = sizeof value;
  return mallctl(key, &value, &size, NULL, 0) == 0 && value;
}

static size_t size_under(mallctl_fn mallctl, const char *key) {
  size_t value = 0, size = sizeof value;
  return mallctl(key, &value, &size, NULL, 0) == 0 ? value : 0;
}

static int read_bin(unsigned bin, struct sampled *sampled) {
  size_t mib[MIB_LENGTH], size = sizeof *sampled;
  memcpy(mib, live_mib, sizeof mib);
  mib[BIN_WORD] = bin;
  return bymib_entry(mib, MIB_LENGTH, sampled, &size, NULL, 0);
}

void overcount_open(mallctl_fn mallctl, nametomib_fn nametomib, bymib_fn bymib) {
  size_t length = MIB_LENGTH, size = sizeof bins;
  struct sampled sampled;
  bymib_entry = bymib;
  mallctl_entry = mallctl;
  state = is_on(mallctl, "opt.prof") ? UNKNOWN : NO_PROFILER;
  large = size_under(mallctl, "arenas.lextent.0.size");
  if (state == NO_PROFILER || large == 0 || !is_on(mallctl, "opt.prof_stats") ||
      mallctl("arenas.nbins", &bins, &size, NULL, 0) != 0 || bins > BINS_MAX ||
      nametomib("prof.stats.bins.0.live", live_mib, &length) != 0 || length != MIB_LENGTH ||
      read_bin(0, &sampled) != 0)
    return;
  for (unsigned bin = 0; bin < bins; bin++) {
    char key[32];
    snprintf(key, sizeof key, "arenas.bin.%u.size", bin);
    const size_t bytes = size_under(mallctl, key);
    if (bytes == 0 || bytes > large)
      return;
    overcounts[bin] = large - bytes;
  }
  state = COUNTED;
}

double overcount_read(void) {
  if (state != COUNTED)
    return state == NO_PROFILER ? 0 : NAN;
  double bytes = 0;
  for (unsigned bin = 0; bin < bins; bin++) {
    struct sampled sampled = {0};
    if (read_bin(bin, &sampled) != 0)
      return NAN;
    bytes += (double)sampled.count * (double)overcounts[bin];
  }
  return bytes;
}

double overcount_read_most(void) {
  size_t extents = 0, size = sizeof extents;
  if (state == NO_PROFILER)
    return 0;
  if (large == 0 || mallctl_entry("stats.arenas.4096.lextents.0.curlextents", &extents, &size, NULL, 0) != 0)
    return NAN;
  return (double)extents * (double)large;
}
