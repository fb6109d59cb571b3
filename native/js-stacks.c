#define _GNU_SOURCE
#include "js-stacks.h"

#if defined(__linux__) && defined(__x86_64__)
#include "allocator.h"
#include "js-hook.h"
#include "js-names.h"
#include "js-pool-jobs.h"
#include "js-pool.h"
#include "js-thread.h"
#include "js-unwind.h"
#include "js-v8.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

typedef void (*backtrace_hook)(void **frames, unsigned *length, unsigned most);

static const char HOOK[] = "experimental.hooks.prof_backtrace";

/* v8::CpuProfilingNamingMode, LoggingMode, Mode; GCType: mark-compact, the end of incremental marking, weak
 * callbacks. */
enum { NAMING_STANDARD = 0, LOGGING_EAGER = 1, CALLER_LINES = 1, MAJOR_GCS = 4 | 8 | 16 };
/* V8's own samples are not wanted: as few as its queue of collected ones allows. */
enum { INTERVAL_US = 1000000 };

static backtrace_hook own_hook_before;
static unsigned threads_on;
static pthread_mutex_t install_lock = PTHREAD_MUTEX_INITIALIZER;

static void on_major_gc(void *isolate, int type, int flags, void *thread) {
  (void)isolate, (void)type, (void)flags;
  ((struct js_thread *)thread)->epoch++;
}

static bool is_jemallocs(backtrace_hook other) {
  Dl_info one, two;
  return dladdr((void *)other, &one) != 0 && dladdr((void *)allocator_mallctl(), &two) != 0 &&
         one.dli_fbase == two.dli_fbase;
}

const char *js_stacks_unsupported(void) {
  backtrace_hook now = NULL;
  size_t size = sizeof now;
  const mallctl_fn mallctl = allocator_mallctl();
  if (mallctl == NULL || allocator_serves_malloc() == 0)
    return "the memory of this process is not jemalloc's";
  if (mallctl(HOOK, &now, &size, NULL, 0) != 0)
    return "this jemalloc has no hook for stacks (experimental.hooks.prof_backtrace): it takes 5.3 or later";
  if (now != js_hook && !is_jemallocs(now))
    return "something else in this process has taken jemalloc's hook for stacks";
  if (!native_unwind_find())
    return "nothing unwinds native stacks here: libgcc_s is missing";
  return js_v8_find();
}

/* Code that jemalloc calls must stay loaded, also where a worker alone loaded it and ends. */
static bool keep_loaded(void) {
  Dl_info info;
  return dladdr((void *)js_hook, &info) != 0 &&
         dlopen(info.dli_fname, RTLD_NOLOAD | RTLD_LAZY | RTLD_NODELETE) != NULL;
}

static const char *install_hook(void) {
  const char *reason = NULL;
  pthread_mutex_lock(&install_lock);
  if (threads_on == 0) {
    backtrace_hook own = js_hook;
    size_t size = sizeof own_hook_before;
    if (!js_hook_open())
      reason = "this kernel does not tell a fork's child from its parent (MADV_WIPEONFORK)";
    else if (!keep_loaded())
      reason = "the addon cannot be kept loaded";
    else if (allocator_mallctl()(HOOK, &own_hook_before, &size, &own, sizeof own) != 0)
      reason = "jemalloc was started without profiling";
  }
  if (reason == NULL)
    threads_on++;
  pthread_mutex_unlock(&install_lock);
  return reason;
}

static void remove_hook(void) {
  pthread_mutex_lock(&install_lock);
  if (--threads_on == 0) {
    allocator_mallctl()(HOOK, NULL, NULL, &own_hook_before, sizeof own_hook_before);
    js_pool_stop();
  }
  pthread_mutex_unlock(&install_lock);
}

static bool start_profile(struct js_thread *thread, void *title) {
  const struct profiling_result started =
      js_v8.start(thread->profiler, title, CALLER_LINES, true, UINT32_MAX);
  thread->profile_id = started.id;
  return started.status == 0;
}

const char *js_stacks_start(void *title, uint32_t thread_id, void *loop) {
  struct js_thread *thread = js_thread_own();
  const char *reason = js_stacks_unsupported();
  if (reason != NULL || (thread != NULL && thread->is_on))
    return reason;
  if (thread == NULL)
    return "there is no memory for it";
  thread->isolate = js_v8.current_isolate();
  thread->thread_id = thread_id;
  thread->loop = loop;
  if (thread->isolate == NULL || !js_hook_find_exit(thread->isolate))
    return "this V8 keeps its frames in a way that is not known";
  if (!js_thread_open(thread))
    return "there is no memory for it";
  reason = install_hook();
  if (reason != NULL) {
    js_thread_close(thread);
    return reason;
  }
  js_pool_start(loop);
  thread->is_busy = true;
  thread->epoch++;
  thread->profiler = js_v8.profiler_new(thread->isolate, NAMING_STANDARD, LOGGING_EAGER);
  js_v8.set_interval(thread->profiler, INTERVAL_US);
  thread->is_on = start_profile(thread, title);
  if (thread->is_on) {
    js_v8.add_gc_listener(thread->isolate, on_major_gc, thread, MAJOR_GCS);
  } else {
    js_v8.dispose(thread->profiler);
    js_thread_close(thread);
    remove_hook();
    reason = "V8's profiler did not start";
  }
  thread->is_busy = false;
  return reason;
}

