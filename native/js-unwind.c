#define _GNU_SOURCE
#include "js-unwind.h"

#ifdef __linux__
#include <dlfcn.h>
#include <pthread.h>
#include <unwind.h>

enum { BEYOND_MOST = 1024 };

/* By name, so that the addon needs no library beyond those of Node. */
static struct {
  _Unwind_Reason_Code (*backtrace)(_Unwind_Trace_Fn visit, void *data);
  uintptr_t (*address)(struct _Unwind_Context *context);
  uintptr_t (*stack)(struct _Unwind_Context *context);
} unwinder;

static void find(void) {
  *(void **)&unwinder.backtrace = dlsym(RTLD_DEFAULT, "_Unwind_Backtrace");
  *(void **)&unwinder.address = dlsym(RTLD_DEFAULT, "_Unwind_GetIP");
  *(void **)&unwinder.stack = dlsym(RTLD_DEFAULT, "_Unwind_GetCFA");
}

bool native_unwind_find(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, find);
  return unwinder.backtrace != NULL && unwinder.address != NULL && unwinder.stack != NULL;
}

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *data) {
  struct native_walk *walk = data;
  const uintptr_t address = unwinder.address(context);
  walk->end = unwinder.stack(context);
  if (address == 0)
    return _URC_END_OF_STACK;
  if (walk->skipped > 0) {
    walk->skipped--;
    return _URC_NO_REASON;
  }
  /* Where the stack ends is wanted of deeper ones, too. */
  if (walk->count == walk->most)
    return walk->beyond++ < BEYOND_MOST ? _URC_NO_REASON : _URC_END_OF_STACK;
  walk->frames[walk->count++] = (void *)address;
  return _URC_NO_REASON;
}

__attribute__((noinline)) void native_unwind(struct native_walk *walk) {
  unwinder.backtrace(visit, walk);
  /* No tail call, or there would be a frame less to skip. */
  __asm__ volatile("" : : "r"(walk) : "memory");
}
#endif
