#define _GNU_SOURCE
#include "native-caches.h"

#ifdef __linux__
#include "native-search.h"

#include <sys/mman.h>

enum { PAGE_BYTES = 4096, WORD = 8, PAGES_AT_ONCE = 4096, LOW_BITS = 0xffff, CACHED_MOST = 8192 };
/* One cache for each size of blocks, one behind the other; so many in a row are no accident. */
enum { CACHES_LEAST = 20, CACHES_MOST = 128 };

/* The stack of the blocks of one size that are free, which grows downwards. */
struct cache {
  uint64_t head;
  uint64_t requests;
  uint16_t low_water, full, empty; /* the lower bits of where these are */
};

static uint64_t count_of(const struct cache *cache) {
  return (uint16_t)(cache->empty - (uint16_t)(cache->head & LOW_BITS)) / WORD;
}

/* Whether it could be one: a place in a block, between where the stack is full and empty. */
static bool is_cache(const struct cache *cache) {
  const uint16_t whole = (uint16_t)(cache->empty - cache->full);
  const uint16_t used = (uint16_t)(cache->empty - (uint16_t)(cache->head & LOW_BITS));
  if (cache->head % WORD != 0 || whole % WORD != 0 || whole == 0 || whole / WORD > CACHED_MOST ||
      used > whole || (uint16_t)(cache->empty - cache->low_water) > used)
    return false;
  const struct native_block *stack = native_block_at(cache->head - 1);
  return stack != NULL && cache->head + used <= stack->start + native_block_bytes(stack);
}

/* All that is in one, or nothing: each must be a block, all of one size. */
static void label_cached(const struct cache *cache) {
  const uint64_t count = count_of(cache);
  const uint64_t *at = (const uint64_t *)cache->head;
  uint32_t words = 0;
  for (uint64_t i = 0; i < count; i++) {
    const struct native_block *block = native_block_from(at[i]);
    if (block == NULL || (words != 0 && block->words != words))
      return;
    words = block->words;
  }
  for (uint64_t i = 0; i < count; i++)
    native_block_at(at[i])->label = LABEL_FREE;
}

/* How many caches stand one behind the other from here on; `size` is that of each. */
static size_t caches_at(uint64_t address, uint64_t end, size_t size) {
  size_t count = 0;
  while (count < CACHES_MOST && address + (count + 1) * size <= end &&
         is_cache((const struct cache *)(address + count * size)))
    count++;
  return count;
}

static void label_in(uint64_t start, uint64_t end) {
  static const size_t SIZES[] = {sizeof(struct cache), sizeof(struct cache) + WORD};
  for (uint64_t at = start; at + sizeof(struct cache) <= end; at += WORD)
    for (size_t k = 0; k < sizeof SIZES / sizeof *SIZES; k++) {
      const size_t count = caches_at(at, end, SIZES[k]);
      for (size_t i = 0; count >= CACHES_LEAST && i < count; i++)
        label_cached((const struct cache *)(at + i * SIZES[k]));
      if (count >= CACHES_LEAST)
        at += (count - 1) * SIZES[k];
    }
}

/* Resident pages that lie one behind the other are read as one. */
void native_caches_label(const struct fork_ranges *ranges) {
  static unsigned char is_there[PAGES_AT_ONCE];
  for (size_t i = 0; i < ranges->count; i++)
    for (uint64_t at = ranges->items[i].start; at < ranges->items[i].end;) {
      const uint64_t left = (ranges->items[i].end - at) / PAGE_BYTES;
      const size_t pages = left < PAGES_AT_ONCE ? left : PAGES_AT_ONCE;
      if (mincore((void *)at, pages * PAGE_BYTES, is_there) != 0)
        break;
      for (size_t page = 0; page < pages;) {
        size_t end = page;
        while (end < pages && (is_there[end] & 1) != 0 && native_block_at(at + end * PAGE_BYTES) == NULL)
          end++;
        label_in(at + page * PAGE_BYTES, at + end * PAGE_BYTES);
        page = end + 1;
      }
      at += pages * PAGE_BYTES;
    }
}
#endif