/* The frames of one sample: of each call the line stands with what it called. */
static void note_stack(const struct pending *pending, const void *node) {
  struct js_frame frames[2 * JS_FRAMES_MOST];
  size_t count = 0;
  int line = 0, call_column = 0;
  const char *script = js_v8.script_name(node);
  if (pending->has_callback && (script == NULL || *script == '\0')) {
    line = js_v8.line(node);
    call_column = js_v8.column(node);
    node = js_v8.parent(node);
  }
  for (; node != NULL && js_v8.parent(node) != NULL && count < 2 * JS_FRAMES_MOST;
       node = js_v8.parent(node)) {
    const char *function = js_v8.function_name(node), *file = js_v8.script_name(node);
    if (function == NULL || strcmp(function, "(program)") != 0)
      frames[count++] = (struct js_frame){function == NULL || *function == '\0' ? "(anonymous)" : function,
                                          file == NULL ? "" : file, line, js_v8.column(node), call_column};
    line = js_v8.line(node);
    call_column = js_v8.column(node);
  }
  js_names_add(pending->id, frames, count);
}

/* Matches stacks with V8's samples by time; V8's clock is the same, and a microsecond ahead. */
static void note_names(struct js_thread *thread, const void *profile) {
  const int count = js_v8.sample_count(profile);
  int at = 0;
  for (uint32_t i = 0; i < thread->pending_count; i++) {
    const struct pending *pending = &thread->pending[i];
    const int64_t begin_us = pending->begin_ns / 1000, end_us = pending->end_ns / 1000 + 1;
    while (at < count && js_v8.sample_us(profile, at) < begin_us)
      at++;
    if (at < count && js_v8.sample_us(profile, at) <= end_us)
      note_stack(pending, js_v8.sample_at(profile, at++));
  }
  thread->pending_count = 0;
}

/* The end of the last profile is what has V8 work off its queue: the next one begins after it. */
static void take_names(struct js_thread *thread) {
  void *profile = js_v8.stop(thread->profiler, thread->profile_id);
  if (profile == NULL)
    return;
  note_names(thread, profile);
  js_v8.profile_delete(profile);
}

static void end(struct js_thread *thread) {
  thread->is_on = false;
  js_v8.remove_gc_listener(thread->isolate, on_major_gc, thread);
  js_v8.dispose(thread->profiler);
  js_thread_close(thread);
  remove_hook();
}

void js_stacks_resolve(void *title) {
  struct js_thread *thread = js_thread_get();
  if (thread == NULL || !thread->is_on || !js_hook_is_here())
    return;
  thread->is_busy = true;
  take_names(thread);
  /* A name that came too late must not stand for what comes. */
  thread->epoch++;
  if (!start_profile(thread, title))
    end(thread);
  thread->is_busy = false;
}

void js_stacks_stop(void) {
  struct js_thread *thread = js_thread_get();
  if (thread == NULL || !thread->is_on || !js_hook_is_here())
    return;
  thread->is_busy = true;
  take_names(thread);
  end(thread);
  thread->is_busy = false;
}

bool js_stacks_is_on(void) {
  const struct js_thread *thread = js_thread_get();
  return thread != NULL && thread->is_on;
}

uint32_t js_stacks_pending(void) {
  const struct js_thread *thread = js_thread_get();
  return thread == NULL ? 0 : thread->pending_count;
}

uint32_t js_stacks_scope(uint32_t scope) {
  struct js_thread *thread = js_thread_own();
  if (thread == NULL)
    return 0;
  const uint32_t before = thread->scope;
  thread->scope = scope;
  return before;
}

const char *js_stacks_pool_reason(void) { return js_pool_reason(); }

uint64_t js_stacks_forget(void) {
  js_hook_forget();
  pool_jobs_forget_past();
  return js_stacks_next();
}

bool js_stacks_under_way(struct index *ids) { return pool_jobs_stacks(ids); }

#else
#include <stddef.h>

const char *js_stacks_unsupported(void) {
  return "it takes Linux on x64: the frames of other systems and processors were not tried";
}
const char *js_stacks_start(void *title, uint32_t thread_id, void *loop) {
  (void)title, (void)thread_id, (void)loop;
  return js_stacks_unsupported();
}
void js_stacks_stop(void) {}
bool js_stacks_is_on(void) { return false; }
void js_stacks_resolve(void *title) { (void)title; }
uint64_t js_stacks_probe(void) { return 0; }
uint32_t js_stacks_pending(void) { return 0; }
uint64_t js_stacks_next(void) { return 0; }
const char *js_stacks_pool_reason(void) { return NULL; }
uint64_t js_stacks_forget(void) { return 0; }
bool js_stacks_under_way(struct index *ids) {
  (void)ids;
  return true;
}
uint32_t js_stacks_scope(uint32_t scope) {
  (void)scope;
  return 0;
}
struct js_counts js_stacks_counts(void) {
  return (struct js_counts){0};
}
#endif
