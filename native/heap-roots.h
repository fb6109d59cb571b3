/* The roots of V8's heap, but for those that hold nothing. */
#ifndef CACHE_ATTRIBUTION_HEAP_ROOTS_H
#define CACHE_ATTRIBUTION_HEAP_ROOTS_H

#include "v8-symbols.h"

/* Kinds of roots: those that stay; handles and stacks of the running code; the cache of compiled code, from
 * which collections take what nothing else holds; references that objects of V8's C++ heap hold. */
enum heap_root_kind { ROOT_STAYS, ROOT_RUNNING, ROOT_CACHE, ROOT_TRACED };

/* A reference, tagged or not, and where it is. */
struct heap_root {
  enum heap_root_kind kind;
  uint64_t slot, tagged;
};

/* Calls `take` with each strong root. `with_tables`: also with what V8's tables of strings list. Returns
 * NULL, or why it cannot be done. */
const char *heap_roots_visit(const struct v8_symbols *v8, uint64_t isolate,
                             void (*take)(const struct heap_root *root), bool with_tables);

/* Bytes of V8's table of strings, which lies in native memory; 0 where they are not known. It only reads. */
uint64_t heap_roots_table_bytes(const struct v8_symbols *v8, uint64_t isolate);

#endif
