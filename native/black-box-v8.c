#define _GNU_SOURCE
#include "black-box-v8.h"

#ifdef __linux__
#include "black-box-loop.h"
#include "black-box-map.h"
#include "clock.h"
#include "locks.h"

#include <dlfcn.h>
#include <math.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* v8::HeapStatistics, a structure of words; test/profiling/black-box holds them against v8.getHeapStatistics.
 */
enum { WORD_TOTAL = 0, WORD_USED = 4, WORD_LIMIT = 5, WORD_EXTERNAL = 7, WORDS_MAX = 64 };
/* v8::GCType: all of them */
enum { GC_ALL = 31 };
/* v8::StackTrace::StackTraceOptions: lines, columns, scripts, functions, those of other contexts too */
enum { STACK_OPTIONS = 0x10f };

/* Between two readings of the heap, and between two questions to caches. */
static const double HEAP_EVERY_MS = 50, SIZES_EVERY_MS = 250;

/* v8::Location, which a register holds */
struct location {
  int line, column;
};

typedef void (*gc_callback)(void *isolate, int type, int flags, void *data);
typedef void (*interrupt_callback)(void *isolate, void *data);
typedef size_t (*limit_callback)(void *data, size_t limit, size_t initial);

/* Values of Node-API are V8's local handles. */
static struct {
  void *(*current)(void);
  void (*statistics)(void *isolate, size_t *words);
  void (*add_prologue)(void *isolate, gc_callback callback, void *data, int types);
  void (*add_epilogue)(void *isolate, gc_callback callback, void *data, int types);
  void (*remove_prologue)(void *isolate, gc_callback callback, void *data);
  void (*remove_epilogue)(void *isolate, gc_callback callback, void *data);
  void (*interrupt)(void *isolate, interrupt_callback callback, void *data);
  void (*add_limit)(void *isolate, limit_callback callback, void *data);
  void (*remove_limit)(void *isolate, limit_callback callback, size_t limit);
  napi_value (*stack)(void *isolate, int most, int options);
  int (*frame_count)(napi_value stack);
  napi_value (*frame)(napi_value stack, void *isolate, uint32_t index);
  struct location (*location)(napi_value frame);
  napi_value (*script)(napi_value frame);
  napi_value (*function)(napi_value frame);
} v8;

static const struct {
  size_t at;
  const char *name;
} NAMES[] = {
    {0, "_ZN2v87Isolate10GetCurrentEv"},
    {1, "_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE"},
    {2, "_ZN2v87Isolate21AddGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_"},
    {3, "_ZN2v87Isolate21AddGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_S2_"},
    {4, "_ZN2v87Isolate24RemoveGCPrologueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_"},
    {5, "_ZN2v87Isolate24RemoveGCEpilogueCallbackEPFvPS0_NS_6GCTypeENS_15GCCallbackFlagsEPvES4_"},
    {6, "_ZN2v87Isolate16RequestInterruptEPFvPS0_PvES2_"},
    {7, "_ZN2v87Isolate24AddNearHeapLimitCallbackEPFmPvmmES1_"},
    {8, "_ZN2v87Isolate27RemoveNearHeapLimitCallbackEPFmPvmmEm"},
    {9, "_ZN2v810StackTrace17CurrentStackTraceEPNS_7IsolateEiNS0_17StackTraceOptionsE"},
    {10, "_ZNK2v810StackTrace13GetFrameCountEv"},
    {11, "_ZNK2v810StackTrace8GetFrameEPNS_7IsolateEj"},
    {12, "_ZNK2v810StackFrame11GetLocationEv"},
    {13, "_ZNK2v810StackFrame24GetScriptNameOrSourceURLEv"},
    {14, "_ZNK2v810StackFrame15GetFunctionNameEv"},
};

static struct {
  void *isolate;
  napi_env env;
  napi_ref estimate;
  pid_t pid;
  bool watches_limit, is_estimating;
  void (*on_near_limit)(double limit);
  double sizes_at_ms;
  _Atomic double used, total, limit, external, heap_at_ms;
  _Atomic double gc_since_ms, gc_ms;
  _Atomic uint64_t stack;
  atomic_bool is_asked, with_sizes;
} state;

static bool find(void) {
  for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
    void *found = dlsym(RTLD_DEFAULT, NAMES[i].name);
    memcpy((char *)&v8 + NAMES[i].at * sizeof found, &found, sizeof found);
  }
  return v8.current != NULL;
}

