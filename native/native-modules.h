/* The objects loaded into the process, by whose they are: Node with what it was started with, the C
 * libraries, this addon, and other addons with the libraries that they brought. */
#ifndef CACHE_ATTRIBUTION_NATIVE_MODULES_H
#define CACHE_ATTRIBUTION_NATIVE_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum native_module_kind { MODULE_ENGINE, MODULE_SYSTEM, MODULE_OURS, MODULE_ADDON };
enum { MODULES_MAX = 240, MODULE_RANGES_MAX = 4 };

struct native_range {
  uint64_t start, end;
};

struct native_module {
  const char *path; /* empty: the executable */
  enum native_module_kind kind;
  struct native_range whole;
  struct native_range data[MODULE_RANGES_MAX]; /* what may be written to, or might before it was relocated */
  struct native_range constants[MODULE_RANGES_MAX]; /* what is no code, data among it */
  size_t data_count, constant_count;
  struct native_range thread_data; /* of the calling thread */
};

/* Lists them; how many there are, 0 where they cannot be listed. */
size_t native_modules_find(void);
extern struct native_module native_modules[MODULES_MAX];

/* The place of the module that an address lies in, or -1. */
int native_module_at(uint64_t address);

/* The place of the module whose class an object is of, by the table of virtual functions that its first word
 * points at; -1: it is of none. */
int native_module_of_class(uint64_t first_word);

/* The place of the addon with this file, or -1. */
int native_module_with_path(const char *path);

#endif
