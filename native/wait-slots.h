/* Import slots of the loaded objects through which a thread waits for others or wakes them: in a child, which
 * has one thread, nobody is there to be waited for. */
#ifndef CACHE_ATTRIBUTION_WAIT_SLOTS_H
#define CACHE_ATTRIBUTION_WAIT_SLOTS_H

/* Finds the slots, unless nothing was loaded or unloaded since it last did. Returns how many the executable
 * has for pthread_cond_signal and pthread_cond_broadcast, 0 where it is linked in a way that leaves none to
 * be replaced; -1 without memory for the list. */
int wait_slots_find(void);

/* In a child: points the slots that wait_slots_find() found at functions for a process of one thread.
 * Allocates nothing, and asks the dynamic linker nothing, whose lock another thread of the parent may have
 * held. Returns 0 or an errno. */
int wait_slots_replace(void);

#endif
