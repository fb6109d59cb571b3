#include "locks.h"
#include "copies.h"

#include <stdatomic.h>
#include <stddef.h>

/* Copies of different versions meet here, so that neither the name nor the layout ever changes. */
struct cache_attribution_locks {
  _Atomic(void *) holders[LOCK_COUNT];
};

EXPORTED struct cache_attribution_locks cache_attribution_locks_v1;

static struct cache_attribution_locks *shared_locks(void) {
  static _Atomic(void *) chosen;
  return of_first_copy(&chosen, "cache_attribution_locks_v1", &cache_attribution_locks_v1);
}

bool lock_take(enum lock lock, void *holder) {
  void *nobody = NULL;
  return atomic_compare_exchange_strong(&shared_locks()->holders[lock], &nobody, holder);
}

void lock_drop(enum lock lock, void *holder) {
  void *expected = holder;
  atomic_compare_exchange_strong(&shared_locks()->holders[lock], &expected, NULL);
}

bool lock_is_taken(enum lock lock) { return atomic_load(&shared_locks()->holders[lock]) != NULL; }
