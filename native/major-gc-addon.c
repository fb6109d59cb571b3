/* The Node-API face of major-gc.c. */
#include "major-gc-addon.h"
#include "heap-values.h"
#include "major-gc.h"

/* watchMajorGcs(): V8 reports the major GCs of this thread's isolate from now on */
static napi_value WatchMajorGcs(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  major_gcs_watch();
  return NULL;
}

/* unwatchMajorGcs(): one watcher has gone; with the last of them V8 says nothing any more */
static napi_value UnwatchMajorGcs(napi_env env, napi_callback_info info) {
  (void)env, (void)info;
  major_gcs_unwatch();
  return NULL;
}

/* lastMajorGc() → { heapBytes: number, sinceMs: number } | null: the used heap as the last major GC of this
 * thread's isolate ended, and how long ago that was */
static napi_value LastMajorGc(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  const struct last_major_gc last = major_gc_last();
  if (last.heap_bytes < 0) {
    napi_get_null(env, &result);
    return result;
  }
  napi_create_object(env, &result);
  value_set_number(env, result, "heapBytes", last.heap_bytes);
  value_set_number(env, result, "sinceMs", last.since_ms);
  return result;
}

/* heapAfterMajorGc() → number | null: the used heap as the last major GC of this thread's isolate ended, once
 */
static napi_value HeapAfterMajorGc(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  const double bytes = major_gc_heap_bytes();
  if (bytes < 0)
    napi_get_null(env, &result);
  else
    napi_create_double(env, bytes, &result);
  return result;
}

/* twinMajorGcs() → { isMarking: boolean, notices: number, sinceMs: number | null } of this thread, by
 * V8's notices since the first call */
static napi_value TwinMajorGcs(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result, value;
  const struct major_gcs told = major_gcs_read();
  napi_create_object(env, &result);
  napi_get_boolean(env, told.is_marking, &value);
  napi_set_named_property(env, result, "isMarking", value);
  value_set_number(env, result, "notices", told.notices);
  napi_get_null(env, &value);
  napi_set_named_property(env, result, "sinceMs", value);
  if (told.since_ms >= 0)
    value_set_number(env, result, "sinceMs", told.since_ms);
  return result;
}

void major_gc_define(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"heapAfterMajorGc", NULL, HeapAfterMajorGc, NULL, NULL, NULL, napi_enumerable, NULL},
      {"watchMajorGcs", NULL, WatchMajorGcs, NULL, NULL, NULL, napi_enumerable, NULL},
      {"unwatchMajorGcs", NULL, UnwatchMajorGcs, NULL, NULL, NULL, napi_enumerable, NULL},
      {"lastMajorGc", NULL, LastMajorGc, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinMajorGcs", NULL, TwinMajorGcs, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
}
