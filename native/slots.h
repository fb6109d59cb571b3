/* Import slots of the loaded objects through which threads are woken. */
#ifndef CACHE_ATTRIBUTION_SLOTS_H
#define CACHE_ATTRIBUTION_SLOTS_H

/* How many slots the executable has for pthread_cond_signal and pthread_cond_broadcast; 0 where it is linked
 * in a way that leaves none to be replaced. */
int slots_count(void);

/* In a child: points these slots of every loaded object at a function that does nothing. glibc's own would
 * wait for waiters that exist in the parent only. Returns how many of the executable's were replaced. */
int slots_silence(void);

#endif
