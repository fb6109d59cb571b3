/* The data that all copies of this addon in a process share. */
#ifndef CACHE_ATTRIBUTION_COPIES_H
#define CACHE_ATTRIBUTION_COPIES_H

#if defined(__linux__) || defined(__APPLE__)
#define EXPORTED __attribute__((visibility("default")))
#else
#define EXPORTED
#endif

/* The variable of that name in the copy that was loaded first, which then stays loaded; `own` where that
 * cannot be found, as on systems where the threads of one copy alone share it. `chosen` keeps the answer. */
void *of_first_copy(_Atomic(void *) *chosen, const char *name, void *own);

#endif
