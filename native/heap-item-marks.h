/* Waiting items as owners: their members are marked by number before the tree of dominators is cut. */
#ifndef CACHE_ATTRIBUTION_HEAP_ITEM_MARKS_H
#define CACHE_ATTRIBUTION_HEAP_ITEM_MARKS_H

#include "heap-items.h"

/* Marks the items of groups that hold at least so many bytes, and connections: sockets and requests that
 * nothing but Node holds, which are told together. What is usual in a member is marked as well, and is the
 * group's. heap_items_unmark() puts the owners' places + 1 there. False: there is no memory. */
bool heap_items_mark(struct heap_items *items, const struct heap_tree *tree, uint32_t *marks,
                     uint64_t least_bytes);
void heap_items_unmark(const struct heap_items *items, const struct heap_tree *tree, uint32_t *marks);

/* The group of a mark, NULL where it is of none; whether it lies in a member. */
struct heap_item_group *heap_items_group(const struct heap_items *items, uint32_t mark);
bool heap_items_is_within(uint32_t mark);

#endif
