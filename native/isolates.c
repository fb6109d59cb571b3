#include "isolates.h"
#include "copies.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdatomic.h>

enum { THREADS_MAX = 1024, TRIES_MAX = 1000 };

struct entry {
  const uint64_t *allocated, *deallocated;
  /* Which thread: the address of a variable of its own. NULL: the place is free. */
  const void *self;
  int32_t thread_id, uses, answering;
};

/* Copies of different versions meet here, so that neither the name nor the layout ever changes. */
struct cache_attribution_isolates {
  atomic_int guard;
  uint64_t changes;
  _Atomic(void *) asking;
  /* No place from here on was ever taken. */
  int32_t top;
  struct entry entries[THREADS_MAX];
};

EXPORTED struct cache_attribution_isolates cache_attribution_isolates_v1;

static struct cache_attribution_isolates *shared(void) {
  static _Atomic(void *) chosen;
  return of_first_copy(&chosen, "cache_attribution_isolates_v1", &cache_attribution_isolates_v1);
}

/* A thread has one address of `errno`, whichever copy asks. */
static const void *self(void) { return &errno; }

/* Held for a few dozen instructions. A fork may come in between: in the child nobody would ever open it. */
static bool close_table(struct cache_attribution_isolates *table) {
  for (int tries = 0; tries < TRIES_MAX; tries++) {
    int open = 0;
    if (atomic_compare_exchange_strong(&table->guard, &open, 1))
      return true;
    sched_yield();
  }
  return false;
}

static void open_table(struct cache_attribution_isolates *table) { atomic_store(&table->guard, 0); }

static struct entry *entry_of(struct cache_attribution_isolates *table, const void *thread) {
  for (int32_t at = 0; at < table->top; at++)
    if (table->entries[at].self == thread)
      return &table->entries[at];
  return NULL;
}

static struct entry *free_entry(struct cache_attribution_isolates *table) {
  struct entry *entry = entry_of(table, NULL);
  return entry == NULL && table->top < THREADS_MAX ? &table->entries[table->top++] : entry;
}

void isolates_enter(const uint64_t *allocated, const uint64_t *deallocated) {
  struct cache_attribution_isolates *table = shared();
  if (!close_table(table))
    return;
  struct entry *entry = entry_of(table, self());
  if (entry == NULL && (entry = free_entry(table)) != NULL) {
    *entry = (struct entry){allocated, deallocated, self(), -1, 0, 0};
    table->changes++;
  }
  if (entry != NULL)
    entry->uses++;
  open_table(table);
}

void isolates_leave(void) {
  struct cache_attribution_isolates *table = shared();
  /* Data left behind would be read when the memory is another's. */
  while (!close_table(table))
    continue;
  struct entry *entry = entry_of(table, self());
  if (entry != NULL && --entry->uses <= 0) {
    *entry = (struct entry){0};
    table->changes++;
  }
  open_table(table);
}

void isolates_name(int32_t thread_id) {
  struct cache_attribution_isolates *table = shared();
  if (!close_table(table))
    return;
  struct entry *entry = entry_of(table, self());
  if (entry != NULL)
    entry->thread_id = thread_id;
  open_table(table);
}

void isolates_answer(int32_t change) {
  struct cache_attribution_isolates *table = shared();
  if (!close_table(table))
    return;
  struct entry *entry = entry_of(table, self());
  if (entry != NULL)
    entry->answering += change;
  open_table(table);
}

int isolates_list(struct isolate_thread *threads, int capacity) {
  struct cache_attribution_isolates *table = shared();
  int count = 0;
  if (!close_table(table))
    return -1;
  for (int32_t at = 0; at < table->top; at++) {
    const struct entry *entry = &table->entries[at];
    if (entry->self == NULL)
      continue;
    if (count < capacity)
      threads[count] = (struct isolate_thread){entry->thread_id, entry->answering};
    count++;
  }
  open_table(table);
  return count;
}

/* Its thread counts on meanwhile. */
static double counter(const uint64_t *at) { return (double)__atomic_load_n(at, __ATOMIC_RELAXED); }

struct others_counted isolates_count_others(void) {
  struct cache_attribution_isolates *table = shared();
  struct others_counted counted = {0, 0, 0, 0};
  if (!close_table(table))
    return (struct others_counted){NAN, NAN, NAN, NAN};
  const void *own = self();
  for (int32_t at = 0; at < table->top; at++) {
    const struct entry *entry = &table->entries[at];
    if (entry->self == NULL || entry->self == own || entry->allocated == NULL || entry->deallocated == NULL)
      continue;
    counted.threads++;
    counted.allocated += counter(entry->allocated);
    counted.freed += counter(entry->deallocated);
  }
  counted.changes = (double)table->changes;
  open_table(table);
  return counted;
}

bool isolates_take_turn(void *holder) {
  void *nobody = NULL;
  return atomic_compare_exchange_strong(&shared()->asking, &nobody, holder);
}

void isolates_give_turn(void *holder) {
  void *expected = holder;
  atomic_compare_exchange_strong(&shared()->asking, &expected, NULL);
}
