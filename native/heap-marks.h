/* Which addresses of V8's heap were found, and their numbers.
 *
 * One bit for each 8 bytes in blocks of 256 KiB, so that nothing need be known of V8's own pages. A *mark* is
 * an address in 32 bits: the number of its block and the place in it. When all marks are set a rank for each
 * word of bits makes a node's number out of its mark. */
#ifndef CACHE_ATTRIBUTION_HEAP_MARKS_H
#define CACHE_ATTRIBUTION_HEAP_MARKS_H

#include "column.h"

enum { BLOCK_SHIFT = 18, BLOCK_WORDS = 512, MARK_SHIFT = 15, BLOCKS_MAX = 1 << (32 - MARK_SHIFT) };

struct marks_block {
  uint64_t bits[BLOCK_WORDS];
  uint32_t rank[BLOCK_WORDS];
};

extern struct marks_block **marks_blocks;
extern uint64_t *marks_bases;

/* Begins anew; reads where the read-only mappings of the process lie. */
bool marks_begin(void);

/* The mark of an address, whose block is made where it is new; whether it lies in read-only memory. */
uint32_t marks_of(uint64_t address, bool *is_read_only);

/* The same without making a block; UINT32_MAX where there is none. */
uint32_t marks_find(uint64_t address);

/* Whether there were more blocks than a mark can number, or no memory for one: the marks are wrong then. */
bool marks_overflowed(void);

/* After the last mark: numbers are the places in `order`, which begins with one for the root. */
bool marks_rank(const struct column *order);

/* The number of a mark that is set. */
uint32_t marks_node(uint32_t mark);

void marks_free(void);

static inline uint64_t marks_address(uint32_t mark) {
  return marks_bases[mark >> MARK_SHIFT] + ((uint64_t)(mark & ((1 << MARK_SHIFT) - 1)) << 3);
}

static inline uint64_t *marks_word(uint32_t mark) {
  return &marks_blocks[mark >> MARK_SHIFT]->bits[(mark & ((1 << MARK_SHIFT) - 1)) >> 6];
}

static inline bool marks_has(uint32_t mark) { return (*marks_word(mark) >> (mark & 63) & 1) != 0; }

/* Whether it was not set before. */
static inline bool marks_set(uint32_t mark) {
  uint64_t *word = marks_word(mark);
  const uint64_t bit = 1ull << (mark & 63);
  if ((*word & bit) != 0)
    return false;
  *word |= bit;
  return true;
}

static inline void marks_prefetch(uint32_t mark) { __builtin_prefetch(marks_word(mark)); }

#endif
