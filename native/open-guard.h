/* Opening files in a twin: what reading would consume, or what a mere opening would set off, is not opened.
 */
#ifndef CACHE_ATTRIBUTION_OPEN_GUARD_H
#define CACHE_ATTRIBUTION_OPEN_GUARD_H

#include <stddef.h>

/* The path that may be opened whatever it is, known by this very address. */
void open_guard_except(const char *path);

/* Functions in the place of the C library's of these names, for slots.c. They open files and folders, and
 * of devices those of which nothing is used up (null, zero, full, random, urandom). A FIFO, a terminal or
 * another device is EPERM, and not touched on the way. Opening for writing is left to the filter of system
 * calls. */
struct open_guard {
  const char *name;
  void *function;
};
extern const struct open_guard open_guards[];
extern const size_t open_guards_count;

#endif
