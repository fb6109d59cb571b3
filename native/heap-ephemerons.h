/* Ephemerons: entries of WeakMaps and the like, whose values live as long as their keys and their tables. */
#ifndef CACHE_ATTRIBUTION_HEAP_EPHEMERONS_H
#define CACHE_ATTRIBUTION_HEAP_EPHEMERONS_H

#include "list.h"

/* A value that a table holds only as long as its key lives. All are marks. */
struct ephemeron {
  uint32_t key, value, table;
  bool is_alive;
};

/* An entry of a table; nothing where its key or its value is read-only, and alive in any case. Addresses. */
void heap_ephemerons_add(uint64_t table, uint64_t key, uint64_t value);

/* Adds values to `pending` that live by keys met since the last call. Whether a new one lives. */
bool heap_ephemerons_follow(struct column *pending);

/* All of the walk, as `struct ephemeron`. */
struct list *heap_ephemerons(void);

void heap_ephemerons_free(void);

#endif
