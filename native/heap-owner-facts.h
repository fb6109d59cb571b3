/* The facts about an owner that was found: its name, the owner that it is a part of, the object that the
 * caller knows. */
#ifndef CACHE_ATTRIBUTION_HEAP_OWNER_FACTS_H
#define CACHE_ATTRIBUTION_HEAP_OWNER_FACTS_H

#include "heap-owners.h"

/* Its class, and the path that reaches it; of a group only what is true of all members. */
void heap_owner_name(struct heap_owner *owner, const struct heap_graph *graph, const struct heap_tree *tree,
                     const struct column *via);

/* Sets `part_of` and `known` of each owner: the dominators say which object lies in which. */
void heap_owners_relate(struct heap_owners *owners, const struct heap_tree *tree,
                        const struct owners_sought *sought);

#endif
