/* How many objects of each class there are, what they weigh and what they hold. */
#ifndef CACHE_ATTRIBUTION_HEAP_CLASSES_H
#define CACHE_ATTRIBUTION_HEAP_CLASSES_H

#include "heap-tree.h"

enum { CLASS_NAME_SIZE = 128, CLASS_PATH_SIZE = 400, CLASS_SCRIPT_SIZE = 300 };

struct heap_class {
  char name[CLASS_NAME_SIZE];
  uint64_t count, own_bytes;
  uint64_t retained_bytes;    /* with all of them, each counted once however they lie in one another */
  uint64_t largest_bytes;     /* that the one of them retains which retains the most */
  uint32_t largest;           /* its node, or the node that it is folded into; 0: the root is meant */
  char path[CLASS_PATH_SIZE]; /* how that one is reached; empty where it was not asked for */
  char script[CLASS_SCRIPT_SIZE];
};

struct heap_classes {
  struct heap_class *at;
  size_t count, capacity;
};

/* `via`: of heap_paths_find(). False: there is no memory. */
bool heap_classes_count(struct heap_classes *classes, const struct heap_graph *graph,
                        const struct heap_tree *tree, const struct column *via);

void heap_classes_free(struct heap_classes *classes);

#endif
