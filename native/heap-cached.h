/* Objects that V8's cache of compiled code alone holds. The cache keeps a code only until a collection finds
 * that nothing else does: what something else holds is not the cache's, and what it alone holds is still
 * there. */
#ifndef CACHE_ATTRIBUTION_HEAP_CACHED_H
#define CACHE_ATTRIBUTION_HEAP_CACHED_H

#include "heap-walk.h"

/* Begins anew. */
void heap_cached_clear(void);

/* A table of the cache, by its mark. */
void heap_cached_add_table(uint32_t mark);
const struct column *heap_cached_tables(void);

/* From here on objects are met for the first time through the cache alone: each is noted by its mark. */
void heap_cached_note(uint32_t mark);

/* After nodes are numbered: what the cache alone holds does not hold anything else. Such edges lead back to
 * where they begin. False: there is no memory. */
bool heap_cached_cut(struct heap_graph *graph);

/* Whether an edge counts. */
bool heap_cached_holds(uint32_t from, uint32_t to);

#endif
