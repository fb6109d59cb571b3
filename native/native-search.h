/* Going from block to block of native memory by whatever could be a pointer, in any place of a block. */
#ifndef CACHE_ATTRIBUTION_NATIVE_SEARCH_H
#define CACHE_ATTRIBUTION_NATIVE_SEARCH_H

#include "native-blocks.h"
#include "native-modules.h"

/* Whose a block is. From LABEL_ADDONS on: the place of an addon in native_modules, added. */
enum native_label {
  LABEL_NONE,
  LABEL_FREE,
  LABEL_JAVASCRIPT,
  LABEL_ENGINE,
  LABEL_OTHER_BUFFERS,
  LABEL_OURS,
  LABEL_ADDONS
};

/* The step of a search at a block that it meets: whether it goes on from there. */
typedef bool (*native_enter_fn)(struct native_block *block, int owner);

/* Blocks that were met and not looked into yet, by their places. */
extern struct column native_pending;

/* Begins a search: every block may be met again. */
void native_search_begin(void);

/* The block that a word leads to, if any, is met: once in a search. */
void native_meet(uint64_t word, native_enter_fn enter, int owner);
void native_meet_block(const struct native_block *block, native_enter_fn enter, int owner);
void native_meet_range(const struct native_range *range, native_enter_fn enter, int owner);
void native_meet_module(const struct native_module *module, native_enter_fn enter, int owner);

/* Looks into all that is pending, and into what is met by that. */
void native_follow(native_enter_fn enter, int owner);

/* The same step by step, each for its label: what is fewer steps away is met first. */
void native_follow_nearest(native_enter_fn enter);

static inline struct native_block *native_block(size_t place) {
  return (struct native_block *)native_blocks.at + place;
}

static inline size_t native_place_of(const struct native_block *block) {
  return (size_t)(block - (const struct native_block *)native_blocks.at);
}

static inline uint64_t native_word(const struct native_block *block, size_t word) {
  return ((const uint64_t *)block->start)[word];
}

/* The block that begins at an address, or NULL. */
static inline const struct native_block *native_block_from(uint64_t address) {
  const struct native_block *block = native_block_at(address);
  return block != NULL && block->start == address ? block : NULL;
}

#endif
