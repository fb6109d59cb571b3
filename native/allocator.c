#define _GNU_SOURCE
#include "allocator.h"
#include "isolates.h"
#include "overcount.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Layout of glibc's struct mallinfo2, declared here so the addon also builds against a libc without it. */
struct mallinfo2_figures {
  size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
typedef struct mallinfo2_figures (*mallinfo2_fn)(void);

#define MIB_LENGTH_MAX 8
struct mib {
  size_t words[MIB_LENGTH_MAX];
  size_t length; /* 0: this build does not know the key */
};

static const char *prefix;
static mallctl_fn mallctl_entry;
static bymib_fn bymib_entry;
static mallinfo2_fn mallinfo2_entry;
static struct mib epoch_mib;
static struct mib slot_mibs[SLOT_COUNT];
static struct mib allocated_mib, deallocated_mib, allocatedp_mib, deallocatedp_mib;
static pthread_once_t opened = PTHREAD_ONCE_INIT;

/* 4096 is MALLCTL_ARENAS_ALL: the statistics of all arenas, merged. */
static const char *const slot_keys[SLOT_COUNT] = {
    [SLOT_ALLOCATED] = "stats.allocated",
    [SLOT_TCACHE] = "stats.arenas.4096.tcache_bytes",
    [SLOT_TCACHE_STASHED] = "stats.arenas.4096.tcache_stashed_bytes",
    [SLOT_ACTIVE] = "stats.active",
    [SLOT_METADATA] = "stats.metadata",
    [SLOT_RESIDENT] = "stats.resident",
    [SLOT_MAPPED] = "stats.mapped",
    [SLOT_RETAINED] = "stats.retained",
};

static void *find(const char *with_prefix, const char *name) {
  char symbol[64];
  snprintf(symbol, sizeof symbol, "%s%s", with_prefix, name);
  return dlsym(RTLD_DEFAULT, symbol);
}

static struct mib resolve(nametomib_fn nametomib, const char *key) {
  struct mib mib = {.length = MIB_LENGTH_MAX};
  if (nametomib(key, mib.words, &mib.length) != 0)
    mib.length = 0;
  return mib;
}

static void open_once(void) {
  static const char *const prefixes[] = {"", "je_"};
  for (size_t i = 0; i < 2 && prefix == NULL; i++) {
    mallctl_fn mallctl = (mallctl_fn)find(prefixes[i], "mallctl");
    nametomib_fn nametomib = (nametomib_fn)find(prefixes[i], "mallctlnametomib");
    bymib_fn bymib = (bymib_fn)find(prefixes[i], "mallctlbymib");
    if (mallctl == NULL || nametomib == NULL || bymib == NULL)
      continue;
    prefix = prefixes[i];
    mallctl_entry = mallctl;
    bymib_entry = bymib;
    epoch_mib = resolve(nametomib, "epoch");
    for (int slot = 0; slot < SLOT_COUNT; slot++)
      if (slot_keys[slot] != NULL)
        slot_mibs[slot] = resolve(nametomib, slot_keys[slot]);
    allocated_mib = resolve(nametomib, "thread.allocated");
    deallocated_mib = resolve(nametomib, "thread.deallocated");
    allocatedp_mib = resolve(nametomib, "thread.allocatedp");
    deallocatedp_mib = resolve(nametomib, "thread.deallocatedp");
    overcount_open(mallctl, nametomib, bymib);
  }
  mallinfo2_entry = (mallinfo2_fn)dlsym(RTLD_DEFAULT, "mallinfo2");
}

void allocator_open(void) { pthread_once(&opened, open_once); }

const char *allocator_mallctl_prefix(void) { return prefix; }

mallctl_fn allocator_mallctl(void) { return mallctl_entry; }

static size_t mallinfo2_in_use(void) {
  const struct mallinfo2_figures figures = mallinfo2_entry();
  return figures.uordblks + figures.hblkhd;
}

bool allocator_has_mallinfo2(void) {
  const size_t bytes = 4 << 20;
  /* More than once: another thread may free in between. */
  for (int attempt = 0; mallinfo2_entry != NULL && attempt < 3; attempt++) {
    const size_t before = mallinfo2_in_use();
    void *volatile probe = malloc(bytes); /* volatile: the pair must not be optimised away */
    const size_t after = mallinfo2_in_use();
    free(probe);
    if (after >= before + bytes / 2)
      return true;
  }
  return false;
}

int allocator_serves_malloc(void) {
  uint64_t before = 0, after = 0;
  size_t size = sizeof before;
  if (mallctl_entry == NULL)
    return 0;
  if (mallctl_entry("thread.allocated", &before, &size, NULL, 0) != 0)
    return -1;
  void *volatile probe = malloc(65536); /* volatile: the pair must not be optimised away */
  int failed = mallctl_entry("thread.allocated", &after, &size, NULL, 0);
  free(probe);
  return failed != 0 ? -1 : after - before >= 65536;
}

static double read_size(const struct mib *mib) {
  size_t value = 0, size = sizeof value;
  if (mib->length == 0 || bymib_entry(mib->words, mib->length, &value, &size, NULL, 0) != 0)
    return NAN;
  return (double)value;
}

/* Bytes that the calling thread has allocated less those that it has freed, in usable bytes; NaN where that
 * is not counted. */
static double thread_net(void) {
  uint64_t allocated = 0, deallocated = 0;
  size_t size = sizeof allocated;
  if (allocated_mib.length == 0 || deallocated_mib.length == 0 ||
      bymib_entry(allocated_mib.words, allocated_mib.length, &allocated, &size, NULL, 0) != 0 ||
      bymib_entry(deallocated_mib.words, deallocated_mib.length, &deallocated, &size, NULL, 0) != 0)
    return NAN;
  return (double)(int64_t)(allocated - deallocated);
}

/* Where the counter of the calling thread lies; NULL where this build has none. */
static const uint64_t *counter_at(const struct mib *mib) {
  const uint64_t *at = NULL;
  size_t size = sizeof at;
  if (mib->length == 0 || bymib_entry(mib->words, mib->length, &at, &size, NULL, 0) != 0)
    return NULL;
  return at;
}

void allocator_enter_thread(void) {
  isolates_enter(counter_at(&allocatedp_mib), counter_at(&deallocatedp_mib));
}

static double or_zero(double bytes) { return isnan(bytes) ? 0 : bytes; }

static double cached(const double slots[SLOT_COUNT]) {
  return or_zero(slots[SLOT_TCACHE]) + or_zero(slots[SLOT_TCACHE_STASHED]);
}

static double live(const double slots[SLOT_COUNT]) {
  return slots[SLOT_ALLOCATED] - cached(slots) - or_zero(slots[SLOT_OVERCOUNT]);
}

/* A child of fork() has no other threads, and what they counted stands still. */
static bool is_forked;

static void read_others(double slots[SLOT_COUNT]) {
  const struct others_counted others =
      is_forked ? (struct others_counted){NAN, NAN, NAN, NAN} : isolates_count_others();
  slots[SLOT_OTHER_THREADS] = others.threads;
  slots[SLOT_OTHERS_ALLOCATED] = others.allocated;
  slots[SLOT_OTHERS_FREED] = others.freed;
  slots[SLOT_OTHERS_CHANGES] = others.changes;
}

/* The parent right before the fork. In the child `cached` is what lies in the caches of threads that it does
 * not have. */
static struct {
  bool is_known, is_child;
  double live, net, cached;
} at_fork;

/* See allocator.h. Where this thread's own counters are missing, the lost caches are all that can be mended.
 */
static void as_child(double slots[SLOT_COUNT]) {
  slots[SLOT_TCACHE] += at_fork.cached;
  const double net = thread_net();
  if (!isnan(net) && !isnan(at_fork.net))
    slots[SLOT_OVERCOUNT] = slots[SLOT_ALLOCATED] - cached(slots) - (at_fork.live + net - at_fork.net);
}

static atomic_bool epoch_is_taken;
enum { TURNS_MAX = 10000 };

/* Others hold it for the time of a reading. One that is interrupted there is not waited for forever. */
static bool take_epoch(int turns) {
  for (int turn = 0; atomic_exchange(&epoch_is_taken, true); turn++)
    if (turn >= turns || sched_yield() != 0)
      return false;
  return true;
}

static int advance_epoch(uint64_t *epoch) {
  size_t size = sizeof *epoch;
  *epoch = 1;
  return bymib_entry(epoch_mib.words, epoch_mib.length, epoch, &size, epoch, sizeof *epoch);
}

static int read_jemalloc(double slots[SLOT_COUNT]) {
  uint64_t epoch;
  const int failed = advance_epoch(&epoch);
  if (failed != 0)
    return failed;
  slots[SLOT_EPOCH] = (double)epoch;
  for (int slot = SLOT_ALLOCATED; slot < SLOT_COUNT; slot++)
    slots[slot] = read_size(&slot_mibs[slot]);
  read_others(slots);
  slots[SLOT_OVERCOUNT] = overcount_read();
  slots[SLOT_OVERCOUNT_MOST] = overcount_read_most();
  if (at_fork.is_child)
    as_child(slots);
  return 0;
}

int allocator_read_jemalloc(double slots[SLOT_COUNT]) {
  if (bymib_entry == NULL || epoch_mib.length == 0)
    return ENOENT;
  const bool is_mine = take_epoch(TURNS_MAX);
  const int failed = read_jemalloc(slots);
  if (is_mine)
    atomic_store(&epoch_is_taken, false);
  return failed;
}

int allocator_read_brief(double figures[BRIEF_COUNT]) {
  uint64_t epoch;
  if (bymib_entry == NULL || epoch_mib.length == 0)
    return ENOENT;
  if (!take_epoch(0))
    return EBUSY;
  const int failed = advance_epoch(&epoch);
  double slots[SLOT_COUNT];
  for (int slot = SLOT_ALLOCATED; failed == 0 && slot <= SLOT_MAPPED; slot++)
    slots[slot] = read_size(&slot_mibs[slot]);
  atomic_store(&epoch_is_taken, false);
  if (failed != 0)
    return failed;
  figures[BRIEF_ALLOCATED] = slots[SLOT_ALLOCATED] - cached(slots);
  figures[BRIEF_ACTIVE] = slots[SLOT_ACTIVE];
  figures[BRIEF_RESIDENT] = slots[SLOT_RESIDENT];
  figures[BRIEF_MAPPED] = slots[SLOT_MAPPED];
  return 0;
}

void allocator_before_fork(void) {
  double slots[SLOT_COUNT];
  at_fork.is_known = allocator_read_jemalloc(slots) == 0 && !isnan(slots[SLOT_TCACHE]);
  at_fork.live = live(slots);
  at_fork.cached = cached(slots);
  at_fork.net = thread_net();
}

void allocator_after_fork(void) {
  double slots[SLOT_COUNT];
  is_forked = true;
  /* Of a thread that this process does not have. */
  atomic_store(&epoch_is_taken, false);
  if (!at_fork.is_known || allocator_read_jemalloc(slots) != 0)
    return;
  /* A jemalloc whose handler keeps the caches loses none. */
  at_fork.cached = fmax(0, at_fork.cached - cached(slots));
  at_fork.is_child = true;
}

int allocator_read_glibc(double slots[SLOT_COUNT]) {
  if (mallinfo2_entry == NULL)
    return ENOSYS;
  struct mallinfo2_figures figures = mallinfo2_entry();
  for (int slot = 0; slot < SLOT_COUNT; slot++)
    slots[slot] = NAN;
  slots[SLOT_ALLOCATED] = (double)(figures.uordblks + figures.hblkhd);
  slots[SLOT_MAPPED] = (double)(figures.arena + figures.hblkhd);
  return 0;
}
