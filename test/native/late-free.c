/* Native memory that goes late, as that of many addons does: Node-API runs a finalizer not in the collection
 * that finds its object dead, but in a later turn of the event loop. */
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int64_t held_bytes;

/* The words at the beginning of an object's memory. */
struct held {
  int64_t bytes;
  napi_ref link; /* an object that it keeps alive; NULL for none */
};

static void finalize(napi_env env, void *memory, void *hint) {
  (void)hint;
  const struct held *held = memory;
  held_bytes -= held->bytes;
  if (held->link != NULL)
    napi_delete_reference(env, held->link);
  free(memory);
}

/* hold(bytes[, link]) → an object that keeps so many bytes of malloc(), and the object `link`, until it has
 * been collected and finalized */
static napi_value Hold(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result = NULL;
  size_t count = 2;
  int64_t bytes = 0;
  napi_ref link = NULL;
  if (napi_get_cb_info(env, info, &count, arguments, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_int64(env, arguments[0], &bytes) != napi_ok || bytes < (int64_t)sizeof(struct held)) {
    napi_throw_range_error(env, NULL, "hold(bytes[, link]) needs a number of at least 16");
    return NULL;
  }
  if (count > 1 && napi_create_reference(env, arguments[1], 1, &link) != napi_ok) {
    napi_throw_type_error(env, NULL, "hold(bytes, link) needs an object");
    return NULL;
  }
  void *memory = malloc((size_t)bytes);
  if (memory == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  memset(memory, 1, (size_t)bytes);
  *(struct held *)memory = (struct held){bytes, link};
  if (napi_create_external(env, memory, finalize, NULL, &result) != napi_ok) {
    free(memory);
    return NULL;
  }
  held_bytes += bytes;
  return result;
}

static void finalize_buffer(napi_env env, void *memory, void *bytes) {
  (void)env;
  held_bytes -= (int64_t)(intptr_t)bytes;
  free(memory);
}

/* buffer(bytes) → a Buffer over so many bytes of malloc(), as image libraries give them out */
static napi_value HoldBuffer(napi_env env, napi_callback_info info) {
  napi_value argument, result = NULL;
  size_t count = 1;
  int64_t bytes = 0;
  if (napi_get_cb_info(env, info, &count, &argument, NULL, NULL) != napi_ok || count < 1 ||
      napi_get_value_int64(env, argument, &bytes) != napi_ok || bytes <= 0) {
    napi_throw_range_error(env, NULL, "buffer(bytes) needs a positive number");
    return NULL;
  }
  void *memory = calloc(1, (size_t)bytes);
  if (memory == NULL) {
    napi_throw_error(env, NULL, "out of memory");
    return NULL;
  }
  if (napi_create_external_buffer(env, (size_t)bytes, memory, finalize_buffer, (void *)(intptr_t)bytes,
                                  &result) != napi_ok) {
    free(memory);
    return NULL;
  }
  held_bytes += bytes;
  return result;
}

/* heldBytes() → what has not been given back yet */
static napi_value HeldBytes(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_create_int64(env, held_bytes, &result);
  return result;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"hold", NULL, Hold, NULL, NULL, NULL, napi_enumerable, NULL},
      {"buffer", NULL, HoldBuffer, NULL, NULL, NULL, napi_enumerable, NULL},
      {"heldBytes", NULL, HeldBytes, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  return exports;
}
