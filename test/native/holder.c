/* An addon in plain C that holds memory in each of the ways in which addons do: from its own data, behind a
 * wrapped object without a finalizer, behind an external with one; and memory that it has lost. */
#include <node_api.h>
#include <stdlib.h>
#include <string.h>

struct link {
  struct link *next;
};

static struct link *chain;

static void *filled(size_t bytes) {
  void *memory = malloc(bytes);
  if (memory != NULL)
    memset(memory, 1, bytes);
  return memory;
}

static void forget(napi_env env, void *data, void *hint) {
  (void)env, (void)hint;
  free(data);
}

static uint32_t number(napi_env env, napi_value value) {
  uint32_t result = 0;
  napi_get_value_uint32(env, value, &result);
  return result;
}

static size_t arguments(napi_env env, napi_callback_info info, napi_value args[2]) {
  size_t count = 2;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  return count;
}

/* chain(count, bytes) */
static napi_value Chain(napi_env env, napi_callback_info info) {
  napi_value args[2];
  arguments(env, info, args);
  for (uint32_t left = number(env, args[0]); left > 0; left--) {
    struct link *link = filled(number(env, args[1]));
    link->next = chain;
    chain = link;
  }
  return NULL;
}

/* wrap(object, bytes) */
static napi_value Wrap(napi_env env, napi_callback_info info) {
  napi_value args[2];
  arguments(env, info, args);
  napi_wrap(env, args[0], filled(number(env, args[1])), NULL, NULL, NULL);
  return args[0];
}

/* external(bytes) */
static napi_value External(napi_env env, napi_callback_info info) {
  napi_value args[2], result;
  arguments(env, info, args);
  napi_create_external(env, filled(number(env, args[0])), forget, NULL, &result);
  return result;
}

/* lose(count, bytes): nothing leads to it any more */
static napi_value Lose(napi_env env, napi_callback_info info) {
  napi_value args[2];
  arguments(env, info, args);
  for (uint32_t left = number(env, args[0]); left > 0; left--) {
    void *volatile lost = filled(number(env, args[1]));
    lost = NULL;
    (void)lost;
  }
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"chain", NULL, Chain, NULL, NULL, NULL, napi_default, NULL},
      {"wrap", NULL, Wrap, NULL, NULL, NULL, napi_default, NULL},
      {"external", NULL, External, NULL, NULL, NULL, napi_default, NULL},
      {"lose", NULL, Lose, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  return exports;
}
