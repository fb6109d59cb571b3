/* The allocator under this process, found at run time: no header or library of jemalloc needed to build. */
#ifndef CACHE_ATTRIBUTION_ALLOCATOR_H
#define CACHE_ATTRIBUTION_ALLOCATOR_H

#include <stdbool.h>
#include <stddef.h>

/* Slots of one reading, in bytes (but the epoch, the other threads and their changes, which are counts). The
 * order is the contract with src/allocator/port.ts. */
enum slot {
  SLOT_EPOCH,
  SLOT_ALLOCATED,
  SLOT_TCACHE,
  SLOT_TCACHE_STASHED,
  SLOT_ACTIVE,
  SLOT_METADATA,
  SLOT_RESIDENT,
  SLOT_MAPPED,
  SLOT_RETAINED,
  SLOT_OVERCOUNT,
  SLOT_OVERCOUNT_MOST,
  SLOT_OTHER_THREADS,
  SLOT_OTHERS_ALLOCATED,
  SLOT_OTHERS_FREED,
  SLOT_OTHERS_CHANGES,
  SLOT_COUNT
};

typedef int (*mallctl_fn)(const char *key, void *old, size_t *old_size, void *new_value, size_t new_size);
typedef int (*nametomib_fn)(const char *key, size_t *mib, size_t *length);
typedef int (*bymib_fn)(const size_t *mib, size_t length, void *old, size_t *old_size, void *new_value,
                        size_t new_size);

/* Looks the entry points up once per process; later calls and calls of other threads find them ready. */
void allocator_open(void);

/* The prefix under which mallctl was found ("" or "je_"), or NULL where there is none. */
const char *allocator_mallctl_prefix(void);

mallctl_fn allocator_mallctl(void);

/* 1: malloc() of this process is served by that jemalloc; 0: it is not (a private copy inside some library);
 * -1: cannot be known, since this jemalloc keeps no statistics. */
int allocator_serves_malloc(void);

/* Whether glibc's mallinfo2 is there and counts what malloc() of this process hands out: where another
 * allocator serves malloc(), its figures are zeros. */
bool allocator_has_mallinfo2(void);

/* Advances the epoch, then fills every slot; a statistic that this build lacks is NaN. Returns 0, or the
 * errno of the epoch's advance, without which all figures would be stale.
 *
 * In a child of fork(), live bytes (allocated less thread caches less overcount) are those of the parent at
 * the fork plus what this thread, the only one, has allocated and freed since: `thread.allocated` and
 * `thread.deallocated` count usable sizes, whatever thread caches hold and the profiler sampled. */
int allocator_read_jemalloc(double slots[SLOT_COUNT]);

/* The calling thread takes part in what others count of it (isolates.h). */
void allocator_enter_thread(void);

/* glibc's mallinfo2: allocated = uordblks + hblkhd, mapped = arena + hblkhd; every other slot is NaN. Returns
 * 0 or ENOSYS. */
int allocator_read_glibc(double slots[SLOT_COUNT]);

/* Live bytes, bytes in pages with some, resident and mapped ones: what another thread than those that measure
 * reads. EBUSY while one of these reads: between its advance of the epoch and its last figure nobody else
 * advances it. */
enum { BRIEF_ALLOCATED, BRIEF_ACTIVE, BRIEF_RESIDENT, BRIEF_MAPPED, BRIEF_COUNT };
int allocator_read_brief(double figures[BRIEF_COUNT]);

/* Right before fork() and first thing in the child. jemalloc's own handler there forgets the caches of all
 * other threads, whose contents still count as allocated. Neither allocates. */
void allocator_before_fork(void);
void allocator_after_fork(void);

#endif
