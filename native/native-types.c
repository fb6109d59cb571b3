#define _GNU_SOURCE
#include "native-types.h"

#ifdef __linux__
#include <dlfcn.h>
#include <link.h>

enum {
  WORD = 8,
  HANDLES = 256,
  HANDLE_WORDS = 4,
  SOME_POINTERS = 3,
  TINY_WORDS = 32,
  MANY_POINTERS = 32,
  SMALL_WORDS = 128,
  WORDS_MOST = 1 << 14
};

struct column native_types;

/* A table of handles that V8 keeps for native code: each handle has its own number in it. */
static bool is_handle_table(const struct native_block *block) {
  enum { NUMBER_AT = 10 };
  if (block->words < HANDLES * HANDLE_WORDS || block->words > 2 * HANDLES * HANDLE_WORDS)
    return false;
  for (size_t i = 0; i < HANDLES; i++)
    if (((const uint8_t *)block->start)[i * HANDLE_WORDS * WORD + NUMBER_AT] != i)
      return false;
  return true;
}

/* How many words of a block, as far as `words`, could be pointers at code or data of Node. Node lies low in
 * many builds, where sizes and counts are as large as addresses: one alone says nothing. */
static size_t pointers_at_engine(const struct native_block *block, size_t words) {
  size_t count = 0;
  for (size_t word = 0; word < block->words && word < words && count < MANY_POINTERS; word++) {
    const uint64_t at = native_word(block, word);
    const int module = at % WORD == 0 ? native_module_at(at) : -1;
    count += module >= 0 && native_modules[module].kind == MODULE_ENGINE ? 1 : 0;
  }
  return count;
}

/* Tables of methods, callbacks: of the addon whose functions or constants they are. -1: there are none. What
 * is large has been used for something else before, and has words left of it: one alone says nothing there.
 */
static int addon_pointed_at(const struct native_block *block) {
  const size_t needed = block->words <= TINY_WORDS ? 1 : SOME_POINTERS;
  size_t count = 0;
  int first = -1;
  for (size_t word = 0; word < block->words && word < SMALL_WORDS; word++) {
    const int module = native_module_at(native_word(block, word));
    if (module < 0 || native_modules[module].kind != MODULE_ADDON)
      continue;
    first = first < 0 ? module : first;
    count += module == first ? 1 : 0;
    if (count >= needed)
      return first;
  }
  return -1;
}

static uint32_t type_of(const struct native_block *block) {
  const int module = native_module_of_class(native_word(block, 0));
  const enum native_module_kind kind = module < 0 ? MODULE_SYSTEM : native_modules[module].kind;
  if (kind == MODULE_ADDON)
    return NATIVE_TYPE_ADDON + (uint32_t)module;
  /* An isolate or an environment has many, and callbacks of addons among them. */
  if (kind == MODULE_ENGINE || is_handle_table(block) ||
      pointers_at_engine(block, WORDS_MOST) == MANY_POINTERS)
    return NATIVE_TYPE_ENGINE;
  const int addon = addon_pointed_at(block);
  if (addon >= 0)
    return NATIVE_TYPE_ADDON + (uint32_t)addon;
  return pointers_at_engine(block, SMALL_WORDS) >= SOME_POINTERS ? NATIVE_TYPE_ENGINE : NATIVE_NO_TYPE;
}

#ifdef __GLIBC__
/* The dynamic linker's list of what is loaded: every library has a pointer to it. */
static void mark_link_maps(void) {
  Dl_info info;
  struct link_map *map = NULL;
  if (dladdr1((const void *)(uintptr_t)native_types_find, &info, (void **)&map, RTLD_DL_LINKMAP) == 0)
    return;
  while (map->l_prev != NULL)
    map = map->l_prev;
  for (; map != NULL; map = map->l_next) {
    const struct native_block *block = native_block_at((uint64_t)(uintptr_t)map);
    if (block != NULL)
      native_types.at[native_place_of(block)] = NATIVE_TYPE_ENGINE;
  }
}
#else
/* Another C library makes no twins, where alone this is asked. */
static void mark_link_maps(void) {}
#endif

bool native_types_find(void) {
  if (!column_make(&native_types, native_blocks.count))
    return false;
  mark_link_maps();
  for (size_t i = 0; i < native_blocks.count; i++) {
    const struct native_block *block = native_block(i);
    if (native_types.at[i] == NATIVE_NO_TYPE && block->seen != 0 && block->label == LABEL_NONE)
      native_types.at[i] = type_of(block);
  }
  return true;
}

void native_types_free(void) { column_free(&native_types); }
#endif
