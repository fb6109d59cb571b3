/* Which other threads of this process have work: what the main thread cannot see by looking at memory alone.
 */
#ifndef CACHE_ATTRIBUTION_THREADS_H
#define CACHE_ATTRIBUTION_THREADS_H

#include <stddef.h>
#include <stdint.h>

/* Fills `ids` with the kernel ids of the other threads that run, or wait for a processor or a disk (state R
 * or D of /proc/self/task), at most `capacity`. Returns how many there are, or -1 where the kernel does not
 * tell. Allocates nothing. */
int threads_at_work(int32_t *ids, int capacity);

/* Waits until no other thread has work but these `busy` ones, for `patience_ms` at most. */
void threads_await_rest(const int32_t *busy, size_t busy_count, double patience_ms);

#endif
