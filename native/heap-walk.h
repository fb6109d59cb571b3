/* The walk through V8's heap, from the roots, by V8's own visitors, without V8's heap snapshot: it makes the
 * graph of heap-graph.h.
 *
 * Rule: the walk reads V8's memory and writes nothing there. While its addresses are used nothing may be
 * allocated on V8's heap, since a collection moves objects. A wrong reading ends the process: it is made in
 * twins only. */
#ifndef CACHE_ATTRIBUTION_HEAP_WALK_H
#define CACHE_ATTRIBUTION_HEAP_WALK_H

#include "heap-graph.h"
#include "heap-visitor.h"

/* Walks the heap of the calling thread. `like_snapshot`: V8's tables of strings hold what is in them, and a
 * WeakMap's table the values beside the key, as in V8's own snapshots; for tests that compare the two.
 * Returns NULL, or why there is no graph. */
const char *heap_walk(struct heap_graph *graph, bool like_snapshot);

/* The nodes that an object of the last walk holds, but for memories and values of WeakMaps: they are read
 * once more, and hold until the next call. The graph may have lost its edges by then. */
const struct column *heap_edges_of(uint32_t node);

/* Bytes of V8's table of strings, outside of its heap; 0 where they are not known. */
uint64_t heap_table_bytes(void);

void heap_walk_free(struct heap_graph *graph);

#endif
