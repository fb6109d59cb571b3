/* Numbers by 64-bit keys: open addressing, in memory of its own. */
#ifndef CACHE_ATTRIBUTION_INDEX_H
#define CACHE_ATTRIBUTION_INDEX_H

#include "column.h"

static const uint32_t INDEX_NONE = UINT32_MAX;

struct index {
  uint64_t *keys;
  uint32_t *numbers;
  size_t size, count; /* `size` is a power of two */
};

/* False: there is no memory. */
bool index_make(struct index *index, size_t size);
void index_free(struct index *index);

/* The number of a key, or INDEX_NONE. */
uint32_t index_get(const struct index *index, uint64_t key);

/* Of a key that has none yet. False: there is no memory. */
bool index_put(struct index *index, uint64_t key, uint32_t number);

/* A key made of a text. */
uint64_t index_key_of(const char *text);

#endif
