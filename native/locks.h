/* The locks of a process, over the copies of this addon that are loaded in it and over its threads. */
#ifndef CACHE_ATTRIBUTION_LOCKS_H
#define CACHE_ATTRIBUTION_LOCKS_H

#include <stdbool.h>

enum lock { LOCK_RUN, LOCK_PROFILING, LOCK_COUNT };

/* A holder is the address of something that lives as long as it may hold a lock, and is no other's. */
bool lock_take(enum lock lock, void *holder);

/* Does nothing where another holds it. */
void lock_drop(enum lock lock, void *holder);

/* Whether anybody holds it. */
bool lock_is_taken(enum lock lock);

#endif
