/* How each object of the heap is reached, in words that an engineer finds in the source. */
#ifndef CACHE_ATTRIBUTION_HEAP_PATHS_H
#define CACHE_ATTRIBUTION_HEAP_PATHS_H

#include "heap-walk.h"
#include "v8-names.h"

/* Fills `via`: node → the node before it on the shortest way from the root; UINT32_MAX of the root and of
 * what is not reached. Ways through V8's own tables (feedback, shapes, code) and through handles of the
 * running code are taken only where there is no other. Before heap_tree_make(), which takes the edges. */
bool heap_paths_find(struct column *via, const struct heap_graph *graph);

/* A way as it is shown. */
struct heap_path {
  struct text text;   /* variables, properties and functions, from the outside in, joined by " › " */
  struct text script; /* the script whose function or variable comes last on it; empty where there is none */
};

void heap_path_write(struct heap_path *path, const struct column *via, const struct heap_graph *graph,
                     uint32_t node);

#endif
