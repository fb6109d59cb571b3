/* Ranges of memory by what a fork makes of them. Node builds V8 so that heap pages are kept from forks
 * (MADV_DONTFORK): without them a child has no heap. */
#ifndef CACHE_ATTRIBUTION_RANGES_H
#define CACHE_ATTRIBUTION_RANGES_H

#include <stdbool.h>
#include <stddef.h>

struct range {
  void *start;
  size_t length;
};

struct ranges {
  struct range *items;
  size_t count;
  size_t capacity;
  double bytes;
};

/* The private anonymous ranges that are kept from forks ("dc" in VmFlags). What drivers and rings of the
 * kernel keep is mapped from a file, and is left alone. Returns 0 or an errno. */
int ranges_read_kept(struct ranges *ranges);

/* Gives every range the advice, also where it failed for one. Returns 0 or the first errno. */
int ranges_advise(const struct ranges *ranges, int advice);

void ranges_free(struct ranges *ranges);

/* In a child: makes every shared writable mapping read-only, since a write there would reach the parent or a
 * file. */
bool ranges_protect_shared(void);

#endif
