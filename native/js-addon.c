/* The Node-API face of js-stacks.c and js-names.c; other systems than Linux have none of it. */
#include "js-addon.h"

#ifdef __linux__
#include "js-names.h"
#include "js-stacks.h"
#include "js-tokens.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static napi_value text_or_null(napi_env env, const char *text) {
  napi_value value;
  if (text == NULL)
    napi_get_null(env, &value);
  else
    napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &value);
  return value;
}

static napi_value number_of(napi_env env, double number) {
  napi_value value;
  napi_create_double(env, number, &value);
  return value;
}

static uint32_t first_uint32(napi_env env, napi_callback_info info) {
  napi_value argument;
  size_t count = 1;
  uint32_t value = 0;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  if (count > 0)
    napi_get_value_uint32(env, argument, &value);
  return value;
}

/* V8 takes a title once. A value of Node-API is what V8 calls a local handle. */
static void *new_title(napi_env env) {
  static _Atomic unsigned titles;
  char text[48];
  napi_value title = NULL;
  snprintf(text, sizeof text, "cache-attribution %u", titles++);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &title);
  return title;
}

/* unsupported() → string | null */
static napi_value Unsupported(napi_env env, napi_callback_info info) {
  (void)info;
  return text_or_null(env, js_stacks_unsupported());
}

static void stop_at_end(void *data) {
  (void)data;
  js_stacks_stop();
}

/* start(threadId) → string | null: in the calling thread; why it does not */
static napi_value Start(napi_env env, napi_callback_info info) {
  const bool was_on = js_stacks_is_on();
  struct uv_loop_s *loop = NULL;
  napi_get_uv_event_loop(env, &loop);
  const char *reason = js_stacks_start(new_title(env), first_uint32(env, info), loop);
  /* V8 must not end while its profiler runs. */
  if (reason == NULL && !was_on)
    napi_add_env_cleanup_hook(env, stop_at_end, env);
  return text_or_null(env, reason);
}

/* stop() */
static napi_value Stop(napi_env env, napi_callback_info info) {
  (void)info;
  if (js_stacks_is_on())
    napi_remove_env_cleanup_hook(env, stop_at_end, env);
  js_stacks_stop();
  return NULL;
}

/* isOn() → boolean */
static napi_value IsOn(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value value;
  napi_get_boolean(env, js_stacks_is_on(), &value);
  return value;
}

/* resolve() */
static napi_value Resolve(napi_env env, napi_callback_info info) {
  (void)info;
  js_stacks_resolve(new_title(env));
  return NULL;
}

/* pending() → number */
static napi_value Pending(napi_env env, napi_callback_info info) {
  (void)info;
  return number_of(env, js_stacks_pending());
}

/* probe() → number */
static napi_value Probe(napi_env env, napi_callback_info info) {
  (void)info;
  return number_of(env, (double)js_stacks_probe());
}

/* scope(number) → number */
static napi_value Scope(napi_env env, napi_callback_info info) {
  return number_of(env, js_stacks_scope(first_uint32(env, info)));
}

/* counts() → [stacks, lost, direct, collections, names] */
static napi_value Counts(napi_env env, napi_callback_info info) {
  (void)info;
  const struct js_counts counts = js_stacks_counts();
  const double numbers[] = {counts.stacks, counts.lost, counts.direct, counts.collections,
                            (double)js_names_count()};
  napi_value array;
  napi_create_array(env, &array);
  for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    napi_set_element(env, array, i, number_of(env, numbers[i]));
  return array;
}

/* Tokens of a dump, and those that were issued since it was begun. */
struct kept {
  struct index ids;
  uint64_t from;
};

static bool is_in_dump(uint64_t id, void *data) {
  return index_get(&((struct kept *)data)->ids, id) != INDEX_NONE;
}

static bool is_kept(uint64_t id, void *data) {
  return id >= ((struct kept *)data)->from || is_in_dump(id, data);
}

