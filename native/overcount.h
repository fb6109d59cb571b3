/* The bytes that jemalloc's profiler adds to `stats.allocated`: it gives each small block that it samples an
 * extent of its own, counted as the smallest large size class (16 KiB) whatever the block's size. */
#ifndef CACHE_ATTRIBUTION_OVERCOUNT_H
#define CACHE_ATTRIBUTION_OVERCOUNT_H

#include "allocator.h"

/* Looks the keys up; once per process. */
void overcount_open(mallctl_fn mallctl, nametomib_fn nametomib, bymib_fn bymib);

/* Bytes of all sampled blocks that live, beyond their usable sizes: 0 without a profiler (`opt.prof`); NaN
 * where the profiler does not count by size class (`opt.prof_stats`, jemalloc 5.3 and later). */
double overcount_read(void);

/* The most that overcount_read() can be: bytes in all extents of that size class, among which are those of
 * the profiler. NaN where they are not counted; 0 without a profiler. Belongs to the latest epoch. */
double overcount_read_most(void);

#endif
