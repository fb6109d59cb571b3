/* Confinement of a twin: no code that a release calls can reach anything outside of it. */
#ifndef CACHE_ATTRIBUTION_CONFINE_H
#define CACHE_ATTRIBUTION_CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

/* Whether this kernel takes a filter of system calls. */
bool confine_is_possible(void);

/* From here on system calls that change files, signal other processes, make sockets, or start programs fail
 * with EPERM; reading, memory, time, and writing to what is open stay. One file may be opened for writing
 * nevertheless: the one whose path is passed at this very address (jemalloc writes its profile to a path and
 * to nothing else). False where the kernel takes no filter. */
bool confine(pid_t self, const char *writable_path);

#endif
