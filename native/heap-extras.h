/* Edges that no visitor of V8's reports: from the key of a WeakMap, or its table, to its value, and from a
 * buffer to the memory behind it. */
#ifndef CACHE_ATTRIBUTION_HEAP_EXTRAS_H
#define CACHE_ATTRIBUTION_HEAP_EXTRAS_H

#include "heap-walk.h"
#include "list.h"

/* A buffer and the memory behind it. */
struct buffer {
  uint32_t node;
  uint64_t start, bytes;
};

/* Adds a node for each memory and the edges to them, and those of the living ephemerons, to a graph whose
 * nodes are numbered. `like_snapshot`: a table holds its values as well. False: there is no memory. */
bool heap_extras_add(struct heap_graph *graph, struct list *ephemerons, struct list *buffers,
                     bool like_snapshot);

#endif
