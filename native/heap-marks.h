/* Which addresses of V8's heap were met, and their numbers.
 *
 * Two bits for each 8 bytes in blocks of 256 KiB, so that nothing need be known of V8's own pages: whether an
 * object was met, and whether it is a node of the graph. A *mark* is an address in 32 bits: the number of its
 * block and the place in it. When all marks are set a rank for each word of bits makes a node's number out of
 * its mark, and the mark out of its number: nodes are numbered as they lie. */
#ifndef CACHE_ATTRIBUTION_HEAP_MARKS_H
#define CACHE_ATTRIBUTION_HEAP_MARKS_H

#include "column.h"

enum { BLOCK_SHIFT = 18, BLOCK_WORDS = 512, MARK_SHIFT = 15, BLOCKS_MAX = 1 << (32 - MARK_SHIFT) };

struct marks_block {
  uint64_t met[BLOCK_WORDS];
  uint64_t is_node[BLOCK_WORDS];
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

/* After the last mark: numbers the nodes from 1 on. The count of them, with the root, which has none; 0 where
 * there is no memory for it. */
uint32_t marks_rank(void);

/* The number of a node's mark, and its address by its number. */
uint32_t marks_number(uint32_t mark);
uint64_t marks_address_of(uint32_t number);

/* Calls `visit` with each node's address, in the order of their numbers, while it returns true. */
void marks_each_node(bool (*visit)(uint64_t address));

void marks_free(void);

static inline uint64_t marks_address(uint32_t mark) {
  return marks_bases[mark >> MARK_SHIFT] + ((uint64_t)(mark & ((1 << MARK_SHIFT) - 1)) << 3);
}

static inline uint32_t marks_word(uint32_t mark) { return (mark & ((1 << MARK_SHIFT) - 1)) >> 6; }

static inline bool marks_is_node(uint32_t mark) {
  return (marks_blocks[mark >> MARK_SHIFT]->is_node[marks_word(mark)] >> (mark & 63) & 1) != 0;
}

static inline bool marks_is_met(uint32_t mark) {
  return (marks_blocks[mark >> MARK_SHIFT]->met[marks_word(mark)] >> (mark & 63) & 1) != 0;
}

/* Whether it was not met before. */
static inline bool marks_meet(uint32_t mark) {
  uint64_t *word = &marks_blocks[mark >> MARK_SHIFT]->met[marks_word(mark)];
  const uint64_t bit = 1ull << (mark & 63);
  if ((*word & bit) != 0)
    return false;
  *word |= bit;
  return true;
}

static inline void marks_make_node(uint32_t mark) {
  marks_blocks[mark >> MARK_SHIFT]->is_node[marks_word(mark)] |= 1ull << (mark & 63);
}

#endif