const char *box_v8_no_stacks(void) {
  find();
  return v8.current == NULL || v8.interrupt == NULL || v8.stack == NULL || v8.frame_count == NULL ||
                 v8.frame == NULL || v8.location == NULL || v8.script == NULL || v8.function == NULL
             ? "this Node does not export V8's interrupts and stack traces"
             : NULL;
}

/* In a fork's child all of this goes on, and nothing of it is noted. */
static bool is_ours(void) { return state.isolate != NULL && state.pid == getpid(); }

static void read_heap(double now_ms) {
  size_t words[WORDS_MAX] = {0};
  if (v8.statistics == NULL || now_ms - atomic_load(&state.heap_at_ms) < HEAP_EVERY_MS)
    return;
  v8.statistics(state.isolate, words);
  atomic_store(&state.used, (double)words[WORD_USED]);
  atomic_store(&state.total, (double)words[WORD_TOTAL]);
  atomic_store(&state.limit, (double)words[WORD_LIMIT]);
  atomic_store(&state.external, (double)words[WORD_EXTERNAL]);
  atomic_store(&state.heap_at_ms, now_ms);
}

static void on_gc_begin(void *isolate, int type, int flags, void *data) {
  (void)isolate, (void)type, (void)flags, (void)data;
  atomic_store(&state.gc_since_ms, clock_now_ms());
}

static void on_gc_end(void *isolate, int type, int flags, void *data) {
  (void)isolate, (void)type, (void)flags, (void)data;
  const double now_ms = clock_now_ms(), since_ms = atomic_exchange(&state.gc_since_ms, 0);
  if (since_ms > 0)
    atomic_store(&state.gc_ms, atomic_load(&state.gc_ms) + now_ms - since_ms);
  if (is_ours())
    read_heap(now_ms);
}

/* V8 gives up after it: the limit stays. */
static size_t on_near_limit(void *data, size_t limit, size_t initial) {
  (void)data, (void)initial;
  if (is_ours() && state.on_near_limit != NULL)
    state.on_near_limit((double)limit);
  return limit;
}

/* The end of a text says more than its begin: of a path the file. A character is not cut. */
static uint16_t text_of(napi_value value, char *to, size_t room) {
  char text[1024];
  size_t length = 0;
  if (value == NULL || napi_get_value_string_utf8(state.env, value, text, sizeof text, &length) != napi_ok)
    return 0;
  size_t from = length > room ? length - room : 0;
  while (from > 0 && from < length && ((unsigned char)text[from] & 0xc0) == 0x80)
    from++;
  memcpy(to, text + from, length - from);
  return (uint16_t)(length - from);
}

static uint32_t frame_number(napi_value frame) {
  struct box_frame record = {0};
  const struct location at = v8.location(frame);
  record.line = (uint32_t)(at.line + 1);
  record.column = (uint32_t)(at.column + 1);
  record.function_length = text_of(v8.function(frame), record.function, sizeof record.function);
  record.script_length = text_of(v8.script(frame), record.script, sizeof record.script);
  return box_frame_number(&record);
}

static void read_stack(double now_ms) {
  struct box_stack record = {.mono_ms = now_ms};
  const napi_value stack = v8.stack(state.isolate, BOX_STACK_DEPTH, STACK_OPTIONS);
  const int count = stack == NULL ? 0 : v8.frame_count(stack);
  for (int i = 0; i < count && i < BOX_STACK_DEPTH; i++)
    record.frames[i] = frame_number(v8.frame(stack, state.isolate, (uint32_t)i));
  if (count > 0)
    atomic_store(&state.stack, box_write_stack(&record));
}

/* What a cache's own method throws is nobody's. */
static void estimate(void) {
  napi_value function, receiver, thrown;
  if (state.estimate == NULL || state.is_estimating)
    return;
  state.is_estimating = true;
  if (napi_get_reference_value(state.env, state.estimate, &function) == napi_ok &&
      napi_get_undefined(state.env, &receiver) == napi_ok &&
      napi_call_function(state.env, receiver, function, 0, NULL, NULL) == napi_pending_exception)
    napi_get_and_clear_last_exception(state.env, &thrown);
  state.is_estimating = false;
}

