/* Live memory by script and by kind: the cost of a package. */
#ifndef CACHE_ATTRIBUTION_HEAP_PARTS_H
#define CACHE_ATTRIBUTION_HEAP_PARTS_H

#include "heap-tree.h"
#include "list.h"

/* The kinds of a part. src/allocator/heap-walk.ts has the same names in the same order. */
enum heap_part_kind {
  PART_DATA,         /* objects, and what is dominated by them */
  PART_SOURCE,       /* the text of scripts */
  PART_BYTECODE,     /* with its constants and tables */
  PART_MACHINE_CODE, /* of the compilers */
  PART_FEEDBACK,     /* what V8 learnt of a function's calls */
  PART_FUNCTIONS,    /* descriptions of functions and scopes, compiled or not */
  PART_SHAPES,       /* maps, descriptors, transitions */
  PART_CLOSURES,     /* functions as objects, and the variables of their calls */
  PART_MODULES,      /* modules as V8 and Node keep them */
  PART_STRINGS,      /* held by several */
  PART_TABLES,       /* V8's own, held by several */
  PART_KINDS
};

enum { PART_SCRIPT_SIZE = 300 };

struct heap_part {
  uint32_t script; /* its place in `scripts`; 0: of no script */
  enum heap_part_kind kind;
  uint64_t count;
  uint64_t heap_bytes, memory_bytes; /* in no owner's piece: on V8's heap, and outside */
  uint64_t owned_bytes;              /* in owners' pieces, both together */
};

struct heap_parts {
  struct list parts;   /* of struct heap_part */
  struct list scripts; /* of their names, char[PART_SCRIPT_SIZE]; the first is empty */
};

/* Where pieces of owners are told. */
struct parts_of_owners {
  uint32_t
      *owner_of; /* number → place + 1 of the owner whose piece begins there; what lies in one is filled */
  uint64_t *(*kind_bytes_of)(void *owners, uint32_t place); /* PART_KINDS numbers, which are added to */
  /* Told the script of each member of an owner, by its place; 0 where it is of none. */
  void (*note_script)(void *owners, uint32_t place, uint32_t script);
  void *owners;
};

/* False: there is no memory. */
bool heap_parts_find(struct heap_parts *parts, const struct heap_graph *graph, const struct heap_tree *tree,
                     const struct column *via, const struct parts_of_owners *pieces);

void heap_parts_free(struct heap_parts *parts);

#endif
