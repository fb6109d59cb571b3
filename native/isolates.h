/* The threads of this process in which this addon is loaded, over the copies of it: whose isolates they are,
 * who answers questions there, and what jemalloc counts of each. */
#ifndef CACHE_ATTRIBUTION_ISOLATES_H
#define CACHE_ATTRIBUTION_ISOLATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct isolate_thread {
  /* As Node numbers its threads: 0 is the main thread; -1 until it is known. */
  int32_t thread_id;
  /* How many listen there for questions of other threads. */
  int32_t answering;
};

/* The calling thread takes part until it leaves, once for each environment of it; counters are of jemalloc
 * (thread.allocatedp, thread.deallocatedp), or NULL. */
void isolates_enter(const uint64_t *allocated, const uint64_t *deallocated);
void isolates_leave(void);

void isolates_name(int32_t thread_id);
void isolates_answer(int32_t change);

/* At most `capacity` of them; how many there are, or -1 where the table is busy for too long. */
int isolates_list(struct isolate_thread *threads, int capacity);

/* Bytes that the threads but the calling one have allocated and freed so far. `changes` grows whenever a
 * thread enters or leaves: between two readings with the same number the same threads were counted. */
struct others_counted {
  double threads, allocated, freed, changes;
};

/* NaN in all where the table is busy for too long. Takes no lock that a thread may hold for longer than it
 * takes to write an entry, and allocates nothing. */
struct others_counted isolates_count_others(void);

/* One at a time asks the other threads; false where another holds it. */
bool isolates_take_turn(void *holder);
void isolates_give_turn(void *holder);

#endif
