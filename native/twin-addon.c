/* The Node-API face of twin.c and twin-child.c. */
#include "twin-addon.h"
#include "finalizers.h"
#include "heap-values.h"
#include "major-gc-addon.h"
#include "major-gc.h"
#include "purge.h"
#include "twin-child.h"
#include "twin-exit.h"
#include "young-pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/wait.h>
#endif

/* twinFacts() → { libc: string | null, signalSlots: number, canConfine: boolean, tellsMajorGcs: boolean,
 * runsFinalizers: boolean } */
static napi_value TwinFacts(napi_env env, napi_callback_info info) {
  (void)info;
  struct twin_facts facts;
  napi_value result, value;
  twin_facts(&facts);
  napi_create_object(env, &result);
  if (facts.libc == NULL)
    napi_get_null(env, &value);
  else
    napi_create_string_utf8(env, facts.libc, NAPI_AUTO_LENGTH, &value);
  napi_set_named_property(env, result, "libc", value);
  value_set_number(env, result, "signalSlots", facts.signal_slots);
  napi_get_boolean(env, facts.can_confine, &value);
  napi_set_named_property(env, result, "canConfine", value);
  napi_get_boolean(env, facts.tells_major_gcs, &value);
  napi_set_named_property(env, result, "tellsMajorGcs", value);
  napi_get_boolean(env, finalizers_can_run(), &value);
  napi_set_named_property(env, result, "runsFinalizers", value);
  return result;
}

static napi_value throw_step(napi_env env, const char *step, int number) {
  char code[16], message[128];
  snprintf(code, sizeof code, "%d", number);
  snprintf(message, sizeof message, "%s: %s", step, strerror(number));
  napi_throw_error(env, code, message);
  return NULL;
}

/* An object that is made now: its page is the one that V8 fills. 0 where there is none. */
static uint64_t new_object(napi_env env) {
  napi_value object;
  return napi_create_object(env, &object) == napi_ok ? value_tagged(object) : 0;
}

/* That page, where it is the only one that holds anything: `young_bytes` are in use, negative where they are
 * more than it has room for. */
static uintptr_t only_page(napi_env env, int32_t young_bytes) {
  if (young_bytes < 0 || !young_pages_are_known())
    return 0;
  const uint64_t object = new_object(env);
  if (!young_page_is_used(young_page_of(object)))
    return 0;
  young_pages_note_object(object, (size_t)young_bytes);
  return young_page_of(object);
}

/* An array of so many elements lies in a page of its own; what it holds them in is its third word. */
static bool see_large(napi_env env, struct young_page_words *words) {
  enum { LENGTH = 50000, ELEMENTS = 2 };
  napi_value array;
  if (napi_create_array_with_length(env, LENGTH, &array) != napi_ok)
    return false;
  const uint64_t elements = ((const uint64_t *)(value_tagged(array) - 1))[ELEMENTS];
  *words = young_page_read(young_page_of(elements));
  return true;
}

/* twinLearnYoungPages(scavenge: () => void) → whether it is known which pages of the young generation are
 * empty. V8 must not be marking. */
static napi_value TwinLearnYoungPages(napi_env env, napi_callback_info info) {
  napi_value scavenge, global, result;
  size_t count = 1;
  napi_valuetype type = napi_undefined;
  napi_get_cb_info(env, info, &count, &scavenge, NULL, NULL);
  if (count < 1 || napi_typeof(env, scavenge, &type) != napi_ok || type != napi_function) {
    napi_throw_type_error(env, NULL, "twinLearnYoungPages(scavenge) was expected");
    return NULL;
  }
#ifdef __linux__
  struct young_pages_seen seen = {0};
  napi_get_global(env, &global);
  bool is_seen = !young_pages_are_known() && see_large(env, &seen.large);
  for (int time = 0; is_seen && time < 2; time++) {
    const uintptr_t page = young_page_of(new_object(env));
    if (page == 0)
      break;
    seen.used[time] = young_page_read(page);
    is_seen = napi_call_function(env, global, scavenge, 0, NULL, &result) == napi_ok;
    seen.emptied[time] = young_page_read(page);
  }
  if (is_seen)
    young_pages_learn(&seen);
  napi_get_boolean(env, young_pages_are_known(), &result);
#else
  (void)global;
  napi_get_boolean(env, false, &result);
#endif
  return result;
}

