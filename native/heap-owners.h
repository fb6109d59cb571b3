/* Owners: the objects that alone keep an amount of memory alive. The tree of dominators is cut into pieces,
 * so that nothing is counted twice: a piece is what an owner dominates less what other owners in it do. */
#ifndef CACHE_ATTRIBUTION_HEAP_OWNERS_H
#define CACHE_ATTRIBUTION_HEAP_OWNERS_H

#include "heap-classes.h"
#include "heap-items.h"
#include "heap-parts.h"
#include "heap-tree.h"

/* Of an owner whose members are not known yet, or are of several scripts. */
static const uint32_t NO_LABEL = UINT32_MAX, SEVERAL_LABELS = UINT32_MAX - 1;

enum { OWNER_PATH_SIZE = 400, OWNER_SCRIPT_SIZE = 300 };

struct heap_owner {
  char class_name[CLASS_NAME_SIZE];
  char path[OWNER_PATH_SIZE];
  char script[OWNER_SCRIPT_SIZE];
  uint32_t number;          /* of the tree; of a group, one of its members */
  uint32_t instances;       /* 1, or how many of one class are held together by nothing but the roots */
  enum heap_item_kind item; /* what its members wait for; ITEM_NONE of anything else */
  uint64_t function;        /* the function that they are of, or that most of it is of: its address, or 0 */
  int handle;               /* where a reference to that function is kept; -1: nowhere */
  uint32_t functions;       /* how many of that function it holds; 0 of a group, all of which are of it */
  char site_name[CLASS_NAME_SIZE]; /* that function's name and script */
  char site_script[OWNER_SCRIPT_SIZE];
  uint64_t own_bytes;    /* its piece */
  uint64_t memory_bytes; /* the part of `own_bytes` outside V8's heap: backing stores, external strings */
  uint64_t retained_bytes;
  uint64_t kind_bytes[PART_KINDS]; /* its piece by what it is made of */
  uint32_t label;  /* the script that all of its members are of, as parts name it; NO_LABEL, or several */
  int64_t entries; /* -1: it is no collection */
  int32_t part_of; /* the owner that it lies in, by its place; -1: none */
  int32_t known;   /* of the objects that were given, the one that it is or lies in, by its place; -1: none */
};

struct heap_owners {
  struct heap_items items; /* all that waits, owner or not */
  struct heap_owner *at;
  size_t count, capacity;
  uint64_t rest_bytes; /* in no piece of at least `least_bytes` */
  struct column
      owner_of; /* number → place + 1 of the owner that it is, or whose group it is of; 0: neither */
};

/* The order for a search. */
struct owners_sought {
  uint64_t least_bytes;  /* of a piece that is told */
  const uint32_t *known; /* numbers of objects that are recognised; 0 of one that is not in the tree */
  size_t known_count;
};

/* Every piece of at least so many bytes. False: there is no memory. */
bool heap_owners_find(struct heap_owners *owners, const struct heap_graph *graph,
                      const struct heap_tree *tree, const struct column *via,
                      const struct owners_sought *sought);

void heap_owners_free(struct heap_owners *owners);

#endif
