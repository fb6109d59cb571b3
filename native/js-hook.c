#define _GNU_SOURCE
#include "js-hook.h"

#if defined(__linux__) && defined(__x86_64__)
#include "js-names.h"
#include "js-pool.h"
#include "js-stacks.h"
#include "js-unwind.h"
#include "js-v8.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

/* Frames of JavaScript: as many as V8's profiler records, so that equal ones have equal names. */
enum { TOKENS_MOST = 8, NATIVE_LEAST = 8 };

static _Atomic uint64_t next_id = 1;
static _Atomic uint64_t stacks, lost, direct, collections;
static _Atomic uint32_t times_forgotten;
static volatile int *is_parent; /* in a page that a fork's child finds zeroed */
static void *callback;          /* the address of a callback that V8's map of code has */
static int exit_offset = -1;    /* of the isolate's c_entry_fp */

static int64_t now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static uint64_t token(uint64_t kind, uint64_t number) { return kind << TOKEN_SHIFT | number; }

static uint64_t hash_of(void *const *frames, size_t count) {
  uint64_t hash = 1469598103934665603ull;
  for (size_t i = 0; i < count; i++) {
    hash = (hash ^ (uintptr_t)frames[i]) * 0x9e3779b97f4a7c15ull;
    hash ^= hash >> 29;
  }
  return hash;
}

/* The frame through which compiled code of this isolate called C; 0 where it did not, or not through one. */
static const uintptr_t *exit_frame(const struct js_thread *thread, uintptr_t here) {
  const uintptr_t frame = *(const uintptr_t *)((const char *)thread->isolate + exit_offset);
  return frame > here && frame < thread->stack_high && frame % 8 == 0 ? (const uintptr_t *)frame : NULL;
}

static bool is_collectable(const struct native_walk *walk) {
  for (unsigned i = 0; i < walk->count; i++)
    if (js_v8_holds_lock((uintptr_t)walk->frames[i]))
      return false;
  return true;
}

/* Has V8's profiler note the stack. The innermost line is told of the caller of a callback alone: the return
 * address out of compiled code stands for one meanwhile. */
static void collect(struct js_thread *thread, uint64_t id, const uintptr_t *frame, bool has_callback) {
  volatile uintptr_t *returns_to = (volatile uintptr_t *)(frame[-2] - sizeof *frame);
  const uintptr_t before = *returns_to;
  struct pending *pending = &thread->pending[thread->pending_count++];
  const bool is_replaced = callback != NULL && !has_callback;
  if (is_replaced)
    *returns_to = (uintptr_t)callback;
  pending->begin_ns = now_ns();
  if (js_v8.collect_traced != NULL)
    js_v8.collect_traced(thread->isolate, (struct optional_trace){0, false});
  else
    js_v8.collect(thread->isolate);
  pending->end_ns = now_ns();
  *returns_to = before;
  pending->id = id;
  pending->has_callback = has_callback || is_replaced;
}

static uint64_t lost_token(void) {
  lost++;
  return token(TOKEN_MARK, MARK_LOST);
}

/* A stack of JavaScript as V8 reads it: raw addresses. */
struct raw_stack {
  void *frames[JS_FRAMES_MOST];
  struct sample_info info;
  const uintptr_t *exit; /* the frame through which compiled code called C */
};

/* False on a stack that is not the thread's own. */
static bool read_stack(const struct js_thread *thread, struct raw_stack *stack) {
  const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  if (here < thread->stack_low || here >= thread->stack_high)
    return false;
  struct registers registers = {.pc = __builtin_return_address(0), .sp = (void *)here};
  stack->info = (struct sample_info){0};
  stack->exit = exit_frame(thread, here);
  js_v8.stack_sample(thread->isolate, &registers, stack->frames, JS_FRAMES_MOST, &stack->info);
  return true;
}

/* The place of a stack among those that were seen; NULL where no more can be kept. */
static struct seen *seen_stack(struct js_thread *thread, const struct raw_stack *stack) {
  const uint32_t times = times_forgotten;
  if (thread->forgotten != times) {
    thread->forgotten = times;
    thread->epoch++;
  }
  return js_thread_seen(thread, hash_of(stack->frames, stack->info.frames));
}

