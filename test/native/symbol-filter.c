/* Hides symbols from those who ask for them at run time, so that a process can lack what its libraries have;
 * and offers jemalloc's controls under the prefix je_, as a build with --with-jemalloc-prefix=je_ does. To be
 * preloaded after libjemalloc.so.2, which asks for symbols of its own.
 *
 *   DLSYM_HIDDEN=mallctl,mallinfo2   these names are not found */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef void *(*dlsym_fn)(void *, const char *);

static void *find(void *handle, const char *name) {
  /* The versions that glibc has given dlsym, on x86-64 and on arm64. */
  static const char *const versions[] = {"GLIBC_2.34", "GLIBC_2.17", "GLIBC_2.2.5"};
  static dlsym_fn real;
  for (size_t i = 0; real == NULL && i < sizeof versions / sizeof *versions; i++)
    real = (dlsym_fn)dlvsym(RTLD_NEXT, "dlsym", versions[i]);
  return real == NULL ? NULL : real(handle, name);
}

static bool is_hidden(const char *name) {
  const char *list = getenv("DLSYM_HIDDEN");
  while (list != NULL && *list != '\0') {
    const size_t length = strcspn(list, ",");
    if (strlen(name) == length && strncmp(name, list, length) == 0)
      return true;
    list += length + (list[length] == ',');
  }
  return false;
}

EXPORT void *dlsym(void *restrict handle, const char *restrict name) {
  return is_hidden(name) ? NULL : find(handle, name);
}

EXPORT int je_mallctl(const char *key, void *old, size_t *old_size, void *new_value, size_t new_size) {
  typedef int (*mallctl_fn)(const char *, void *, size_t *, void *, size_t);
  return ((mallctl_fn)find(RTLD_DEFAULT, "mallctl"))(key, old, old_size, new_value, new_size);
}

EXPORT int je_mallctlnametomib(const char *key, size_t *mib, size_t *length) {
  typedef int (*nametomib_fn)(const char *, size_t *, size_t *);
  return ((nametomib_fn)find(RTLD_DEFAULT, "mallctlnametomib"))(key, mib, length);
}

EXPORT int je_mallctlbymib(const size_t *mib, size_t mib_length, void *old, size_t *old_size, void *new_value,
                           size_t new_size) {
  typedef int (*bymib_fn)(const size_t *, size_t, void *, size_t *, void *, size_t);
  return ((bymib_fn)find(RTLD_DEFAULT, "mallctlbymib"))(mib, mib_length, old, old_size, new_value, new_size);
}
