/* Backing stores of ArrayBuffers, as V8 keeps them in native memory: by them memory is known that no object
 * of this thread's heap has. */
#ifndef CACHE_ATTRIBUTION_NATIVE_STORES_H
#define CACHE_ATTRIBUTION_NATIVE_STORES_H

#include "heap-walk.h"

/* Labels the memory of ArrayBuffers that no object of this heap has: of other threads, of messages under way.
 * Once types are known. */
void native_stores_label(const struct heap_graph *graph);

#endif
