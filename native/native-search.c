#define _GNU_SOURCE
#include "native-search.h"

#ifdef __linux__
struct column native_pending;
static uint16_t search;

void native_search_begin(void) {
  search++;
  native_pending.count = 0;
}

void native_meet(uint64_t word, native_enter_fn enter, int owner) {
  struct native_block *block = native_block_at(word);
  if (block == NULL || block->seen == search || !enter(block, owner))
    return;
  block->seen = search;
  column_push(&native_pending, (uint32_t)native_place_of(block));
}

void native_meet_block(const struct native_block *block, native_enter_fn enter, int owner) {
  for (size_t word = 0; word < block->words; word++)
    native_meet(native_word(block, word), enter, owner);
}

void native_meet_range(const struct native_range *range, native_enter_fn enter, int owner) {
  enum { WORD = 8 };
  for (uint64_t at = (range->start + WORD - 1) / WORD * WORD; at + WORD <= range->end; at += WORD)
    native_meet(*(const uint64_t *)at, enter, owner);
}

void native_meet_module(const struct native_module *module, native_enter_fn enter, int owner) {
  for (size_t i = 0; i < module->data_count; i++)
    native_meet_range(&module->data[i], enter, owner);
  native_meet_range(&module->thread_data, enter, owner);
}

void native_follow(native_enter_fn enter, int owner) {
  while (native_pending.count > 0)
    native_meet_block(native_block(native_pending.at[--native_pending.count]), enter, owner);
}

void native_follow_nearest(native_enter_fn enter) {
  for (size_t next = 0; next < native_pending.count; next++) {
    const struct native_block *block = native_block(native_pending.at[next]);
    native_meet_block(block, enter, block->label);
  }
  native_pending.count = 0;
}
#endif
