/* Blocks that jemalloc keeps in the caches of threads: they are free, and nothing in them or in their runs
 * says so. */
#ifndef CACHE_ATTRIBUTION_NATIVE_CACHES_H
#define CACHE_ATTRIBUTION_NATIVE_CACHES_H

#include "fork-ranges.h"

/* Labels those that are found in caches as jemalloc 5.3 keeps them, in the data of threads: memory of these
 * ranges without blocks. */
void native_caches_label(const struct fork_ranges *ranges);

#endif