static bool is_one(uint64_t id, void *data) { return id == *(const uint64_t *)data; }

static napi_value take_text(napi_env env, char *text, size_t length) {
  napi_value value;
  if (text == NULL)
    return text_or_null(env, NULL);
  napi_create_string_utf8(env, text, length, &value);
  free(text);
  return value;
}

/* names(descriptor) → string | null: the names of the tokens that the dump in this file has */
static napi_value Names(napi_env env, napi_callback_info info) {
  struct kept kept = {0};
  size_t length = 0;
  char *text = NULL;
  if (js_tokens_read((int)first_uint32(env, info), &kept.ids))
    text = js_names_text(is_in_dump, &kept, &length);
  index_free(&kept.ids);
  return take_text(env, text, length);
}

/* nameOf(id) → string | null */
static napi_value NameOf(napi_env env, napi_callback_info info) {
  uint64_t id = first_uint32(env, info);
  size_t length = 0;
  char *text = js_names_text(is_one, &id, &length);
  return take_text(env, text, length);
}

/* forget(descriptor, from): forgets names that are neither in the dump nor of tokens from `from` on
 */
static napi_value Forget(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  size_t count = 2;
  double descriptor = -1, from = 0;
  struct kept kept = {0};
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  if (count < 2 || napi_get_value_double(env, arguments[0], &descriptor) != napi_ok ||
      napi_get_value_double(env, arguments[1], &from) != napi_ok) {
    napi_throw_type_error(env, NULL, "a descriptor and a number were expected");
    return NULL;
  }
  kept.from = (uint64_t)from;
  if (js_tokens_read((int)descriptor, &kept.ids) && js_stacks_under_way(&kept.ids))
    js_names_forget(is_kept, &kept);
  index_free(&kept.ids);
  return NULL;
}

/* beginForgetting() → number: what forget() takes as `from`, of a dump that is begun after it */
static napi_value BeginForgetting(napi_env env, napi_callback_info info) {
  (void)info;
  return number_of(env, (double)js_stacks_forget());
}

/* poolReason() → string | null */
static napi_value PoolReason(napi_env env, napi_callback_info info) {
  (void)info;
  return text_or_null(env, js_stacks_pool_reason());
}

void js_define(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"unsupported", NULL, Unsupported, NULL, NULL, NULL, napi_default, NULL},
      {"start", NULL, Start, NULL, NULL, NULL, napi_default, NULL},
      {"stop", NULL, Stop, NULL, NULL, NULL, napi_default, NULL},
      {"isOn", NULL, IsOn, NULL, NULL, NULL, napi_default, NULL},
      {"resolve", NULL, Resolve, NULL, NULL, NULL, napi_default, NULL},
      {"pending", NULL, Pending, NULL, NULL, NULL, napi_default, NULL},
      {"probe", NULL, Probe, NULL, NULL, NULL, napi_default, NULL},
      {"scope", NULL, Scope, NULL, NULL, NULL, napi_default, NULL},
      {"counts", NULL, Counts, NULL, NULL, NULL, napi_default, NULL},
      {"names", NULL, Names, NULL, NULL, NULL, napi_default, NULL},
      {"nameOf", NULL, NameOf, NULL, NULL, NULL, napi_default, NULL},
      {"forget", NULL, Forget, NULL, NULL, NULL, napi_default, NULL},
      {"beginForgetting", NULL, BeginForgetting, NULL, NULL, NULL, napi_default, NULL},
      {"poolReason", NULL, PoolReason, NULL, NULL, NULL, napi_default, NULL},
  };
  napi_value object;
  napi_create_object(env, &object);
  napi_define_properties(env, object, sizeof properties / sizeof *properties, properties);
  napi_set_named_property(env, exports, "javaScriptStacks", object);
}
#else
void js_define(napi_env env, napi_value exports) { (void)env, (void)exports; }
#endif
