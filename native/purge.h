/* Gives freed pages back to the system: what a process with time and without load would come to. In a twin
 * only: a service that is asked keeps its pages for what it allocates next. */
#ifndef CACHE_ATTRIBUTION_PURGE_H
#define CACHE_ATTRIBUTION_PURGE_H

#include <stdbool.h>

/* The allocator's: jemalloc's dirty and muzzy pages of all arenas, or glibc's free chunks. False: neither is
 * here, or it refused. */
bool purge_allocator(void);

/* V8's: collects as under memory pressure, which compacts and releases the pool of freed pages. From a
 * function of Node-API only. False where this Node does not export the call. */
bool purge_heap(void);

#endif
