#define _GNU_SOURCE
#include "locks.h"

#include <stdatomic.h>
#include <stddef.h>

#if defined(__linux__) || defined(__APPLE__)
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <link.h>
#else
#include <mach-o/dyld.h>
#endif
#endif

/* A service may hold several copies of this package, as when two of its dependencies want different versions:
 * each is a loaded object with its own variables. Every copy exports its locks under the same name, and all
 * use those of the copy that was loaded first.
 *
 * The answer is the same for every copy and thread, whenever it is asked for: objects are listed in the order
 * of their loading, the first that has the locks is never unloaded once it has been chosen (a worker that
 * ends unloads what it alone has loaded), and whatever is loaded later stands behind it.
 *
 * Copies of different versions meet here, so that neither the name nor the layout ever changes. */
struct cache_attribution_locks {
  _Atomic(void *) holders[LOCK_COUNT];
};

#if defined(__linux__) || defined(__APPLE__)

#define EXPORTED_NAME "cache_attribution_locks_v1"

__attribute__((visibility("default"))) struct cache_attribution_locks cache_attribution_locks_v1;

/* Names of the loaded objects, in their order. */
struct names {
  char **list;
  size_t count, capacity;
};

static void add_name(struct names *names, const char *name) {
  if (name == NULL || name[0] == '\0')
    return;
  if (names->count == names->capacity) {
    const size_t capacity = names->capacity == 0 ? 32 : 2 * names->capacity;
    char **list = realloc(names->list, capacity * sizeof *list);
    if (list == NULL)
      return;
    names->list = list;
    names->capacity = capacity;
  }
  char *copy = strdup(name);
  if (copy != NULL)
    names->list[names->count++] = copy;
}

#ifdef __linux__
static int add_object(struct dl_phdr_info *info, size_t size, void *names) {
  (void)size;
  add_name(names, info->dlpi_name);
  return 0;
}

/* Noted first and opened later: the loader's lock is held while it lists. */
static void list_objects(struct names *names) { dl_iterate_phdr(add_object, names); }
#else
static void list_objects(struct names *names) {
  for (uint32_t at = 0; at < _dyld_image_count(); at++)
    add_name(names, _dyld_get_image_name(at));
}
#endif

/* The locks of one object, which then stays loaded; NULL where it has none or has been unloaded meanwhile. */
static struct cache_attribution_locks *locks_of(const char *name) {
  void *object = dlopen(name, RTLD_NOLOAD | RTLD_LAZY);
  if (object == NULL)
    return NULL;
  struct cache_attribution_locks *found = dlsym(object, EXPORTED_NAME);
  void *kept = found == NULL ? NULL : dlopen(name, RTLD_NOLOAD | RTLD_LAZY | RTLD_NODELETE);
  if (kept != NULL)
    dlclose(kept);
  dlclose(object);
  return kept == NULL ? NULL : found;
}

static struct cache_attribution_locks *first_locks(void) {
  struct names names = {NULL, 0, 0};
  struct cache_attribution_locks *found = NULL;
  list_objects(&names);
  for (size_t at = 0; at < names.count; at++) {
    if (found == NULL)
      found = locks_of(names.list[at]);
    free(names.list[at]);
  }
  free(names.list);
  return found == NULL ? &cache_attribution_locks_v1 : found;
}

static struct cache_attribution_locks *shared_locks(void) {
  static _Atomic(struct cache_attribution_locks *) chosen;
  struct cache_attribution_locks *locks = atomic_load(&chosen);
  if (locks == NULL) {
    locks = first_locks();
    atomic_store(&chosen, locks);
  }
  return locks;
}

#else

/* Elsewhere a lock covers the threads of one copy. */
static struct cache_attribution_locks *shared_locks(void) {
  static struct cache_attribution_locks own;
  return &own;
}

#endif

bool lock_take(enum lock lock, void *holder) {
  void *nobody = NULL;
  return atomic_compare_exchange_strong(&shared_locks()->holders[lock], &nobody, holder);
}

void lock_drop(enum lock lock, void *holder) {
  void *expected = holder;
  atomic_compare_exchange_strong(&shared_locks()->holders[lock], &expected, NULL);
}
