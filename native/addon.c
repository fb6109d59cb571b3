/* The Node-API face of allocator.c. Mechanism only: what is read when, and what a failure means, is decided
 * in src/allocator/. A failed mallctl throws an Error whose `code` is the decimal errno. README.md has the
 * contract. */
#include "allocator.h"
#include "heap-addon.h"
#include "properties.h"
#include "threads.h"
#include "twin-addon.h"

#include <errno.h>
#include <node_api.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* Order shared with src/allocator/binding.ts. */
enum value_type { TYPE_BOOL, TYPE_UNSIGNED, TYPE_SIZE, TYPE_SSIZE, TYPE_UINT64, TYPE_STRING, TYPE_VOID };

union value {
  bool boolean;
  unsigned number;
  size_t size;
  ssize_t ssize;
  uint64_t uint64;
  const char *string;
};

static const size_t value_sizes[] = {
    [TYPE_BOOL] = sizeof(bool),     [TYPE_UNSIGNED] = sizeof(unsigned), [TYPE_SIZE] = sizeof(size_t),
    [TYPE_SSIZE] = sizeof(ssize_t), [TYPE_UINT64] = sizeof(uint64_t),   [TYPE_STRING] = sizeof(const char *),
};

static napi_value throw_errno(napi_env env, int number) {
  char code[16];
  snprintf(code, sizeof code, "%d", number);
  napi_throw_error(env, code, strerror(number));
  return NULL;
}

/* A NUL-terminated copy, to be freed by the caller; NULL after throwing. */
static char *copy_string(napi_env env, napi_value from) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, from, NULL, 0, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "a string was expected");
    return NULL;
  }
  char *copy = malloc(length + 1);
  if (copy == NULL) {
    throw_errno(env, ENOMEM);
    return NULL;
  }
  napi_get_value_string_utf8(env, from, copy, length + 1, &length);
  return copy;
}

static napi_value to_js(napi_env env, enum value_type type, const union value *value) {
  napi_value result = NULL;
  switch (type) {
  case TYPE_BOOL:
    napi_get_boolean(env, value->boolean, &result);
    break;
  case TYPE_UNSIGNED:
    napi_create_uint32(env, value->number, &result);
    break;
  case TYPE_SIZE:
    napi_create_double(env, (double)value->size, &result);
    break;
  case TYPE_SSIZE:
    napi_create_double(env, (double)value->ssize, &result);
    break;
  case TYPE_UINT64:
    napi_create_bigint_uint64(env, value->uint64, &result);
    break;
  case TYPE_STRING:
    if (value->string == NULL)
      napi_get_null(env, &result);
    else
      napi_create_string_utf8(env, value->string, NAPI_AUTO_LENGTH, &result);
    break;
  case TYPE_VOID:
    napi_get_undefined(env, &result);
  }
  return result;
}

/* Fills `value` from JS; a string is returned through `owned`, freed by the caller. False after throwing. */
static bool from_js(napi_env env, enum value_type type, napi_value from, union value *value, char **owned) {
  napi_status status = napi_ok;
  int64_t integer = 0;
  bool lossless = true;
  switch (type) {
  case TYPE_BOOL:
    status = napi_get_value_bool(env, from, &value->boolean);
    break;
  case TYPE_UNSIGNED:
    status = napi_get_value_uint32(env, from, &value->number);
    break;
  case TYPE_SIZE:
    status = napi_get_value_int64(env, from, &integer);
    value->size = (size_t)integer;
    break;
  case TYPE_SSIZE:
    status = napi_get_value_int64(env, from, &integer);
    value->ssize = (ssize_t)integer;
    break;
  case TYPE_UINT64:
    status = napi_get_value_bigint_uint64(env, from, &value->uint64, &lossless);
    break;
  case TYPE_STRING:
    *owned = copy_string(env, from);
    value->string = *owned;
    return *owned != NULL;
  case TYPE_VOID:
    break;
  }
  if (status != napi_ok)
    napi_throw_type_error(env, NULL, "the value does not fit the type of this mallctl");
  return status == napi_ok;
}

/* mallctl(key, type[, newValue]): reads, or writes where a third argument is given (returns the old value
 * only when reading), or calls a key without value (type void). */
