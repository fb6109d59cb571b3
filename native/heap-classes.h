/* How many objects of each class there are, what they weigh and what they hold. */
#ifndef CACHE_ATTRIBUTION_HEAP_CLASSES_H
#define CACHE_ATTRIBUTION_HEAP_CLASSES_H

#include "heap-tree.h"

enum { CLASS_NAME_SIZE = 128 };

struct heap_class {
  char name[CLASS_NAME_SIZE];
  uint64_t count, own_bytes;
  uint64_t retained_bytes; /* with all of them, each counted once however they lie in one another */
};

struct heap_classes {
  struct heap_class *at;
  size_t count, capacity;
};

/* False: there is no memory. */
bool heap_classes_count(struct heap_classes *classes, const struct heap_graph *graph,
                        const struct heap_tree *tree);

void heap_classes_free(struct heap_classes *classes);

#endif
