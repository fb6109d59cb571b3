/* Where V8 keeps the backing stores of the calling thread's isolate: learnt from planted buffers by
 * mapped-learning.c, and used by all else that reads mapped memory. Private to the files mapped-*.c. */
#ifndef CACHE_ATTRIBUTION_MAPPED_LAYOUT_H
#define CACHE_ATTRIBUTION_MAPPED_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In words of 8 bytes: how much is read of each kind of object. */
enum { BUFFER_WORDS = 16, EXTENSION_WORDS = 10, STORE_WORDS = 14, SWEEPER_WORDS = 40, ISOLATE_WORDS = 32768 };
enum { DESTRUCTOR_WORDS = 8, STORES_MAX = 1 << 26, WAITS_MAX = 80, WAIT_US = 250 };

/* Offsets are in words. */
struct mapped_layout {
  bool is_learnt, has_job, has_memories;
  size_t extension, store, next; /* in a JSArrayBuffer, in an ArrayBufferExtension */
  size_t data, length, flags;    /* in a BackingStore; flags are at a byte */
  uint8_t mapped_mask, memory_mask, shared_mask;
  uint64_t *sweeper, *isolate;
  size_t young, old, job; /* in the sweeper: the heads of its lists, and the sweep that is under way */
  uint64_t last;          /* the extension of the buffer that was planted last */
  /* Managed pointers of the isolate, newest first: those whose destructor is that of backing stores. */
  size_t memories, memory_next, memory_pointer, memory_destructor;
  uint64_t destructor;
};

extern _Thread_local struct mapped_layout mapped_layout;

/* Copies words that may not be mapped; false where they are not. */
bool mapped_copy_words(uint64_t from, uint64_t *to, size_t count);

/* Where the data of a JSArrayBuffer begins, by V8's own function; 0 where V8 does not export it. */
uint64_t mapped_data_of(uint64_t tagged);

static inline uint64_t mapped_word_at(uint64_t address, size_t word) {
  return ((const uint64_t *)(uintptr_t)address)[word];
}

#endif
