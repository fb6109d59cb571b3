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

/* v8::Isolate::GetHeapStatistics(HeapStatistics *), a structure of words. */
static const char GET_STATISTICS[] = "_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE";
enum { STATISTICS_WORDS_MAX = 64, USED_HEAP_WORD = 4 };
typedef void (*get_statistics_fn)(void *isolate, size_t *statistics);

static bool is_marking;
static double notices;
static double ended_ms = -1;
static double heap_bytes = -1;
static get_statistics_fn get_statistics;

/* Before V8 hands anything to its threads. */
static void on_marking_begin(void *isolate, int type, int flags, void *data) {
  (void)isolate, (void)type, (void)flags, (void)data;
  is_marking = true;
  notices++;
}

static void on_major_gc_end(void *isolate, int type, int flags, void *data) {
  (void)type, (void)flags, (void)data;
  size_t statistics[STATISTICS_WORDS_MAX] = {0};
  if (get_statistics != NULL) {
    get_statistics(isolate, statistics);
    heap_bytes = (double)statistics[USED_HEAP_WORD];
  }
  is_marking = false;
  notices++;
  ended_ms = clock_now_ms();
}

bool major_gcs_are_told(void) {
  return dlsym(RTLD_DEFAULT, GET_CURRENT) != NULL && dlsym(RTLD_DEFAULT, ADD_PROLOGUE) != NULL &&
         dlsym(RTLD_DEFAULT, ADD_EPILOGUE) != NULL;
}

struct major_gcs major_gcs_read(void) {
  static bool is_asked;
  if (!is_asked && major_gcs_are_told()) {
    get_statistics = (get_statistics_fn)dlsym(RTLD_DEFAULT, GET_STATISTICS);
    void *isolate = ((current_isolate_fn)dlsym(RTLD_DEFAULT, GET_CURRENT))();
    ((add_callback_fn)dlsym(RTLD_DEFAULT, ADD_PROLOGUE))(isolate, on_marking_begin, NULL,
                                                         INCREMENTAL_MARKING);
    ((add_callback_fn)dlsym(RTLD_DEFAULT, ADD_EPILOGUE))(isolate, on_major_gc_end, NULL, MARK_SWEEP_COMPACT);
    is_asked = true;
  }
  return (struct major_gcs){is_marking, notices, ended_ms < 0 ? -1 : clock_now_ms() - ended_ms};
}

double major_gc_heap_bytes(void) {
  major_gcs_read();
  const double bytes = heap_bytes;
  heap_bytes = -1;
  return bytes;
}
#else
double major_gc_heap_bytes(void) { return -1; }

bool major_gcs_are_told(void) { return false; }

struct major_gcs major_gcs_read(void) {
  return (struct major_gcs){false, 0, -1};
}
#endif