/* The number of a stack that is new; 0 where it cannot be kept. */
static uint64_t new_stack(struct js_thread *thread, struct seen *seen, const struct raw_stack *stack,
                          const struct native_walk *walk) {
  if (thread->pending_count == PENDING_MOST || !is_collectable(walk))
    return 0;
  const uint64_t id = next_id++;
  collect(thread, id, stack->exit, stack->info.vm_state == VM_STATE_EXTERNAL && stack->info.callback != NULL);
  seen->id = id;
  return id;
}

/* Collecting starts from the frame through which C was called, and fails without one: a write barrier, a
 * deoptimization and a fast call have none. Where the native frames end tells, since that is where compiled
 * code begins. */
static bool is_from_exit(const struct raw_stack *stack, const struct native_walk *walk) {
  return stack->exit != NULL && stack->exit[-2] == walk->end;
}

static uint64_t known_token(struct js_thread *thread, const struct native_walk *walk,
                            const struct raw_stack *stack) {
  struct seen *seen = seen_stack(thread, stack);
  uint64_t id = seen == NULL ? 0 : seen->id;
  if (seen != NULL && id == 0)
    id = new_stack(thread, seen, stack, walk);
  return id == 0 ? lost_token() : token(TOKEN_STACK, id);
}

/* The token of the stack of JavaScript now; 0 where there is none. */
static uint64_t stack_token(struct js_thread *thread, const struct native_walk *walk) {
  struct raw_stack stack;
  if (!read_stack(thread, &stack))
    return 0;
  if (stack.info.vm_state == VM_STATE_GC) {
    collections++;
    return token(TOKEN_MARK, MARK_GC);
  }
  if (stack.info.frames == 0)
    return 0;
  stacks++;
  if (is_from_exit(&stack, walk))
    return known_token(thread, walk, &stack);
  direct++;
  return token(TOKEN_MARK, MARK_DIRECT);
}

uint64_t js_hook_stack(struct js_thread *thread) {
  void *frames[64];
  struct raw_stack stack;
  if (js_v8.current_isolate() != thread->isolate || !read_stack(thread, &stack) ||
      stack.info.vm_state == VM_STATE_GC || stack.info.frames == 0)
    return 0;
  struct seen *seen = seen_stack(thread, &stack);
  if (seen == NULL || seen->id != 0)
    return seen == NULL ? 0 : seen->id;
  struct native_walk walk = {.frames = frames, .most = sizeof frames / sizeof *frames};
  native_unwind(&walk);
  return is_from_exit(&stack, &walk) ? new_stack(thread, seen, &stack, &walk) : 0;
}

void js_hook_forget(void) { times_forgotten++; }

static unsigned requested_tokens(const struct js_thread *thread, void **to) {
  unsigned count = 0;
  to[count++] = (void *)token(TOKEN_MARK, MARK_REQUESTED);
  for (unsigned i = 0; i < REQUESTERS && thread->requested_by[i] != 0; i++)
    to[count++] = (void *)token(TOKEN_STACK, thread->requested_by[i]);
  if (thread->requested_scope != 0)
    to[count++] = (void *)token(TOKEN_CACHE, thread->requested_scope);
  return count;
}

/* By their names: Node gives them from 24 on, V8 itself for its own. */
static bool is_v8_thread(void) {
  char name[16] = "";
  return prctl(PR_GET_NAME, name) == 0 && (strstr(name, "V8Worker") != NULL || strncmp(name, "v8:", 3) == 0);
}

/* The kind of a thread whose JavaScript is not recorded, or that has none. */
static unsigned thread_tokens(const struct js_thread *thread, const struct native_walk *walk, void **to) {
  if (thread != NULL && thread->requested_by[0] != 0)
    return requested_tokens(thread, to);
  enum mark mark = MARK_NODE_THREAD;
  if (js_v8.current_isolate() != NULL)
    mark = MARK_UNRECORDED;
  else if (js_pool_is_thread(walk))
    mark = MARK_POOL;
  else if (is_v8_thread())
    mark = MARK_V8_THREAD;
  else if (!js_pool_is_of_executable(walk))
    return 0;
  to[0] = (void *)token(TOKEN_MARK, mark);
  return 1;
}