/* The child's whole life: nothing that stood on the stack at the fork is ever returned to. */
static void live(napi_env env, napi_value run) {
  napi_value global, result;
  napi_get_global(env, &global);
  const napi_status status = napi_call_function(env, global, run, 0, NULL, &result);
  _exit(status == napi_ok ? 0 : TWIN_EXIT_THROWN);
}

/* twinOpenHeap(): V8's heap is given to forks from now on */
static napi_value TwinOpenHeap(napi_env env, napi_callback_info info) {
  (void)info;
  const char *step = "a twin makes no twins";
  const int failed = twin_is_child() ? ECHILD : twin_open_heap(&step);
  return failed == 0 ? NULL : throw_step(env, step, failed);
}

/* twinCloseHeap(): and kept from them again */
static napi_value TwinCloseHeap(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  if (!twin_is_child())
    twin_close_heap();
  return NULL;
}

/* twinFork(run: () => void, keepFd: number, alarmSeconds: number, busyThreads: Int32Array, diesFirst:
 * boolean, youngBytes: number) → in the parent { pid, fd, scanMs, forkMs }; in the child `run` is called
 * and the process ends after it. */
static napi_value TwinFork(napi_env env, napi_callback_info info) {
  napi_value args[6], result;
  size_t count = 6;
  napi_valuetype type = napi_undefined;
  napi_typedarray_type busy_type = napi_uint8_array;
  void *busy = NULL;
  int32_t young_bytes = -1;
  struct twin_order order = {.keep_fd = -1};
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  if (count < 6 || napi_typeof(env, args[0], &type) != napi_ok || type != napi_function ||
      napi_get_value_int32(env, args[1], &order.keep_fd) != napi_ok ||
      napi_get_value_uint32(env, args[2], &order.alarm_s) != napi_ok ||
      napi_get_typedarray_info(env, args[3], &busy_type, &order.busy_count, &busy, NULL, NULL) != napi_ok ||
      busy_type != napi_int32_array || napi_get_value_bool(env, args[4], &order.dies_first) != napi_ok ||
      napi_get_value_int32(env, args[5], &young_bytes) != napi_ok) {
    napi_throw_type_error(
        env, NULL, "twinFork(run, keepFd, alarmSeconds, busyThreads, diesFirst, youngBytes) was expected");
    return NULL;
  }
  if (twin_is_child()) {
    napi_throw_error(env, NULL, "a twin makes no twins");
    return NULL;
  }
  struct twin_forked forked = {0};
  order.busy = busy;
#ifdef __linux__
  order.filling = only_page(env, young_bytes);
#endif
  const int failed = twin_fork(&forked, &order);
  if (failed != 0)
    return throw_step(env, forked.step, failed);
  if (forked.pid == 0)
    live(env, args[0]);
  napi_create_object(env, &result);
  value_set_number(env, result, "pid", forked.pid);
  value_set_number(env, result, "fd", forked.fd);
  value_set_number(env, result, "scanMs", forked.scan_ms);
  value_set_number(env, result, "forkMs", forked.fork_ms);
  return result;
}

/* twinWrite(text): in a twin, to its parent */
static napi_value TwinWrite(napi_env env, napi_callback_info info) {
  napi_value text;
  size_t count = 1, length = 0;
  napi_get_cb_info(env, info, &count, &text, NULL, NULL);
  if (!twin_is_child() || count < 1 || napi_get_value_string_utf8(env, text, NULL, 0, &length) != napi_ok) {
    napi_throw_type_error(env, NULL, "twinWrite(text) was expected, in a twin");
    return NULL;
  }
  char *bytes = malloc(length + 1);
  if (bytes == NULL)
    _exit(TWIN_EXIT_THROWN);
  napi_get_value_string_utf8(env, text, bytes, length + 1, &length);
  twin_write(bytes, length);
  free(bytes);
  return NULL;
}

