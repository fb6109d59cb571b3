#define _GNU_SOURCE
#include "native-modules.h"

#ifdef __linux__
#include <dlfcn.h>
#include <link.h>
#include <string.h>

struct native_module native_modules[MODULES_MAX];
static size_t module_count;
static int by_address[MODULES_MAX];
static bool is_behind_addon; /* whether an addon was met: what comes later came with it */
static uint64_t engine_address;

/* Libraries that everybody uses: that they lead to something says nothing. */
static const char *const SYSTEM_NAMES[] = {
    "libc.",  "libc-",       "ld-",         "ld.",         "libstdc++",  "libgcc_s",   "libm.",
    "libm-",  "libdl",       "libpthread",  "librt",       "linux-vdso", "linux-gate", "libresolv",
    "libnss", "libjemalloc", "libtcmalloc", "libmimalloc", "libatomic",  "libc++",
};

static bool lies_in(const struct native_range *range, uint64_t address) {
  return address >= range->start && address < range->end;
}

static bool lies_in_any(const struct native_range *ranges, size_t count, uint64_t address) {
  for (size_t i = 0; i < count; i++)
    if (lies_in(&ranges[i], address))
      return true;
  return false;
}

/* By halves: each word of each block is asked for. */
int native_module_at(uint64_t address) {
  size_t low = 0, high = module_count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (native_modules[by_address[middle]].whole.end <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low < module_count && lies_in(&native_modules[by_address[low]].whole, address) ? by_address[low]
                                                                                        : -1;
}

static void sort_modules(void) {
  for (size_t i = 0; i < module_count; i++) {
    size_t at = i;
    for (; at > 0 && native_modules[by_address[at - 1]].whole.start > native_modules[i].whole.start; at--)
      by_address[at] = by_address[at - 1];
    by_address[at] = (int)i;
  }
}

static bool is_system(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *name = slash == NULL ? path : slash + 1;
  for (size_t i = 0; i < sizeof SYSTEM_NAMES / sizeof *SYSTEM_NAMES; i++)
    if (strncmp(name, SYSTEM_NAMES[i], strlen(SYSTEM_NAMES[i])) == 0)
      return true;
  return false;
}

static bool is_addon_file(const char *path) {
  const size_t length = strlen(path);
  return length > 5 && strcmp(path + length - 5, ".node") == 0;
}

static void add_range(struct native_range *ranges, size_t *count, struct native_range range) {
  if (*count < MODULE_RANGES_MAX && range.end > range.start)
    ranges[(*count)++] = range;
}

static void take_ranges(struct native_module *module, const struct dl_phdr_info *object) {
  module->whole = (struct native_range){UINT64_MAX, 0};
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    const uint64_t start = object->dlpi_addr + header->p_vaddr;
    const struct native_range range = {start, start + header->p_memsz};
    if (header->p_type == PT_TLS && object->dlpi_tls_data != NULL)
      module->thread_data = (struct native_range){(uint64_t)object->dlpi_tls_data,
                                                  (uint64_t)object->dlpi_tls_data + header->p_memsz};
    if (header->p_type != PT_LOAD)
      continue;
    module->whole.start = start < module->whole.start ? start : module->whole.start;
    module->whole.end = range.end > module->whole.end ? range.end : module->whole.end;
    if ((header->p_flags & PF_W) != 0)
      add_range(module->data, &module->data_count, range);
    if ((header->p_flags & (PF_R | PF_X)) == PF_R)
      add_range(module->constants, &module->constant_count, range);
  }
}

static enum native_module_kind kind_of(const struct native_module *module) {
  if (lies_in(&module->whole, (uint64_t)(uintptr_t)native_modules_find))
    return MODULE_OURS;
  if (lies_in(&module->whole, engine_address))
    return MODULE_ENGINE;
  if (is_system(module->path))
    return MODULE_SYSTEM;
  return is_behind_addon ? MODULE_ADDON : MODULE_ENGINE;
}

static int take_module(struct dl_phdr_info *object, size_t size, void *data) {
  (void)size, (void)data;
  if (module_count == MODULES_MAX)
    return 1;
  struct native_module *module = &native_modules[module_count++];
  *module = (struct native_module){.path = object->dlpi_name == NULL ? "" : object->dlpi_name};
  take_ranges(module, object);
  is_behind_addon = is_behind_addon || is_addon_file(module->path);
  module->kind = kind_of(module);
  return 0;
}

size_t native_modules_find(void) {
  module_count = 0;
  is_behind_addon = false;
  engine_address = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  const bool has_all = engine_address != 0 && dl_iterate_phdr(take_module, NULL) == 0;
  if (!has_all)
    module_count = 0;
  sort_modules();
  return module_count;
}

/* Before the first function stand how far its part is from the object's beginning, and a description of the
 * class, or 0 where it was compiled without one. */
int native_module_of_class(uint64_t first_word) {
  enum { FURTHEST = 1 << 16 };
  const int place = (first_word & 7) != 0 ? -1 : native_module_at(first_word);
  if (place < 0)
    return -1;
  /* Between what is loaded of a library nothing may be read. */
  const struct native_module *module = &native_modules[place];
  for (int word = -2; word <= 0; word++)
    if (!lies_in_any(module->constants, module->constant_count, first_word + (uint64_t)(8 * (int64_t)word)))
      return -1;
  const uint64_t *table = (const uint64_t *)first_word;
  const int64_t to_top = (int64_t)table[-2];
  const bool has_function = native_module_at(table[0]) >= 0;
  return has_function && to_top <= 0 && to_top > -FURTHEST &&
                 (table[-1] == 0 || native_module_at(table[-1]) >= 0)
             ? place
             : -1;
}

int native_module_with_path(const char *path) {
  for (size_t i = 0; i < module_count; i++)
    if (native_modules[i].kind == MODULE_ADDON && strcmp(native_modules[i].path, path) == 0)
      return (int)i;
  return -1;
}
#endif
