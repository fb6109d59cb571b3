#define _GNU_SOURCE
#include "purge.h"
#include "allocator.h"

#ifdef __linux__
#include <dlfcn.h>
#include <stddef.h>

static const char GET_ISOLATE[] = "_ZN2v87Isolate10GetCurrentEv";
static const char NOTIFY[] = "_ZN2v87Isolate26MemoryPressureNotificationENS_19MemoryPressureLevelE";

/* v8::MemoryPressureLevel */
enum pressure { PRESSURE_NONE = 0, PRESSURE_CRITICAL = 2 };

typedef void *(*get_isolate_fn)(void);
typedef void (*notify_fn)(void *isolate, enum pressure level);
typedef int (*trim_fn)(size_t pad);

bool purge_allocator(void) {
  const mallctl_fn mallctl = allocator_serves_malloc() == 1 ? allocator_mallctl() : NULL;
  if (mallctl != NULL) {
    /* A block in the cache of this thread holds its slab. 4096 is MALLCTL_ARENAS_ALL. */
    mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
    return mallctl("arena.4096.purge", NULL, NULL, NULL, 0) == 0;
  }
  const trim_fn trim = allocator_has_mallinfo2() ? (trim_fn)dlsym(RTLD_DEFAULT, "malloc_trim") : NULL;
  if (trim == NULL)
    return false;
  trim(0);
  return true;
}

bool purge_heap(void) {
  const get_isolate_fn get_isolate = (get_isolate_fn)dlsym(RTLD_DEFAULT, GET_ISOLATE);
  const notify_fn notify = (notify_fn)dlsym(RTLD_DEFAULT, NOTIFY);
  void *isolate = get_isolate == NULL ? NULL : get_isolate();
  if (isolate == NULL || notify == NULL)
    return false;
  /* V8 acts where the level rises, so it has to fall again for the next time. */
  notify(isolate, PRESSURE_CRITICAL);
  notify(isolate, PRESSURE_NONE);
  return true;
}
#else
bool purge_allocator(void) { return false; }

bool purge_heap(void) { return false; }
#endif
