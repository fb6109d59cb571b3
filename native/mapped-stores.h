/* The backing stores that V8 mapped, as its own lists have them. Private to the files mapped-*.c. */
#ifndef CACHE_ATTRIBUTION_MAPPED_STORES_H
#define CACHE_ATTRIBUTION_MAPPED_STORES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One backing store. */
struct mapped_store {
  uint64_t start, length, address;
  bool is_memory; /* WebAssembly's */
  bool is_shared;
};

/* `at` is to be freed. */
struct mapped_stores {
  struct mapped_store *at;
  size_t count, capacity;
};

/* Adds all of V8's lists, a store as often as it has buffers. False: a list ends otherwise than V8 says, or
 * there is no memory. */
bool mapped_stores_list(struct mapped_stores *stores);

/* Adds a store by its address where V8 mapped it. False: there is no memory. */
bool mapped_stores_add(struct mapped_stores *stores, uint64_t address);

/* Sorts by start, and leaves each store once: several buffers may have one, such as the same
 * SharedArrayBuffer that was handed over more than once. */
void mapped_stores_make_unique(struct mapped_stores *stores);

/* The store that begins there, of unique ones; NULL where there is none. */
const struct mapped_store *mapped_stores_find(const struct mapped_stores *stores, uint64_t start);

#endif
