/* Which function most of an owner is of: the one whose closures hold the most in it, as listeners do in their
 * emitter. */
#ifndef CACHE_ATTRIBUTION_HEAP_SITES_H
#define CACHE_ATTRIBUTION_HEAP_SITES_H

#include "heap-owners.h"

/* Fills the owners' `function`, `functions` and the names of it; after heap_parts_find(), which says what
 * lies in which owner. False: there is no memory. */
bool heap_sites_find(struct heap_owners *owners, const struct heap_graph *graph,
                     const struct heap_tree *tree);

#endif
