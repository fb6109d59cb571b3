/* References that objects of V8's C++ heap hold: such an object lives as long as its JavaScript object does,
 * which holds what the other one refers to. Node keeps contexts of node:vm so. */
#ifndef CACHE_ATTRIBUTION_HEAP_TRACED_H
#define CACHE_ATTRIBUTION_HEAP_TRACED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Begins anew. */
void heap_traced_clear(void);

/* Notes a reference by where it is kept. False where this V8 does not tell whose it is: a root, then. */
bool heap_traced_add(uint64_t slot);

/* Calls `visit` with what the C++ object of a JavaScript object refers to, tagged. */
void heap_traced_visit(uint64_t address, int type, void (*visit)(uint64_t tagged));

/* How many there are, and what one refers to that no JavaScript object was found for; 0 of any other. */
size_t heap_traced_count(void);
uint64_t heap_traced_loose(size_t place);

#endif
