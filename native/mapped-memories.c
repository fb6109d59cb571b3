#define _GNU_SOURCE
#include "mapped.h"

#ifdef __linux__
#include "mapped-layout.h"
#include "mapped-stores.h"

#include <dlfcn.h>
#include <stdlib.h>

static _Thread_local struct {
  uint64_t *words, newest;
  uint64_t first_head;
  size_t stores_before;
  int round;
} memories;

static size_t count_stores(void) {
  struct mapped_stores stores = {0};
  const size_t count = mapped_stores_list(&stores) ? stores.count : SIZE_MAX;
  free(stores.at);
  return count;
}

void mapped_before_memory(void) {
  memories.stores_before = count_stores();
  if (memories.words == NULL)
    memories.words = malloc(ISOLATE_WORDS * sizeof *memories.words);
  if (memories.words != NULL &&
      !mapped_copy_words((uint64_t)(uintptr_t)mapped_layout.isolate, memories.words, ISOLATE_WORDS)) {
    free(memories.words);
    memories.words = NULL;
  }
}

/* Whether a word of a managed pointer leads to a store of `length` bytes. */
static bool leads_to_store(uint64_t pointer, uint64_t length) {
  uint64_t store, words[STORE_WORDS];
  return mapped_copy_words(pointer, &store, 1) && mapped_copy_words(store, words, STORE_WORDS) &&
         words[mapped_layout.length] == length && words[mapped_layout.data] != 0 &&
         (((const uint8_t *)words)[mapped_layout.flags] & mapped_layout.mapped_mask) != 0;
}

/* The head of the isolate's list of managed pointers has just been set to that of the new memory. */
static bool find_newest(uint64_t length) {
  uint64_t managed[DESTRUCTOR_WORDS];
  for (size_t i = 0; memories.words != NULL && i < ISOLATE_WORDS; i++) {
    const uint64_t head = mapped_layout.isolate[i];
    if (head == memories.words[i] || !mapped_copy_words(head, managed, DESTRUCTOR_WORDS))
      continue;
    for (size_t word = 0; word < DESTRUCTOR_WORDS; word++) {
      if (!leads_to_store(managed[word], length))
        continue;
      mapped_layout.memories = i;
      mapped_layout.memory_pointer = word;
      memories.newest = head;
      return true;
    }
  }
  return false;
}

/* With two of them: the newer has the older as its next, and both the same function of V8 as their
 * destructor. */
static bool compare_newest(uint64_t older) {
  Dl_info info;
  mapped_layout.memory_next = mapped_layout.memory_destructor = SIZE_MAX;
  for (size_t word = 0; word < DESTRUCTOR_WORDS; word++) {
    const uint64_t value = mapped_word_at(memories.newest, word);
    if (value == older)
      mapped_layout.memory_next = word;
    else if (value != 0 && value == mapped_word_at(older, word) &&
             dladdr((void *)(uintptr_t)value, &info) != 0) {
      mapped_layout.memory_destructor = word;
      mapped_layout.destructor = value;
    }
  }
  return mapped_layout.memory_next != SIZE_MAX && mapped_layout.memory_destructor != SIZE_MAX;
}

const char *mapped_after_memory(uint64_t length) {
  static const char overlooked[] =
      "WebAssembly memories whose buffer nobody asked for are not found in this V8";
  const size_t count = count_stores();
  const uint64_t older = memories.newest;
  if (count == SIZE_MAX || memories.stores_before == SIZE_MAX)
    return overlooked;
  if (count > memories.stores_before && memories.round == 0)
    return NULL; /* it has a buffer from the beginning */
  const bool is_found = find_newest(length);
  const bool is_second = memories.round++ == 1;
  if (is_second || !is_found) {
    free(memories.words);
    memories.words = NULL;
    memories.round = 0;
  }
  if (!is_found || (is_second && !compare_newest(older)))
    return overlooked;
  mapped_layout.has_memories = is_second;
  return NULL;
}
#else
void mapped_before_memory(void) {}

const char *mapped_after_memory(uint64_t length) {
  (void)length;
  return NULL;
}
#endif
