/* Objects that are no nodes: strings and numbers that one object alone holds are told with it. */
#ifndef CACHE_ATTRIBUTION_HEAP_FOLDED_H
#define CACHE_ATTRIBUTION_HEAP_FOLDED_H

#include "heap-graph.h"
#include "v8-layout.h"

static const enum heap_folded HEAP_NOT_FOLDED = FOLDED_KINDS;

/* Strings whose characters are their own, and numbers hold nothing, and nobody asks for one of them; any
 * other type is HEAP_NOT_FOLDED. */
static inline enum heap_folded heap_folded_kind(int type) {
  if (v8_type_is_string(type))
    return (type & v8_layout.string_representation_mask) == 0 ? FOLDED_STRINGS : HEAP_NOT_FOLDED;
  return type == v8_layout.number_type   ? FOLDED_NUMBERS
         : type == v8_layout.bigint_type ? FOLDED_BIGINTS
                                         : HEAP_NOT_FOLDED;
}

/* Adds an object to what is folded into the node that is described now, the next one of the graph; returns
 * its words. */
uint32_t heap_fold(struct heap_graph *graph, uint64_t address);

#endif
