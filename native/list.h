/* A growable list of structures in memory of its own: the allocator whose figures are measured is not asked.
 */
#ifndef CACHE_ATTRIBUTION_LIST_H
#define CACHE_ATTRIBUTION_LIST_H

#include "column.h"

/* `size` is set by who makes it. A push that finds no memory is dropped, and `failed` says so from then on.
 */
struct list {
  void *at;
  size_t count, capacity, size;
  bool failed;
};

/* A new place at the end, or NULL where there is no memory. */
void *list_push(struct list *list);

void list_free(struct list *list);

#endif
