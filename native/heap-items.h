/* Waiting items: timers, immediates, suspended calls, by the function that is the same of them; pending
 * promises; sockets, requests and streams by their class and the function that handles them; and modules that
 * were loaded several times. Those that hold much are owners, up to the modules; so are connections. */
#ifndef CACHE_ATTRIBUTION_HEAP_ITEMS_H
#define CACHE_ATTRIBUTION_HEAP_ITEMS_H

#include "heap-tree.h"
#include "list.h"
#include "v8-names.h"

/* src/allocator/heap-walk.ts has the same names in the same order. */
enum heap_item_kind {
  ITEM_NONE,
  ITEM_TIMERS,
  ITEM_IMMEDIATES,
  ITEM_CALLS,
  ITEM_GENERATORS,
  ITEM_MODULES,
  ITEM_PROMISES,
  ITEM_SOCKETS,
  ITEM_REQUESTS,
  ITEM_STREAMS
};

enum { ITEM_CLASS_SIZE = 100, ITEM_SITE_SIZE = 300 };

struct heap_item_group {
  enum heap_item_kind kind;
  uint64_t key;      /* what is the same of all of them */
  uint64_t function; /* that is called, or was; its address, 0 of modules */
  uint32_t count, example;
  uint64_t once;    /* what goes with all of them, each byte counted once */
  int64_t buffered; /* bytes that wait in streams; -1: they do not say */
  int handle;       /* where a reference to the function is kept; -1: nowhere */
  char class_name[ITEM_CLASS_SIZE], site_name[ITEM_CLASS_SIZE], site_script[ITEM_SITE_SIZE];
  uint64_t all, outside;
  uint32_t owner; /* its place + 1; 0: it is none */
  bool is_row;    /* of an owner alone: its members are those of other groups */
};

struct heap_item {
  uint32_t number, group;
};

struct heap_items {
  struct list groups; /* of struct heap_item_group */
  struct list items;  /* of struct heap_item, by node */
};

/* False: there is no memory. */
bool heap_items_find(struct heap_items *items, const struct heap_graph *graph, const struct heap_tree *tree);

/* Fills the groups' names; while nothing may be allocated on V8's heap. */
void heap_items_describe(const struct heap_items *items, const struct heap_tree *tree);

/* Appends the name of the script that a module, of either kind, is of. */
void heap_items_add_script(struct text *text, uint64_t module);

void heap_items_free(struct heap_items *items);

#endif
