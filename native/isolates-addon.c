#include "isolates-addon.h"
#include "allocator.h"
#include "isolates.h"

enum { LISTED_MAX = 1024 };

/* One whole number; false after throwing. */
static bool number_of(napi_env env, napi_callback_info info, const char *expected, int32_t *number) {
  napi_value arg;
  size_t count = 1;
  napi_get_cb_info(env, info, &count, &arg, NULL, NULL);
  if (count >= 1 && napi_get_value_int32(env, arg, number) == napi_ok)
    return true;
  napi_throw_type_error(env, NULL, expected);
  return false;
}

/* nameThread(threadId): as Node numbers the calling thread */
static napi_value NameThread(napi_env env, napi_callback_info info) {
  int32_t thread_id = 0;
  if (number_of(env, info, "nameThread(threadId) was expected", &thread_id))
    isolates_name(thread_id);
  return NULL;
}

/* answerThreads(change): so many more listen on the calling thread for questions of others */
static napi_value AnswerThreads(napi_env env, napi_callback_info info) {
  int32_t change = 0;
  if (number_of(env, info, "answerThreads(change) was expected", &change))
    isolates_answer(change);
  return NULL;
}

/* listThreads() → [threadId, answering, threadId, answering, …] | null: the threads in which this addon is
 * loaded */
static napi_value ListThreads(napi_env env, napi_callback_info info) {
  (void)info;
  struct isolate_thread threads[LISTED_MAX];
  napi_value result, value;
  const int count = isolates_list(threads, LISTED_MAX);
  if (count < 0) {
    napi_get_null(env, &result);
    return result;
  }
  napi_create_array(env, &result);
  for (int at = 0; at < count && at < LISTED_MAX; at++) {
    napi_create_int32(env, threads[at].thread_id, &value);
    napi_set_element(env, result, (uint32_t)(2 * at), value);
    napi_create_int32(env, threads[at].answering, &value);
    napi_set_element(env, result, (uint32_t)(2 * at + 1), value);
  }
  return result;
}

/* takeThreadsTurn() → boolean: one thread at a time asks the others */
static napi_value TakeTurn(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_get_boolean(env, isolates_take_turn(env), &result);
  return result;
}

/* giveThreadsTurn(): does nothing where another has it */
static napi_value GiveTurn(napi_env env, napi_callback_info info) {
  (void)info;
  isolates_give_turn(env);
  return NULL;
}

static void end_of_thread(void *env) {
  isolates_give_turn(env);
  isolates_leave();
}

void isolates_define(napi_env env, napi_value exports) {
  allocator_enter_thread();
  napi_add_env_cleanup_hook(env, end_of_thread, env);
  const napi_property_descriptor properties[] = {
      {"nameThread", NULL, NameThread, NULL, NULL, NULL, napi_enumerable, NULL},
      {"answerThreads", NULL, AnswerThreads, NULL, NULL, NULL, napi_enumerable, NULL},
      {"listThreads", NULL, ListThreads, NULL, NULL, NULL, napi_enumerable, NULL},
      {"takeThreadsTurn", NULL, TakeTurn, NULL, NULL, NULL, napi_enumerable, NULL},
      {"giveThreadsTurn", NULL, GiveTurn, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
}