static napi_value Mallctl(napi_env env, napi_callback_info info) {
  napi_value args[3], result = NULL;
  size_t count = 3;
  uint32_t type = 0;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < 2 || napi_get_value_uint32(env, args[1], &type) != napi_ok || type > TYPE_VOID) {
    napi_throw_type_error(env, NULL, "mallctl(key, type[, newValue]) was expected");
    return NULL;
  }
  if (allocator_mallctl() == NULL)
    return throw_errno(env, ENOSYS);
  char *key = copy_string(env, args[0]);
  if (key == NULL)
    return NULL;
  union value value = {0};
  char *owned = NULL;
  size_t size = type == TYPE_VOID ? 0 : value_sizes[type];
  const size_t expected = size;
  int failed = 0;
  if (type == TYPE_VOID) {
    failed = allocator_mallctl()(key, NULL, NULL, NULL, 0);
  } else if (count == 3) {
    if (from_js(env, type, args[2], &value, &owned))
      failed = allocator_mallctl()(key, NULL, NULL, &value, size);
    else
      failed = -1;
  } else {
    failed = allocator_mallctl()(key, &value, &size, NULL, 0);
    if (failed == 0 && size != expected)
      failed = EINVAL; /* some versions copy a part in place of refusing */
  }
  free(key);
  free(owned);
  if (failed == 0)
    result = to_js(env, count == 3 ? TYPE_VOID : (enum value_type)type, &value);
  else if (failed > 0)
    throw_errno(env, failed);
  return result;
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

/* One run at a time in a process, worker threads included. The holder is an environment, so that a worker
 * that is terminated in the middle of a run gives the lock back. */
static _Atomic(napi_env) run_holder;

/* The same for what changes the state of jemalloc's profiler: two locks, since either is wanted without the
 * other. Which comes first is said in src/measure/locks.ts. */
static _Atomic(napi_env) profiling_holder;

static void drop_lock(_Atomic(napi_env) *lock, napi_env env) {
  napi_env holder = env;
  atomic_compare_exchange_strong(lock, &holder, NULL);
}

static void drop_locks(void *env) {
  drop_lock(&run_holder, env);
  drop_lock(&profiling_holder, env);
}

/* The lock that a function was made for: its data. */
static _Atomic(napi_env) *lock_of(napi_env env, napi_callback_info info) {
  void *lock = NULL;
  napi_get_cb_info(env, info, NULL, NULL, NULL, &lock);
  return lock;
}

/* tryRunLock(), tryProfilingLock() → boolean */
static napi_value TryLock(napi_env env, napi_callback_info info) {
  napi_value result;
  napi_env nobody = NULL;
  napi_get_boolean(env, atomic_compare_exchange_strong(lock_of(env, info), &nobody, env), &result);
  return result;
}

/* releaseRunLock(), releaseProfilingLock(): do nothing where another environment holds it */
static napi_value ReleaseLock(napi_env env, napi_callback_info info) {
  drop_lock(lock_of(env, info), env);
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

NAPI_MODULE_INIT() {
  allocator_open();
  napi_add_env_cleanup_hook(env, drop_locks, env);
  const napi_property_descriptor properties[] = {
      {"facts", NULL, Facts, NULL, NULL, NULL, napi_enumerable, NULL},
      {"mallctl", NULL, Mallctl, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readJemalloc", NULL, ReadJemalloc, NULL, NULL, NULL, napi_enumerable, NULL},
      {"readGlibc", NULL, ReadGlibc, NULL, NULL, NULL, napi_enumerable, NULL},
      {"threadsAtWork", NULL, ThreadsAtWork, NULL, NULL, NULL, napi_enumerable, NULL},
      {"tryRunLock", NULL, TryLock, NULL, NULL, NULL, napi_enumerable, &run_holder},
      {"releaseRunLock", NULL, ReleaseLock, NULL, NULL, NULL, napi_enumerable, &run_holder},
      {"tryProfilingLock", NULL, TryLock, NULL, NULL, NULL, napi_enumerable, &profiling_holder},
      {"releaseProfilingLock", NULL, ReleaseLock, NULL, NULL, NULL, napi_enumerable, &profiling_holder},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  properties_define(env, exports);
  twin_define(env, exports);
  heap_define(env, exports);
  return exports;
}
