/* Pages of V8's young generation that hold nothing. Shared with a child, each costs the parent a page fault
 * when V8 next writes there, though neither of the two wants what it holds: forks get them empty instead
 * (MADV_WIPEONFORK).
 *
 * Rule: which word of a page says that it is empty is learnt from pages of which it is known, and every bit
 * of it must be as in those. Where that cannot be learnt nothing is wiped. */
#ifndef CACHE_ATTRIBUTION_YOUNG_PAGES_H
#define CACHE_ATTRIBUTION_YOUNG_PAGES_H

#include "fork-ranges.h"

/* Words at the beginning of a page, as they are now; 0 where it is not mapped any more. */
enum { YOUNG_PAGE_WORDS = 2 };
struct young_page_words {
  uint64_t at[YOUNG_PAGE_WORDS];
};

/* The page of an object, and its words. */
uintptr_t young_page_of(uint64_t tagged);
struct young_page_words young_page_read(uintptr_t page);

/* The pages as they were seen around two scavenges. */
struct young_pages_seen {
  /* A page with new objects, and the same after the scavenge: empty then. */
  struct young_page_words used[2], emptied[2];
  /* The page of a large new object. */
  struct young_page_words large;
};

/* Learns from what was seen; false where it does not say. */
bool young_pages_learn(const struct young_pages_seen *seen);
bool young_pages_are_known(void);

/* An object of the first page has at least so many bytes of others before it: the rest is V8's notes. */
void young_pages_note_object(uint64_t tagged, size_t before_it);

/* Whether V8 fills this page, or has since the last scavenge. */
bool young_page_is_used(uintptr_t page);

/* Adds the ranges' young pages, from the `first` range on. Not while another thread makes a twin. */
void young_pages_add(struct fork_ranges *pages, const struct fork_ranges *ranges, size_t first);

/* Of these pages those that hold nothing are got empty by forks, but for V8's own notes at their beginning;
 * they are noted in `empty`. `filling` is the page that V8 fills now where all others of its half are empty,
 * else 0. */
void young_pages_wipe(struct fork_ranges *empty, const struct fork_ranges *pages, uintptr_t filling);

/* Forks get them as they are again. */
void young_pages_keep(struct fork_ranges *empty);

#endif
