/* The roots of V8's heap, but for those that hold nothing. */
#ifndef CACHE_ATTRIBUTION_HEAP_ROOTS_H
#define CACHE_ATTRIBUTION_HEAP_ROOTS_H

#include "v8-symbols.h"

/* Calls `take` with each strong root, tagged or not. `with_tables`: also with what V8's tables of strings
 * list. Returns NULL, or why it cannot be done. */
const char *heap_roots_visit(const struct v8_symbols *v8, uint64_t isolate,
                             void (*take)(uint64_t tagged, bool stays), bool with_tables);

/* Bytes of V8's table of strings, which lies in native memory; 0 where they are not known. It only reads. */
uint64_t heap_roots_table_bytes(const struct v8_symbols *v8, uint64_t isolate);

#endif
