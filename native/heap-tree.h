/* Dominators of a heap's graph: through which one object each other is held, and how much goes with it.
 *
 * Semi-NCA (Georgiadis), all in columns and nothing recursive: lists of a million links are common in heaps.
 * Columns are made late and given back early, since their peak is what a walk costs.
 */
#ifndef CACHE_ATTRIBUTION_HEAP_TREE_H
#define CACHE_ATTRIBUTION_HEAP_TREE_H

#include "heap-walk.h"

/* Numbers are those of a depth-first walk: 0 is the root, and a dominator's number is less than its node's.
 */
struct heap_tree {
  uint32_t count;          /* of the nodes that are reached */
  struct column node_of;   /* number → node */
  struct column number_of; /* node → number, or UINT32_MAX */
  struct column dominator; /* number → number of the immediate dominator */
  uint64_t *retained;      /* number → bytes of its own and of all that it dominates */
};

/* Takes the graph's edges with it: `first` and `to` are empty afterwards. False: there is no memory. */
bool heap_tree_make(struct heap_tree *tree, struct heap_graph *graph);

void heap_tree_free(struct heap_tree *tree);

/* Children of the dominator tree: number → its first child, and → the next child of its dominator; 0: none.
 */
bool heap_tree_children(const struct heap_tree *tree, struct column *first_child,
                        struct column *next_sibling);

#endif
