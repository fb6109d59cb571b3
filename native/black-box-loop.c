#define _GNU_SOURCE
#include "black-box-loop.h"

#ifdef __linux__
#include "clock.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>
#include <uv.h>

/* Between two questions to a loop that sleeps. */
static const double ASLEEP_MS = 1000;

static struct {
  __typeof__(&uv_async_init) init;
  __typeof__(&uv_async_send) send;
  __typeof__(&uv_unref) unref;
  __typeof__(&uv_close) close;
} uv;

static const struct {
  void *function;
  const char *name;
} NAMES[] = {{&uv.init, "uv_async_init"},
             {&uv.send, "uv_async_send"},
             {&uv.unref, "uv_unref"},
             {&uv.close, "uv_close"}};

static struct {
  uv_async_t *question;
  napi_env env;
  napi_ref on_near;
  void (*on_turn)(double now_ms);
  pid_t pid;
  _Atomic double asked_ms; /* 0 where no answer is awaited */
  _Atomic double turned_ms;
  atomic_bool is_called;
} loop;

/* A runtime whose loop is another has none of them, or not all. */
static bool find(void) {
  bool is_whole = true;
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    void *found = dlsym(RTLD_DEFAULT, NAMES[i].name);
    memcpy(NAMES[i].function, &found, sizeof found);
    is_whole = is_whole && found != NULL;
  }
  return is_whole;
}

static void call_near(void) {
  napi_handle_scope scope;
  napi_value function, receiver, thrown;
  if (loop.on_near == NULL || napi_open_handle_scope(loop.env, &scope) != napi_ok)
    return;
  if (napi_get_reference_value(loop.env, loop.on_near, &function) == napi_ok &&
      napi_get_global(loop.env, &receiver) == napi_ok &&
      napi_make_callback(loop.env, NULL, receiver, function, 0, NULL, NULL) == napi_pending_exception)
    napi_get_and_clear_last_exception(loop.env, &thrown);
  napi_close_handle_scope(loop.env, scope);
}

static void on_question(uv_async_t *question) {
  (void)question;
  if (loop.question == NULL || loop.pid != getpid())
    return;
  const double now_ms = clock_now_ms();
  box_loop_turned(now_ms);
  loop.on_turn(now_ms);
  if (atomic_exchange(&loop.is_called, false))
    call_near();
}

bool box_loop_open(napi_env env, napi_value on_near, void (*on_turn)(double now_ms)) {
  struct uv_loop_s *of_env = NULL;
  const double now_ms = clock_now_ms();
  loop.env = env;
  loop.on_turn = on_turn;
  loop.pid = getpid();
  loop.on_near = NULL;
  loop.question = NULL;
  atomic_store(&loop.is_called, false);
  atomic_store(&loop.turned_ms, now_ms);
  /* The first answer comes with the first turn after the opening. */
  atomic_store(&loop.asked_ms, now_ms);
  if (!find() || napi_get_uv_event_loop(env, &of_env) != napi_ok || of_env == NULL)
    return false;
  uv_async_t *question = calloc(1, sizeof *question);
  if (question == NULL || uv.init(of_env, question, on_question) != 0) {
    free(question);
    return false;
  }
  if (on_near != NULL)
    napi_create_reference(env, on_near, 1, &loop.on_near);
  uv.unref((uv_handle_t *)question);
  loop.question = question;
  uv.send(question);
  return true;
}

static void free_question(uv_handle_t *question) { free(question); }

void box_loop_close(void) {
  if (loop.question != NULL)
    uv.close((uv_handle_t *)loop.question, free_question);
  loop.question = NULL;
  if (loop.on_near != NULL)
    napi_delete_reference(loop.env, loop.on_near);
  loop.on_near = NULL;
}

void box_loop_turned(double now_ms) {
  atomic_store(&loop.turned_ms, now_ms);
  atomic_store(&loop.asked_ms, loop.question == NULL ? now_ms : 0);
}

void box_loop_ask(double now_ms, bool has_computed) {
  if (loop.question == NULL || atomic_load(&loop.asked_ms) > 0 ||
      (!has_computed && now_ms - atomic_load(&loop.turned_ms) < ASLEEP_MS))
    return;
  atomic_store(&loop.asked_ms, now_ms);
  uv.send(loop.question);
}

void box_loop_call(void) {
  if (loop.question == NULL)
    return;
  atomic_store(&loop.is_called, true);
  uv.send(loop.question);
}

double box_loop_blocked_ms(double now_ms) {
  const double asked_ms = atomic_load(&loop.asked_ms);
  return asked_ms > 0 && now_ms > asked_ms ? now_ms - asked_ms : 0;
}
#endif
