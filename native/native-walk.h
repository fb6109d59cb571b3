/* Whose the blocks of native memory are: from where pointers lead to them.
 *
 * A block is an addon's where the addon's own data, its objects, or what it gave to Node-API lead to it
 * without passing through an object of Node's. What Node's data lead to, and no addon's, is Node's with V8
 * and its libraries. Any word that could be a pointer is taken for one, so a number may be mistaken for one;
 * no block counts twice.
 *
 * Rule: memory is read and nothing is written, in a twin, while the graph of V8's heap is there. */
#ifndef CACHE_ATTRIBUTION_NATIVE_WALK_H
#define CACHE_ATTRIBUTION_NATIVE_WALK_H

#include "heap-walk.h"
#include "native-modules.h"

struct native_owned {
  double bytes, count;
};

struct native_owners {
  struct native_owned javascript;          /* memory of ArrayBuffers and external strings of the graph */
  struct native_owned engine;              /* Node, V8 and their libraries */
  struct native_owned other_buffers;       /* memory of ArrayBuffers that no object of the graph has */
  struct native_owned ours;                /* of this library's addon */
  struct native_owned addons[MODULES_MAX]; /* by place in native_modules; nothing of other modules */
};

/* NULL, or why it cannot be told. `node_api` is the environment of the calling addon. */
const char *native_walk(struct native_owners *owners, const struct heap_graph *graph, const void *node_api);

#endif