static unsigned tokens_of(struct js_thread *thread, const struct native_walk *walk, void **to) {
  unsigned count = 0;
  if (thread == NULL || !thread->is_on)
    return thread_tokens(thread, walk, to);
  if (js_v8.current_isolate() != thread->isolate)
    return 0;
  const uint64_t stack = stack_token(thread, walk);
  if (stack != 0)
    to[count++] = (void *)stack;
  if (thread->thread_id != 0)
    to[count++] = (void *)token(TOKEN_THREAD, thread->thread_id);
  if (thread->scope != 0)
    to[count++] = (void *)token(TOKEN_CACHE, thread->scope);
  return count;
}

void js_hook(void **frames, unsigned *length, unsigned most) {
  const unsigned room = most < TOKENS_MOST + NATIVE_LEAST ? 0 : TOKENS_MOST;
  struct native_walk walk = {.frames = frames, .most = most - room, .skipped = NATIVE_OWN + 1};
  native_unwind(&walk);
  *length = walk.count;
  struct js_thread *thread = js_thread_get();
  if (room == 0 || (thread != NULL && thread->is_busy) || !js_hook_is_here())
    return;
  if (thread != NULL)
    thread->is_busy = true;
  *length += tokens_of(thread, &walk, frames + walk.count);
  if (thread != NULL)
    thread->is_busy = false;
}

/* Whether the word at this offset of an isolate leads to the frame through which compiled code called C: its
 * marker is that of one, and it says where the native stack of the call begins. */
static bool is_exit_offset(const void *isolate, int offset, uintptr_t here, uintptr_t end) {
  enum { STACK_BYTES = 65536 };
  const uintptr_t word = *(const uintptr_t *)((const char *)isolate + offset);
  if (word % 8 != 0 || word <= here || word > here + STACK_BYTES)
    return false;
  const uintptr_t *frame = (const uintptr_t *)word;
  return js_v8_is_exit_marker(frame[-1]) && frame[-2] == end;
}

bool js_hook_find_exit(const void *isolate) {
  enum { ISOLATE_BYTES = 16384 };
  void *frames[1];
  struct native_walk walk = {.frames = frames, .most = 1};
  const uintptr_t here = (uintptr_t)__builtin_frame_address(0);
  native_unwind(&walk);
  if (exit_offset >= 0)
    return is_exit_offset(isolate, exit_offset, here, walk.end);
  int found = -1;
  for (int offset = 0; offset < ISOLATE_BYTES; offset += 8) {
    if (!is_exit_offset(isolate, offset, here, walk.end))
      continue;
    if (found >= 0)
      return false;
    found = offset;
  }
  exit_offset = found;
  return found >= 0;
}

/* A page that reads as zero in a child: there the profiler's thread and locks are gone. */
bool js_hook_open(void) {
  if (is_parent != NULL)
    return true;
  const size_t bytes = 4096;
  void *page = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED)
    return false;
  if (madvise(page, bytes, MADV_WIPEONFORK) != 0) {
    munmap(page, bytes);
    return false;
  }
  is_parent = page;
  *is_parent = 1;
  return true;
}

bool js_hook_is_here(void) { return is_parent != NULL && *is_parent != 0; }

uint64_t js_stacks_probe(void) {
  void *frames[64];
  struct native_walk walk = {.frames = frames, .most = sizeof frames / sizeof *frames};
  struct js_thread *thread = js_thread_get();
  if (thread == NULL || !thread->is_on)
    return 0;
  thread->is_busy = true;
  if (callback == NULL) {
    void *none[1];
    struct registers registers = {.pc = __builtin_return_address(0), .sp = __builtin_frame_address(0)};
    struct sample_info info = {0};
    js_v8.stack_sample(thread->isolate, &registers, none, 1, &info);
    callback = info.callback;
  }
  native_unwind(&walk);
  const uint64_t found = stack_token(thread, &walk);
  thread->is_busy = false;
  return found >> TOKEN_SHIFT == TOKEN_STACK ? found & ((1ull << TOKEN_SHIFT) - 1) : 0;
}

uint64_t js_stacks_next(void) { return next_id; }

struct js_counts js_stacks_counts(void) {
  return (struct js_counts){(double)stacks, (double)lost, (double)direct, (double)collections};
}
#endif
