#define _GNU_SOURCE
#include "native-stores.h"

#ifdef __linux__
#include "native-types.h"
#include "v8-layout.h"

enum { WORD = 8, SMALL_WORDS = 128 };

/* V8's records of a backing store: the words by which one leads to the next. There are some kinds of them. */
enum { KINDS_MOST = 8 };
struct store_kind {
  uint64_t count_class; /* of what counts the holders of a store */
  size_t store, data;   /* words: there, of the store; in the store, of its memory */
};
static struct store_kind kinds[KINDS_MOST];
static size_t kind_count;

static const struct store_kind *kind_of_class(uint64_t count_class) {
  for (size_t i = 0; i < kind_count; i++)
    if (kinds[i].count_class == count_class)
      return &kinds[i];
  return NULL;
}

static bool find_word(const struct native_block *block, uint64_t wanted, size_t *word) {
  for (*word = 0; *word < block->words && *word < SMALL_WORDS; ++*word)
    if (native_word(block, *word) == wanted)
      return true;
  return false;
}

/* From a record of an ArrayBuffer to the store, whose memory is known, and what counts its holders. */
static void learn_by(const struct native_block *record, uint64_t memory) {
  for (size_t word = 0; word + 1 < record->words && kind_count < KINDS_MOST; word++) {
    const struct native_block *store = native_block_from(native_word(record, word));
    const struct native_block *count = native_block_from(native_word(record, word + 1));
    struct store_kind *kind = &kinds[kind_count];
    if (store == NULL || count == NULL || native_type_at(count) != NATIVE_TYPE_ENGINE ||
        kind_of_class(native_word(count, 0)) != NULL || !find_word(store, memory, &kind->data) ||
        !find_word(count, store->start, &kind->store))
      continue;
    kind->count_class = native_word(count, 0);
    kind_count++;
  }
}

static void learn_kinds(const struct heap_graph *graph) {
  kind_count = 0;
  for (uint32_t node = 1; node < graph->object_count && kind_count < KINDS_MOST; node++) {
    const uint64_t address = heap_address_of(node);
    if (v8_type_of(address) != v8_layout.array_buffer_type)
      continue;
    const uint64_t memory = v8_read(address + (uint64_t)v8_layout.backing_store);
    const uint64_t end = address + heap_bytes_alone(graph, node, address);
    for (uint64_t at = address + WORD; memory != 0 && at < end; at += WORD) {
      const struct native_block *record = native_block_from(v8_read(at));
      if (record != NULL && record->label == LABEL_NONE && record->words <= SMALL_WORDS)
        learn_by(record, memory);
    }
  }
}

/* The memory of the store that is counted here, or NULL. */
static struct native_block *memory_of(const struct native_block *count) {
  const struct store_kind *kind = kind_of_class(native_word(count, 0));
  if (kind == NULL || kind->store >= count->words)
    return NULL;
  const struct native_block *store = native_block_from(native_word(count, kind->store));
  return store == NULL || kind->data >= store->words ? NULL : native_block_at(native_word(store, kind->data));
}

void native_stores_label(const struct heap_graph *graph) {
  learn_kinds(graph);
  for (size_t i = 0; i < native_blocks.count; i++) {
    if (native_types.at[i] != NATIVE_TYPE_ENGINE)
      continue;
    struct native_block *memory = memory_of(native_block(i));
    if (memory != NULL && memory->label == LABEL_NONE)
      memory->label = LABEL_OTHER_BUFFERS;
  }
}
#endif
