/* Which other threads of this process have work: what the main thread cannot see by looking at memory alone.
 */
#ifndef CACHE_ATTRIBUTION_THREADS_H
#define CACHE_ATTRIBUTION_THREADS_H

#include <stdint.h>

/* Fills `ids` with the kernel ids of the other threads that run, or wait for a processor or a disk (state R
 * or D of /proc/self/task), at most `capacity`. Returns how many there are, or -1 where the kernel does not
 * tell. Allocates nothing. */
int threads_at_work(int32_t *ids, int capacity);

#endif
