#define _GNU_SOURCE
#include "index.h"

#ifdef __linux__
#include <string.h>

bool index_make(struct index *index, size_t size) {
  index_free(index);
  *index = (struct index){pages_map(size * sizeof *index->keys), pages_map(size * sizeof *index->numbers),
                          size, 0};
  if (index->keys == NULL || index->numbers == NULL)
    return false;
  memset(index->numbers, 0xff, size * sizeof *index->numbers);
  return true;
}

void index_free(struct index *index) {
  pages_unmap(index->keys, index->size * sizeof *index->keys);
  pages_unmap(index->numbers, index->size * sizeof *index->numbers);
  *index = (struct index){0};
}

static size_t place_of(const struct index *index, uint64_t key) {
  size_t at = (size_t)(key * 0x9e3779b97f4a7c15ull >> 24) & (index->size - 1);
  while (index->numbers[at] != INDEX_NONE && index->keys[at] != key)
    at = (at + 1) & (index->size - 1);
  return at;
}

uint32_t index_get(const struct index *index, uint64_t key) {
  return index->size == 0 ? INDEX_NONE : index->numbers[place_of(index, key)];
}

static bool grow(struct index *index) {
  struct index larger = {0};
  if (!index_make(&larger, 2 * index->size)) {
    index_free(&larger);
    return false;
  }
  for (size_t i = 0; i < index->size; i++)
    if (index->numbers[i] != INDEX_NONE) {
      const size_t at = place_of(&larger, index->keys[i]);
      larger.keys[at] = index->keys[i];
      larger.numbers[at] = index->numbers[i];
    }
  larger.count = index->count;
  index_free(index);
  *index = larger;
  return true;
}

bool index_put(struct index *index, uint64_t key, uint32_t number) {
  if (2 * index->count >= index->size && !grow(index))
    return false;
  const size_t at = place_of(index, key);
  index->keys[at] = key;
  index->numbers[at] = number;
  index->count++;
  return true;
}

uint64_t index_key_of(const char *text) {
  uint64_t hash = 14695981039346656037ull;
  for (; *text != '\0'; text++)
    hash = (hash ^ (uint8_t)*text) * 1099511628211ull;
  return hash;
}
#endif
