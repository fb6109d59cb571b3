/* The Node-API face of allocator.c. Mechanism only: what is read when, and what a failure means, is decided
 * in src/allocator/. README.md has the contract. */
#include "allocator.h"
#include "black-box-addon.h"
#include "finalizers.h"
#include "heap-addon.h"
#include "heap-samples.h"
#include "isolates-addon.h"
#include "js-addon.h"
#include "locks.h"
#include "mallctl-addon.h"
#include "mapped-addon.h"
#include "namespace.h"
#include "properties.h"
#include "threads.h"
#include "twin-addon.h"

#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

static napi_value throw_errno(napi_env env, int number) {
  char code[16];
  snprintf(code, sizeof code, "%d", number);
  napi_throw_error(env, code, strerror(number));
  return NULL;
}

static napi_value read_into(napi_env env, napi_callback_info info, int (*read)(double *)) {
  napi_value target;
  size_t count = 1, length = 0;
  napi_typedarray_type type = napi_int8_array;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, &target, NULL, NULL);
  if (count < 1 || napi_get_typedarray_info(env, target, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_float64_array || length < SLOT_COUNT) {
    napi_throw_type_error(env, NULL, "a Float64Array with a place for every slot was expected");
    return NULL;
  }
  int failed = read(data);
  return failed == 0 ? NULL : throw_errno(env, failed);
}

static napi_value ReadJemalloc(napi_env env, napi_callback_info info) {
  return read_into(env, info, allocator_read_jemalloc);
}

static napi_value ReadGlibc(napi_env env, napi_callback_info info) {
  return read_into(env, info, allocator_read_glibc);
}

/* facts() → { mallctlPrefix: string | null, servesMalloc: boolean | null, mallinfo2: boolean } */
static napi_value Facts(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result, prefix, serves, mallinfo2;
  const int served = allocator_serves_malloc();
  napi_create_object(env, &result);
  if (allocator_mallctl_prefix() == NULL)
    napi_get_null(env, &prefix);
  else
    napi_create_string_utf8(env, allocator_mallctl_prefix(), NAPI_AUTO_LENGTH, &prefix);
  if (served < 0)
    napi_get_null(env, &serves);
  else
    napi_get_boolean(env, served != 0, &serves);
  napi_get_boolean(env, allocator_has_mallinfo2(), &mallinfo2);
  napi_set_named_property(env, result, "mallctlPrefix", prefix);
  napi_set_named_property(env, result, "servesMalloc", serves);
  napi_set_named_property(env, result, "mallinfo2", mallinfo2);
  return result;
}

/* The holder of a lock is an environment, so that a worker that is terminated in the middle of a run gives it
 * back. Which lock comes first is said in src/measure/locks.ts. */
static const enum lock RUN = LOCK_RUN, PROFILING = LOCK_PROFILING;

static void drop_locks(void *env) {
  lock_drop(LOCK_RUN, env);
  lock_drop(LOCK_PROFILING, env);
}

/* The lock that a function was made for: its data. */
static enum lock lock_of(napi_env env, napi_callback_info info) {
  void *lock = NULL;
  napi_get_cb_info(env, info, NULL, NULL, NULL, &lock);
  return *(const enum lock *)lock;
}

/* tryRunLock(), tryProfilingLock() → boolean */
static napi_value TryLock(napi_env env, napi_callback_info info) {
  napi_value result;
  napi_get_boolean(env, lock_take(lock_of(env, info), env), &result);
  return result;
}

/* releaseRunLock(), releaseProfilingLock(): do nothing where another environment holds it */
static napi_value ReleaseLock(napi_env env, napi_callback_info info) {
  lock_drop(lock_of(env, info), env);
  return NULL;
}

/* threadsAtWork(Int32Array) → how many other threads have work, or -1; their ids in the array, as far as it
 * reaches */
static napi_value ThreadsAtWork(napi_env env, napi_callback_info info) {
  napi_value target, result;
  size_t count = 1, length = 0;
  napi_typedarray_type type = napi_int8_array;
  void *data = NULL;
  napi_get_cb_info(env, info, &count, &target, NULL, NULL);
  if (count < 1 || napi_get_typedarray_info(env, target, &type, &length, &data, NULL, NULL) != napi_ok ||
      type != napi_int32_array) {
    napi_throw_type_error(env, NULL, "an Int32Array was expected");
    return NULL;
  }
  napi_create_int32(env, threads_at_work(data, (int)length), &result);
  return result;
}

/* runFinalizers() → whether foreground tasks ran; null where finalizers cannot be run here */
static napi_value RunFinalizers(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  const enum finalizers_ran ran = finalizers_run();
  if (ran == FINALIZERS_CANNOT)
    napi_get_null(env, &result);
  else
    napi_get_boolean(env, ran == FINALIZERS_TASKS, &result);
  return result;
}

NAPI_MODULE_INIT() {
  allocator_open();
  napi_add_env_cleanup_hook(env, drop_locks, env);
  const napi_property_descriptor properties[] = {
      {"facts", NULL, Facts, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readJemalloc", NULL, ReadJemalloc, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readGlibc", NULL, ReadGlibc, NULL, NULL, NULL, napi_enumerable, NULL},
      {"threadsAtWork", NULL, ThreadsAtWork, NULL, NULL, NULL, napi_enumerable, NULL},
      {"runFinalizers", NULL, RunFinalizers, NULL, NULL, NULL, napi_enumerable, NULL},
      {"tryRunLock", NULL, TryLock, NULL, NULL, NULL, napi_enumerable, (void *)&RUN},
      {"releaseRunLock", NULL, ReleaseLock, NULL, NULL, NULL, napi_enumerable, (void *)&RUN},
      {"tryProfilingLock", NULL, TryLock, NULL, NULL, NULL, napi_enumerable, (void *)&PROFILING},
      {"releaseProfilingLock", NULL, ReleaseLock, NULL, NULL, NULL, napi_enumerable, (void *)&PROFILING},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  properties_define(env, exports);
  mallctl_define(env, exports);
  mapped_define(env, exports);
  namespace_define(env, exports);
  twin_define(env, exports);
  heap_define(env, exports);
  heap_samples_define(env, exports);
  isolates_define(env, exports);
  js_define(env, exports);
  black_box_define(env, exports);
  return exports;
}
