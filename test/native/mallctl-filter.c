/* Stands in front of a jemalloc and takes a part of it away, so that one library can play an older version,
 * or a build without statistics. To be preloaded before libjemalloc.so.2.
 *
 *   MALLCTL_UNKNOWN=stats.arenas.4096.tcache_bytes,prof.   no such keys; a name that ends with a dot: all
 * below it MALLCTL_FAILING=stats.allocated=2,epoch=14             known keys whose reading and writing gives
 * that errno */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef int (*mallctl_fn)(const char *, void *, size_t *, void *, size_t);
typedef int (*nametomib_fn)(const char *, size_t *, size_t *);
typedef int (*bymib_fn)(const size_t *, size_t, void *, size_t *, void *, size_t);

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

static bool is_unknown(const char *key) {
  const char *list = getenv("MALLCTL_UNKNOWN");
  while (list != NULL && *list != '\0') {
    const size_t length = strcspn(list, ",");
    const bool is_folder = length > 0 && list[length - 1] == '.';
    if (strncmp(key, list, length) == 0 && (is_folder || key[length] == '\0'))
      return true;
    list += length + (list[length] == ',');
  }
  return false;
}

static bool is_same(const char *key, const size_t *mib, size_t mib_length) {
  size_t words[8], length = 8;
  return ((nametomib_fn)next("mallctlnametomib"))(key, words, &length) == 0 && length == mib_length &&
         memcmp(words, mib, length * sizeof *mib) == 0;
}

/* The errno that MALLCTL_FAILING gives a key, told by name or by MIB; else 0. */
static int failure_of(const char *key, const size_t *mib, size_t mib_length) {
  const char *list = getenv("MALLCTL_FAILING");
  while (list != NULL && *list != '\0') {
    char name[128] = "";
    const size_t length = strcspn(list, "=");
    strncat(name, list, length < sizeof name ? length : 0);
    if (key != NULL ? strcmp(key, name) == 0 : is_same(name, mib, mib_length))
      return atoi(list + length + 1);
    list += strcspn(list, ",");
    list += *list == ',';
  }
  return 0;
}

EXPORT int mallctl(const char *key, void *old, size_t *old_size, void *new_value, size_t new_size) {
  if (is_unknown(key))
    return ENOENT;
  const int failure = failure_of(key, NULL, 0);
  return failure != 0 ? failure : ((mallctl_fn)next("mallctl"))(key, old, old_size, new_value, new_size);
}

EXPORT int mallctlnametomib(const char *key, size_t *mib, size_t *length) {
  return is_unknown(key) ? ENOENT : ((nametomib_fn)next("mallctlnametomib"))(key, mib, length);
}

EXPORT int mallctlbymib(const size_t *mib, size_t mib_length, void *old, size_t *old_size, void *new_value,
                        size_t new_size) {
  const int failure = failure_of(NULL, mib, mib_length);
  return failure != 0 ? failure
                      : ((bymib_fn)next("mallctlbymib"))(mib, mib_length, old, old_size, new_value, new_size);
}
