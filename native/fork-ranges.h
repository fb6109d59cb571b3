/* Ranges of memory by what a fork makes of them. Node builds V8 so that heap pages are kept from forks
 * (MADV_DONTFORK): without them a child has no heap. */
#ifndef CACHE_ATTRIBUTION_FORK_RANGES_H
#define CACHE_ATTRIBUTION_FORK_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fork_range {
  uintptr_t start, end;
};

/* By address. */
struct fork_ranges {
  struct fork_range *items;
  size_t count, capacity;
};

/* Adds the private anonymous ranges that are kept from forks ("dc" in VmFlags). What drivers and rings of the
 * kernel keep is mapped from a file, and is left alone. The kernel walks every page of the process for it.
 * Returns 0 or an errno. */
int fork_ranges_add_kept(struct fork_ranges *kept);

/* Adds all private anonymous ranges; cheap. Returns 0 or an errno. */
int fork_ranges_add_anonymous(struct fork_ranges *ranges);

/* The same without those that may not be written to. */
int fork_ranges_add_writable(struct fork_ranges *ranges);

/* Adds those that are kept from forks and are not as `before` has them; cheap, since only those are looked
 * into. EAGAIN: it cannot be told this way, and fork_ranges_add_kept() must; else 0 or an errno. */
int fork_ranges_add_new_kept(struct fork_ranges *kept, const struct fork_ranges *before);

/* Gives the ranges from the `first` on the advice, also where it failed for one. Returns 0 or the first
 * errno. */
int fork_ranges_advise(const struct fork_ranges *ranges, size_t first, int advice);

void fork_ranges_free(struct fork_ranges *ranges);

/* In a child: makes every shared writable mapping read-only, since a write there would reach the parent or a
 * file. Notes all shared mappings, also those that were read-only, as far as `shared` has room; `count` says
 * how many. */
bool fork_ranges_protect_shared(struct fork_range *shared, size_t capacity, size_t *count);

/* In a child: takes the free pages around these mappings, up to whole units, so that no memory that is mapped
 * later shares a unit with one of them: the filter of system calls refuses by units. */
void fork_ranges_keep_clear_of(const struct fork_range *shared, size_t count, size_t unit);

#endif
