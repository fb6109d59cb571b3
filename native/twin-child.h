/* The child of a fork: what makes it a twin, and what it does then. It has no descriptor of the service, no
 * file, no memory that is shared, and no core; it ends with its parent or by its watch. */
#ifndef CACHE_ATTRIBUTION_TWIN_CHILD_H
#define CACHE_ATTRIBUTION_TWIN_CHILD_H

#include "twin.h"

/* Right after the fork, in the child: confines it, or ends it with a code of twin-exit.h. `fd` is its end of
 * the pipe. */
void become_twin(int fd, pid_t parent, const struct twin_order *order);

/* In the child: has jemalloc write its heap profile into the descriptor that was kept, from its beginning.
 * Returns 0 or an errno; EBADF where no descriptor was kept. */
int twin_dump_profile(void);

/* In the child: writes all of it to the parent, or ends the child. */
void twin_write(const char *bytes, size_t length);

/* Whether this process is a twin. */
bool twin_is_child(void);

#endif
