#define _GNU_SOURCE
#include "major-gc.h"

#ifdef __linux__
#include "clock.h"

#include <dlfcn.h>
#include <stddef.h>

/* v8::GCType; test/twin/marking.test.ts holds what is counted by them against Node's own notices. */
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

/* RemoveGCPrologueCallback and RemoveGCEpilogueCallback(GCCallbackWithData, void *) */
typedef void (*remove_callback_fn)(void *isolate, gc_callback callback, void *data);
static const char REMOVE_PROLOGUE[] =
    "_ZN2v87Isolate24RemoveGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_";
static const char REMOVE_EPILOGUE[] =
    "_ZN2v87Isolate24RemoveGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_";

/* v8::Isolate::GetHeapStatistics(HeapStatistics *), a structure of words. */
static const char GET_STATISTICS[] = "_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE";
enum { STATISTICS_WORDS_MAX = 64, USED_HEAP_WORD = 4 };
typedef void (*get_statistics_fn)(void *isolate, size_t *statistics);

/* An isolate lives on one thread, and V8 calls back on it. */
static _Thread_local struct {
  bool is_told, is_marking;
  void *isolate;
  unsigned watchers;
  double notices, ended_ms, last_heap_bytes, heap_bytes;
  get_statistics_fn get_statistics;
} told = {.ended_ms = -1, .last_heap_bytes = -1, .heap_bytes = -1};

/* Before V8 hands anything to its threads. */
static void on_marking_begin(void *isolate, int type, int flags, void *data) {
  (void)isolate, (void)type, (void)flags, (void)data;
  told.is_marking = true;
  told.notices++;
}

static void on_major_gc_end(void *isolate, int type, int flags, void *data) {
  (void)type, (void)flags, (void)data;
  size_t statistics[STATISTICS_WORDS_MAX] = {0};
  if (told.get_statistics != NULL) {
    told.get_statistics(isolate, statistics);
    told.heap_bytes = told.last_heap_bytes = (double)statistics[USED_HEAP_WORD];
  }
  told.is_marking = false;
  told.notices++;
  told.ended_ms = clock_now_ms();
}

bool major_gcs_are_told(void) {
  return dlsym(RTLD_DEFAULT, GET_CURRENT) != NULL && dlsym(RTLD_DEFAULT, ADD_PROLOGUE) != NULL &&
         dlsym(RTLD_DEFAULT, ADD_EPILOGUE) != NULL;
}

static void *current_isolate(void) { return ((current_isolate_fn)dlsym(RTLD_DEFAULT, GET_CURRENT))(); }

static void begin(void) {
  if (told.is_told || !major_gcs_are_told())
    return;
  told.get_statistics = (get_statistics_fn)dlsym(RTLD_DEFAULT, GET_STATISTICS);
  void *isolate = told.isolate = current_isolate();
  ((add_callback_fn)dlsym(RTLD_DEFAULT, ADD_PROLOGUE))(isolate, on_marking_begin, NULL, INCREMENTAL_MARKING);
  ((add_callback_fn)dlsym(RTLD_DEFAULT, ADD_EPILOGUE))(isolate, on_major_gc_end, NULL, MARK_SWEEP_COMPACT);
  told.is_told = true;
}

/* From now on V8's collections are not known any more. */
static void end(void) {
  const remove_callback_fn remove_prologue = (remove_callback_fn)dlsym(RTLD_DEFAULT, REMOVE_PROLOGUE);
  const remove_callback_fn remove_epilogue = (remove_callback_fn)dlsym(RTLD_DEFAULT, REMOVE_EPILOGUE);
  if (!told.is_told || remove_prologue == NULL || remove_epilogue == NULL)
    return;
  remove_prologue(told.isolate, on_marking_begin, NULL);
  remove_epilogue(told.isolate, on_major_gc_end, NULL);
  told.is_told = told.is_marking = false;
  told.ended_ms = told.last_heap_bytes = told.heap_bytes = -1;
  told.notices++;
}

void major_gcs_watch(void) {
  begin();
  told.watchers++;
}

void major_gcs_unwatch(void) {
  if (told.watchers > 0 && --told.watchers == 0)
    end();
}

void major_gcs_end_of_thread(void) {
  told.watchers = 0;
  end();
}

struct major_gcs major_gcs_read(void) {
  begin();
  return (struct major_gcs){told.is_marking, told.notices,
                            told.ended_ms < 0 ? -1 : clock_now_ms() - told.ended_ms};
}

double major_gc_heap_bytes(void) {
  begin();
  const double bytes = told.heap_bytes;
  told.heap_bytes = -1;
  return bytes;
}

struct last_major_gc major_gc_last(void) {
  if (told.ended_ms < 0 || told.last_heap_bytes < 0)
    return (struct last_major_gc){-1, -1};
  return (struct last_major_gc){told.last_heap_bytes, clock_now_ms() - told.ended_ms};
}
#else
void major_gcs_watch(void) {}

void major_gcs_unwatch(void) {}

void major_gcs_end_of_thread(void) {}

double major_gc_heap_bytes(void) { return -1; }

struct last_major_gc major_gc_last(void) {
  return (struct last_major_gc){-1, -1};
}

bool major_gcs_are_told(void) { return false; }

struct major_gcs major_gcs_read(void) {
  return (struct major_gcs){false, 0, -1};
}
#endif
