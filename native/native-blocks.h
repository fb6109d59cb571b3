/* The blocks that the allocator has handed out, as far as it can be listed: jemalloc keeps for each page
 * the run of blocks that it belongs to, glibc keeps a size before each block.
 *
 * Rule: memory is read and nothing is written. In a twin only: no other thread allocates, and what is read
 * wrong ends it. Free blocks may be among those that are listed. */
#ifndef CACHE_ATTRIBUTION_NATIVE_BLOCKS_H
#define CACHE_ATTRIBUTION_NATIVE_BLOCKS_H

#include "list.h"

struct native_block {
  uint64_t start;
  uint32_t words; /* of 8 bytes */
  uint16_t label; /* whose it is; 0: not known (yet) */
  uint16_t seen;  /* the last search that met it */
};

extern struct list native_blocks; /* of struct native_block, by address */

/* Blocks that lie one behind the other, some of them free: the allocator tells how many, and not which. */
struct native_run {
  uint32_t first, count; /* places in native_blocks */
  uint32_t used;
  uint32_t unused_bytes; /* at the end of a block by itself */
};

extern struct list native_runs; /* of struct native_run: all blocks, by address */

/* Lists them, once modules are listed. NULL, or why that is not possible. */
const char *native_blocks_find(void);
void native_blocks_free(void);

/* The block that an address lies in, or NULL. */
struct native_block *native_block_at(uint64_t address);

static inline uint64_t native_block_bytes(const struct native_block *block) { return 8ull * block->words; }

#endif
