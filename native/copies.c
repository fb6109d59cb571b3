#define _GNU_SOURCE
#include "copies.h"

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

/* A service may hold several copies of this package, as when two of its dependencies want different versions:
 * each is a loaded object with its own variables. Every copy exports what is shared under the same name, and
 * all use that of the copy that was loaded first.
 *
 * The answer is the same for every copy and thread, whenever it is asked for: objects are listed in the order
 * of their loading, the first that has the variable is never unloaded once it has been chosen (a worker that
 * ends unloads what it alone has loaded), and whatever is loaded later stands behind it. */

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

/* The variable of one object, which then stays loaded; NULL where it has none or has been unloaded meanwhile.
 */
static void *variable_of(const char *object_name, const char *name) {
  void *object = dlopen(object_name, RTLD_NOLOAD | RTLD_LAZY);
  if (object == NULL)
    return NULL;
  void *found = dlsym(object, name);
  void *kept = found == NULL ? NULL : dlopen(object_name, RTLD_NOLOAD | RTLD_LAZY | RTLD_NODELETE);
  if (kept != NULL)
    dlclose(kept);
  dlclose(object);
  return kept == NULL ? NULL : found;
}

static void *first_of(const char *name) {
  struct names names = {NULL, 0, 0};
  void *found = NULL;
  list_objects(&names);
  for (size_t at = 0; at < names.count; at++) {
    if (found == NULL)
      found = variable_of(names.list[at], name);
    free(names.list[at]);
  }
  free(names.list);
  return found;
}
#else
static void *first_of(const char *name) {
  (void)name;
  return NULL;
}
#endif

void *of_first_copy(_Atomic(void *) *chosen, const char *name, void *own) {
  void *variable = atomic_load(chosen);
  if (variable == NULL) {
    variable = first_of(name);
    if (variable == NULL)
      variable = own;
    atomic_store(chosen, variable);
  }
  return variable;
}
