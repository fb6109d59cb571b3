/* V8's visitor of an object's fields, with functions of ours in its slots. */
#ifndef CACHE_ATTRIBUTION_HEAP_VISITOR_H
#define CACHE_ATTRIBUTION_HEAP_VISITOR_H

#include "v8-symbols.h"

/* The functions that V8 calls: the visitor itself first, then the object that is visited, tagged. `embedded`
 * is called with the reference that stands in code, `tabled_code` with the code that V8 keeps in a table for
 * `host`. */
struct heap_visitor {
  void (*pointers)(void *self, uint64_t host, const uint64_t *slot, const uint64_t *end);
  void (*pointer)(void *self, uint64_t host, const uint64_t *slot);
  void (*custom_weak_pointers)(void *self, uint64_t host, const uint64_t *slot, const uint64_t *end);
  void (*custom_weak_pointer)(void *self, uint64_t host, const uint64_t *slot);
  void (*ephemeron)(void *self, uint64_t host, int index, const uint64_t *key, const uint64_t *value);
  void (*embedded)(uint64_t tagged);
  void (*tabled_code)(uint64_t host, uint64_t tagged);
};

/* Learns what is needed of V8, once the layout is known. Returns NULL, or why objects cannot be visited. */
const char *heap_visitor_prepare(const struct heap_visitor *visitor);

/* The findings of heap_visitor_prepare(). */
const struct v8_symbols *heap_visitor_symbols(void);
uint64_t heap_visitor_isolate(void);

/* The size of the object at an address, in 8 bytes. */
uint32_t heap_words_at(uint64_t address);

/* Calls the visitor's functions for the fields of the object at an address, its map left out. */
void heap_visit_body(uint64_t address, uint32_t words);

#endif
