/* Native stacks, by the unwinder that jemalloc itself uses. */
#ifndef CACHE_ATTRIBUTION_JS_UNWIND_H
#define CACHE_ATTRIBUTION_JS_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

/* Frames of the unwinding itself, to be skipped. */
enum { NATIVE_OWN = 1 };

struct native_walk {
  void **frames;
  unsigned most, skipped, count, beyond;
  uintptr_t end; /* where the stack of the outermost frame begins: there compiled code called C */
};

/* Finds the unwinder, once; false where there is none. */
bool native_unwind_find(void);

/* Allocates nothing. */
void native_unwind(struct native_walk *walk);

#endif
