#define _GNU_SOURCE
#include "major-gc.h"

#include <stddef.h>
#include <time.h>

#ifdef __linux__
#include <dlfcn.h>

/* v8::GCType; src/twin/major-gc.ts has a test that holds them against Node's own constants. */
enum { MARK_SWEEP_COMPACT = 4, INCREMENTAL_MARKING = 8 };

typedef void (*gc_callback)(void *isolate, int type, int flags, void *data);
typedef void (*add_callback_fn)(void *isolate, gc_callback callback, void *data, int types);
typedef void *(*current_isolate_fn)(void);

/* v8::Isolate::GetCurrent(), AddGCPrologueCallback and AddGCEpilogueCallback(GCCallbackWithData, void *,
 * GCType) */
static const char GET_CURRENT[] = "_ZN2v87Isolate10GetCurrentEv";
static const char ADD_PROLOGUE[] =
    "_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_";
static const char ADD_EPILOGUE[] =
    "_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_";

static bool is_told;
static struct major_gcs told = {false, 0, -1};

/* Before V8 hands anything to its threads. */
static void on_begin(void *isolate, int type, int flags, void *data) {
  (void)isolate, (void)flags, (void)data;
  if (type != INCREMENTAL_MARKING)
    return;
  told.is_marking = true;
  told.notices++;
}

static void on_end(void *isolate, int type, int flags, void *data) {
  (void)isolate, (void)flags, (void)data;
  if (type != MARK_SWEEP_COMPACT)
    return;
  told.is_marking = false;
  told.notices++;
  told.ended_ms = major_gcs_now_ms();
}

bool major_gcs_are_told(void) {
  return dlsym(RTLD_DEFAULT, GET_CURRENT) != NULL && dlsym(RTLD_DEFAULT, ADD_PROLOGUE) != NULL &&
         dlsym(RTLD_DEFAULT, ADD_EPILOGUE) != NULL;
}

struct major_gcs major_gcs_read(void) {
  if (!is_told && major_gcs_are_told()) {
    current_isolate_fn current = (current_isolate_fn)dlsym(RTLD_DEFAULT, GET_CURRENT);
    add_callback_fn before = (add_callback_fn)dlsym(RTLD_DEFAULT, ADD_PROLOGUE);
    add_callback_fn after = (add_callback_fn)dlsym(RTLD_DEFAULT, ADD_EPILOGUE);
    void *isolate = current();
    before(isolate, on_begin, NULL, INCREMENTAL_MARKING);
    after(isolate, on_end, NULL, MARK_SWEEP_COMPACT);
    is_told = true;
  }
  return told;
}
#else
bool major_gcs_are_told(void) { return false; }

struct major_gcs major_gcs_read(void) {
  return (struct major_gcs){false, 0, -1};
}
#endif

double major_gcs_now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}