/* twinExit(code): in a twin, ends it at once, without any handler of the service */
static napi_value TwinExit(napi_env env, napi_callback_info info) {
  napi_value arg;
  size_t count = 1;
  int32_t code = 0;
  napi_get_cb_info(env, info, &count, &arg, NULL, NULL);
  if (!twin_is_child() || count < 1 || napi_get_value_int32(env, arg, &code) != napi_ok) {
    napi_throw_type_error(env, NULL, "twinExit(code) was expected, in a twin");
    return NULL;
  }
  _exit(code);
}

/* twinDumpProfile(): in a twin, jemalloc's heap profile into the descriptor that was kept */
static napi_value TwinDumpProfile(napi_env env, napi_callback_info info) {
  (void)info;
  const int failed = twin_dump_profile();
  return failed == 0 ? NULL : throw_step(env, "prof.dump", failed);
}

/* twinPurge(isHeap) → whether it could be done: in a twin, V8's or the allocator's freed pages go back to the
 * system */
static napi_value TwinPurge(napi_env env, napi_callback_info info) {
  napi_value arg, result;
  size_t count = 1;
  bool is_heap = false;
  napi_get_cb_info(env, info, &count, &arg, NULL, NULL);
  if (!twin_is_child() || count < 1 || napi_get_value_bool(env, arg, &is_heap) != napi_ok) {
    napi_throw_type_error(env, NULL, "twinPurge(isHeap) was expected, in a twin");
    return NULL;
  }
  napi_get_boolean(env, is_heap ? purge_heap() : purge_allocator(), &result);
  return result;
}

/* twinReap(pid) → null while it runs, else { code: number | null, signal: number | null }; both null: already
 * gone */
static napi_value TwinReap(napi_env env, napi_callback_info info) {
  napi_value pid_value, result, null;
  size_t count = 1;
  int32_t pid = 0;
  int status = 0;
  napi_get_cb_info(env, info, &count, &pid_value, NULL, NULL);
  if (count < 1 || napi_get_value_int32(env, pid_value, &pid) != napi_ok || pid <= 0) {
    napi_throw_type_error(env, NULL, "twinReap(pid) was expected");
    return NULL;
  }
  napi_get_null(env, &null);
  const int ended = twin_reap(pid, &status);
  if (ended == 0)
    return null;
  napi_create_object(env, &result);
  napi_set_named_property(env, result, "code", null);
  napi_set_named_property(env, result, "signal", null);
#ifdef __linux__
  if (ended == 1 && WIFEXITED(status))
    value_set_number(env, result, "code", WEXITSTATUS(status));
  if (ended == 1 && WIFSIGNALED(status))
    value_set_number(env, result, "signal", WTERMSIG(status));
#endif
  return result;
}

static void end_of_thread(void *data) {
  (void)data;
  if (twin_is_child())
    return;
  twin_end_of_thread();
  major_gcs_end_of_thread();
}

void twin_define(napi_env env, napi_value exports) {
  napi_add_env_cleanup_hook(env, end_of_thread, env);
  const napi_property_descriptor properties[] = {
      {"twinFacts", NULL, TwinFacts, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinOpenHeap", NULL, TwinOpenHeap, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinCloseHeap", NULL, TwinCloseHeap, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinLearnYoungPages", NULL, TwinLearnYoungPages, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinFork", NULL, TwinFork, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinWrite", NULL, TwinWrite, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinExit", NULL, TwinExit, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinDumpProfile", NULL, TwinDumpProfile, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinPurge", NULL, TwinPurge, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinReap", NULL, TwinReap, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  major_gc_define(env, exports);
}