/* Between two statements of whatever runs. */
static void on_interrupt(void *isolate, void *data) {
  (void)data;
  napi_handle_scope scope;
  if (is_ours() && isolate == state.isolate && box_map_is_ours() &&
      napi_open_handle_scope(state.env, &scope) == napi_ok) {
    const double now_ms = clock_now_ms();
    read_stack(now_ms);
    read_heap(now_ms);
    if (atomic_exchange(&state.with_sizes, false) && now_ms - state.sizes_at_ms >= SIZES_EVERY_MS) {
      state.sizes_at_ms = now_ms;
      estimate();
    }
    napi_close_handle_scope(state.env, scope);
  }
  atomic_store(&state.is_asked, false);
}

/* A run of the library reads in turns of its own, which nothing should disturb; one that lasts may be the
 * last. */
void box_v8_interrupt(bool with_sizes, bool is_urgent) {
  if (with_sizes)
    atomic_store(&state.with_sizes, true);
  if (state.isolate == NULL || box_v8_no_stacks() != NULL || (lock_is_taken(LOCK_RUN) && !is_urgent) ||
      atomic_exchange(&state.is_asked, true))
    return;
  v8.interrupt(state.isolate, on_interrupt, NULL);
}

void box_v8_open(napi_env env, napi_value estimate_function, bool watches_limit,
                 void (*near_limit)(double limit)) {
  state.env = env;
  state.pid = getpid();
  state.on_near_limit = near_limit;
  state.estimate = NULL;
  if (estimate_function != NULL)
    napi_create_reference(env, estimate_function, 1, &state.estimate);
  atomic_store(&state.used, NAN);
  atomic_store(&state.total, NAN);
  atomic_store(&state.limit, NAN);
  atomic_store(&state.external, NAN);
  atomic_store(&state.heap_at_ms, -1e9);
  atomic_store(&state.stack, 0);
  atomic_store(&state.gc_ms, 0);
  atomic_store(&state.gc_since_ms, 0);
  if (!find())
    return;
  state.isolate = v8.current();
  if (v8.add_prologue != NULL && v8.add_epilogue != NULL && v8.remove_prologue != NULL &&
      v8.remove_epilogue != NULL) {
    v8.add_prologue(state.isolate, on_gc_begin, NULL, GC_ALL);
    v8.add_epilogue(state.isolate, on_gc_end, NULL, GC_ALL);
  }
  state.watches_limit = watches_limit && v8.add_limit != NULL && v8.remove_limit != NULL;
  if (state.watches_limit)
    v8.add_limit(state.isolate, on_near_limit, NULL);
  read_heap(clock_now_ms());
}

void box_v8_close(void) {
  if (state.isolate == NULL)
    return;
  if (v8.add_prologue != NULL && v8.add_epilogue != NULL && v8.remove_prologue != NULL &&
      v8.remove_epilogue != NULL) {
    v8.remove_prologue(state.isolate, on_gc_begin, NULL);
    v8.remove_epilogue(state.isolate, on_gc_end, NULL);
  }
  if (state.watches_limit)
    v8.remove_limit(state.isolate, on_near_limit, 0);
  if (state.estimate != NULL)
    napi_delete_reference(state.env, state.estimate);
  state.estimate = NULL;
  state.isolate = NULL;
}

void box_v8_turned(double now_ms) {
  if (is_ours())
    read_heap(now_ms);
}

void box_v8_figures(double figures[BOX_FIGURE_COUNT], uint64_t *stack) {
  const double now_ms = clock_now_ms(), gc_since_ms = atomic_load(&state.gc_since_ms);
  figures[BOX_HEAP_USED] = atomic_load(&state.used);
  figures[BOX_HEAP_TOTAL] = atomic_load(&state.total);
  figures[BOX_HEAP_LIMIT] = atomic_load(&state.limit);
  figures[BOX_EXTERNAL] = atomic_load(&state.external);
  figures[BOX_HEAP_AT_MS] = atomic_load(&state.heap_at_ms);
  figures[BOX_BLOCKED_MS] = box_loop_blocked_ms(now_ms);
  figures[BOX_GC_MS] = atomic_load(&state.gc_ms) + (gc_since_ms > 0 ? now_ms - gc_since_ms : 0);
  figures[BOX_IN_GC_MS] = gc_since_ms > 0 ? now_ms - gc_since_ms : 0;
  *stack = atomic_load(&state.stack);
}
#endif
