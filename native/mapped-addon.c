/* The Node-API face of mapped.c. */
#include "mapped-addon.h"
#include "mapped.h"

#include <stddef.h>
#include <stdint.h>

/* A value of Node-API is where V8 keeps the reference. */
static uint64_t tagged_of(napi_value value) { return *(const uint64_t *)(const void *)value; }

static napi_value reason_or_null(napi_env env, const char *reason) {
  napi_value value;
  if (reason == NULL)
    napi_get_null(env, &value);
  else
    napi_create_string_utf8(env, reason, NAPI_AUTO_LENGTH, &value);
  return value;
}

/* A buffer that is made has V8 take its lists back from a sweep that has ended; detached, it takes no memory.
 */
static void end_sweep(void *data) {
  napi_env env = data;
  napi_handle_scope scope;
  napi_value buffer;
  void *bytes;
  if (napi_open_handle_scope(env, &scope) != napi_ok)
    return;
  if (napi_create_arraybuffer(env, 8, &bytes, &buffer) == napi_ok)
    napi_detach_arraybuffer(env, buffer);
  napi_close_handle_scope(env, scope);
}

static double number_in(napi_env env, napi_value array, uint32_t index) {
  napi_value value;
  double number = 0;
  napi_get_element(env, array, index, &value);
  napi_get_value_double(env, value, &number);
  return number;
}

/* mappedLearn(buffers, facts) → string | null: `facts` has four numbers for each buffer: its kind, whether it
 * is shared, its length and the greatest. */
static napi_value MappedLearn(napi_env env, napi_callback_info info) {
  napi_value args[2];
  size_t count = 2;
  uint32_t buffers = 0;
  struct planted planted[PLANTED_MAX];
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < 2 || napi_get_array_length(env, args[0], &buffers) != napi_ok || buffers > PLANTED_MAX) {
    napi_throw_type_error(env, NULL, "an array of buffers and one of numbers were expected");
    return NULL;
  }
  for (uint32_t i = 0; i < buffers; i++) {
    napi_value buffer;
    napi_get_element(env, args[0], i, &buffer);
    planted[i] = (struct planted){.tagged = tagged_of(buffer),
                                  .kind = (enum planted_kind)number_in(env, args[1], 4 * i),
                                  .is_shared = number_in(env, args[1], 4 * i + 1) != 0,
                                  .length = (uint64_t)number_in(env, args[1], 4 * i + 2),
                                  .max_length = (uint64_t)number_in(env, args[1], 4 * i + 3)};
  }
  return reason_or_null(env, mapped_learn(planted, buffers));
}

/* mappedLearnOld() → string | null */
static napi_value MappedLearnOld(napi_env env, napi_callback_info info) {
  (void)info;
  return reason_or_null(env, mapped_learn_old(end_sweep, env));
}

static napi_value MappedBeforeMemory(napi_env env, napi_callback_info info) {
  (void)info;
  end_sweep(env);
  mapped_before_memory();
  return NULL;
}

/* mappedAfterMemory(length) → string | null */
static napi_value MappedAfterMemory(napi_env env, napi_callback_info info) {
  napi_value length;
  size_t count = 1;
  double bytes = 0;
  napi_get_cb_info(env, info, &count, &length, NULL, NULL);
  napi_get_value_double(env, length, &bytes);
  return reason_or_null(env, mapped_after_memory((uint64_t)bytes));
}

/* mappedRead() → number | string: bytes, or why they cannot be known */
static napi_value MappedRead(napi_env env, napi_callback_info info) {
  (void)info;
  const char *reason = NULL;
  napi_value value;
  const double bytes = mapped_read(end_sweep, env, &reason);
  if (reason != NULL)
    return reason_or_null(env, reason);
  napi_create_double(env, bytes, &value);
  return value;
}

/* mappedMemoryBytes() → number: of the last reading the part of WebAssembly memories */
static napi_value MappedMemoryBytes(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  napi_create_double(env, mapped_memory_bytes(), &value);
  return value;
}

/* mappedHas(buffer) → boolean: whether the last reading found it */
static napi_value MappedHas(napi_env env, napi_callback_info info) {
  napi_value buffer, value;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &buffer, NULL, NULL);
  napi_get_boolean(env, count == 1 && mapped_has(tagged_of(buffer)), &value);
  return value;
}

void mapped_define(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"mappedLearn", NULL, MappedLearn, NULL, NULL, NULL, napi_default, NULL},
      {"mappedLearnOld", NULL, MappedLearnOld, NULL, NULL, NULL, napi_default, NULL},
      {"mappedBeforeMemory", NULL, MappedBeforeMemory, NULL, NULL, NULL, napi_default, NULL},
      {"mappedAfterMemory", NULL, MappedAfterMemory, NULL, NULL, NULL, napi_default, NULL},
      {"mappedRead", NULL, MappedRead, NULL, NULL, NULL, napi_default, NULL},
      {"mappedMemoryBytes", NULL, MappedMemoryBytes, NULL, NULL, NULL, napi_default, NULL},
      {"mappedHas", NULL, MappedHas, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
}
