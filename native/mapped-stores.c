#define _GNU_SOURCE
#include "mapped-stores.h"

#ifdef __linux__
#include "mapped-layout.h"

#include <stdlib.h>

bool mapped_stores_add(struct mapped_stores *stores, uint64_t address) {
  const uint8_t flags = address == 0 ? 0 : ((const uint8_t *)(uintptr_t)address)[mapped_layout.flags];
  if ((flags & mapped_layout.mapped_mask) == 0)
    return true;
  if (stores->count == stores->capacity) {
    const size_t capacity = stores->capacity == 0 ? 64 : 2 * stores->capacity;
    struct mapped_store *at = realloc(stores->at, capacity * sizeof *at);
    if (at == NULL)
      return false;
    stores->at = at;
    stores->capacity = capacity;
  }
  stores->at[stores->count++] = (struct mapped_store){
      mapped_word_at(address, mapped_layout.data), mapped_word_at(address, mapped_layout.length), address,
      (flags & mapped_layout.memory_mask) != 0, (flags & mapped_layout.shared_mask) != 0};
  return true;
}

static bool add_list(struct mapped_stores *stores, size_t list) {
  const uint64_t tail = mapped_layout.sweeper[list + 1];
  uint64_t last = 0;
  for (uint64_t extension = mapped_layout.sweeper[list]; extension != 0;
       extension = mapped_word_at(extension, mapped_layout.next)) {
    last = extension;
    if (!mapped_stores_add(stores, mapped_word_at(extension, mapped_layout.store)))
      return false;
  }
  return last == tail;
}

static bool add_memories(struct mapped_stores *stores) {
  if (!mapped_layout.has_memories)
    return true;
  for (uint64_t at = mapped_layout.isolate[mapped_layout.memories]; at != 0;
       at = mapped_word_at(at, mapped_layout.memory_next)) {
    if (mapped_word_at(at, mapped_layout.memory_destructor) != mapped_layout.destructor)
      continue;
    const uint64_t pointer = mapped_word_at(at, mapped_layout.memory_pointer);
    if (pointer != 0 && !mapped_stores_add(stores, mapped_word_at(pointer, 0)))
      return false;
  }
  return true;
}

static int by_start(const void *a, const void *b) {
  const struct mapped_store *one = a, *other = b;
  return one->start < other->start ? -1 : one->start > other->start;
}

void mapped_stores_make_unique(struct mapped_stores *stores) {
  if (stores->count == 0)
    return;
  size_t kept = 0;
  qsort(stores->at, stores->count, sizeof *stores->at, by_start);
  for (size_t i = 0; i < stores->count; i++) {
    if (kept > 0 && stores->at[kept - 1].start == stores->at[i].start) {
      if (stores->at[i].length > stores->at[kept - 1].length)
        stores->at[kept - 1] = stores->at[i];
    } else
      stores->at[kept++] = stores->at[i];
  }
  stores->count = kept;
}

bool mapped_stores_list(struct mapped_stores *stores) {
  return add_list(stores, mapped_layout.young) && add_list(stores, mapped_layout.old) && add_memories(stores);
}

const struct mapped_store *mapped_stores_find(const struct mapped_stores *stores, uint64_t start) {
  const struct mapped_store wanted = {.start = start};
  return stores->count == 0 ? NULL : bsearch(&wanted, stores->at, stores->count, sizeof wanted, by_start);
}
#endif
