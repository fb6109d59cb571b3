#include "mallctl-keys.h"

#include <stddef.h>

/* jemalloc 4 to 5.3 and its development branch; the same lists as in src/allocator/mallctl.ts, which the
 * tests compare. `#` stands for a number, `*` at the end for anything. */
static const char *const text_keys[] = {
    "version",
    "config.malloc_conf",
    "opt.dss",
    "opt.junk",
    "opt.metadata_thp",
    "opt.percpu_arena",
    "opt.purge",
    "opt.thp",
    "opt.zero_realloc",
    "opt.prof_prefix",
    "opt.prof_time_resolution",
    "opt.stats_interval_opts",
    "opt.stats_print_opts",
    "opt.malloc_conf.*",
    "stats.arenas.#.dss",
    "stats.arenas.#.name",
    "arena.#.dss",
    "arena.#.name",
    "thread.prof.name",
    "prof.prefix",
};

static const char *const maybe_text_keys[] = {"prof.dump", "prof.log_start"};

static const char *const read_only_keys[] = {"arena.#.extent_hooks", "arenas.create", "arenas.extend"};

static const char *const refused_keys[] = {"experimental.*", "arenas.lookup", "tcache.*"};

static const char *const divisor_keys[] = {"max_background_threads"};

static bool matches(const char *pattern, const char *key) {
  for (; *pattern != '\0'; pattern++) {
    if (*pattern == '*')
      return true;
    if (*pattern != '#') {
      if (*key++ != *pattern)
        return false;
      continue;
    }
    if (*key < '0' || *key > '9')
      return false;
    while (*key >= '0' && *key <= '9')
      key++;
  }
  return *key == '\0';
}

#define IS_AMONG(patterns, key) is_among(patterns, sizeof(patterns) / sizeof *(patterns), key)

static bool is_among(const char *const *patterns, size_t count, const char *key) {
  for (size_t i = 0; i < count; i++)
    if (matches(patterns[i], key))
      return true;
  return false;
}

enum key_kind mallctl_key_kind(const char *key) {
  if (IS_AMONG(text_keys, key))
    return KEY_TEXT;
  if (IS_AMONG(maybe_text_keys, key))
    return KEY_MAYBE_TEXT;
  if (IS_AMONG(refused_keys, key))
    return KEY_REFUSED;
  return IS_AMONG(read_only_keys, key) ? KEY_READ_ONLY : KEY_NUMBER;
}

bool mallctl_key_is_divisor(const char *key) { return IS_AMONG(divisor_keys, key); }
