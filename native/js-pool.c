#define _GNU_SOURCE
#include "js-pool.h"

#if defined(__linux__) && defined(__x86_64__)
#include "js-hook.h"
#include "js-pool-jobs.h"
#include "js-pool-lock.h"
#include "js-thread.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* One of the two copies of uv__work_submit: it is inlined into uv_queue_work. */
struct place {
  uintptr_t returns_to; /* into it, from taking the lock */
  int word;             /* where that stands */
  int reg, offset;      /* which register has the job, and how far into it */
};

enum { PLACES = 2, FRAMES = 16 };

static struct place places[PLACES];
static _Atomic uintptr_t thread_frame; /* in libuv's code, of each thread of the pool */
static const char *reason;
static bool is_learned;
static pthread_mutex_t starting = PTHREAD_MUTEX_INITIALIZER;

/* The facts learned from one job. */
struct lesson {
  const struct pool_work *job;
  void *mutex;
  int reg, offset;
  unsigned frame_count;
  void *frames[FRAMES];
  uintptr_t words[LOCK_WORDS];
};

static struct {
  __typeof__(&uv_queue_work) queue;
  __typeof__(&uv_fs_access) access;
  __typeof__(&uv_fs_req_cleanup) cleanup;
} uv;

static bool find_register(const uintptr_t *words, struct lesson *of) {
  static const int offsets[] = {0, offsetof(struct pool_work, queue)};
  for (int reg = 0; reg < LOCK_REGISTERS; reg++)
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
      if (words[reg] == (uintptr_t)of->job + (uintptr_t)offsets[i]) {
        of->reg = reg;
        of->offset = offsets[i];
        return true;
      }
  return false;
}

static void learn(struct lesson *of, void *mutex, const uintptr_t *words) {
  if (of->mutex != NULL || of->job->loop == NULL || !find_register(words, of))
    return;
  struct native_walk walk = {.frames = of->frames, .most = FRAMES};
  native_unwind(&walk);
  of->frame_count = walk.count;
  memcpy(of->words, words, sizeof of->words);
  of->mutex = mutex;
}

static const struct place *place_of(const uintptr_t *words) {
  for (int i = 0; i < PLACES; i++)
    if (words[places[i].word] == places[i].returns_to)
      return &places[i];
  return NULL;
}

static void on_lock(void *mutex, uintptr_t *words) {
  struct js_thread *thread = js_thread_get();
  if (thread == NULL)
    return;
  if (thread->lesson != NULL) {
    learn(thread->lesson, mutex, words);
    return;
  }
  /* A cancelled job and the end of the pool take the lock from elsewhere. */
  const struct place *from = is_learned ? place_of(words) : NULL;
  if (from == NULL || !thread->is_on || thread->is_busy || !js_hook_is_here())
    return;
  struct pool_work *work = (struct pool_work *)(words[from->reg] - (uintptr_t)from->offset);
  if (work->loop != thread->loop || !pool_lock_is_code((uintptr_t)work->work))
    return;
  thread->is_busy = true;
  const uint64_t stack = js_hook_stack(thread);
  if (stack != 0)
    pool_jobs_follow(work, stack, thread->scope);
  thread->is_busy = false;
}

/* The outermost frame in the executable: what a thread that it made runs. */
static uintptr_t outermost(const struct native_walk *walk) {
  for (unsigned i = walk->beyond > 0 ? 0 : walk->count; i > 0; i--)
    if (pool_lock_is_code((uintptr_t)walk->frames[i - 1]))
      return (uintptr_t)walk->frames[i - 1];
  return 0;
}

static void does_nothing(uv_work_t *request) {
  void *frames[FRAMES];
  struct native_walk walk = {.frames = frames, .most = FRAMES};
  (void)request;
  native_unwind(&walk);
  thread_frame = outermost(&walk);
}

static void frees_request(uv_work_t *request, int status) {
  (void)status;
  free(request);
}

static void frees_access(uv_fs_t *request) {
  uv.cleanup(request);
  free(request);
}

/* In a thread that has a js_thread. */
static const char *submit(uv_loop_t *loop, struct lesson *queued, struct lesson *asked) {
  uv_work_t *request = calloc(1, sizeof *request);
  uv_fs_t *access = calloc(1, sizeof *access);
  if (request == NULL || access == NULL) {
    free(request);
    free(access);
    return "there is no memory for it";
  }
  struct js_thread *thread = js_thread_get();
  queued->job = (const struct pool_work *)&request->work_req;
  thread->lesson = queued;
  if (uv.queue(loop, request, does_nothing, frees_request) != 0)
    free(request);
  asked->job = (const struct pool_work *)&access->work_req;
  thread->lesson = asked;
  if (uv.access(loop, access, "/", F_OK, frees_access) != 0)
    free(access);
  thread->lesson = NULL;
  return NULL;
}

/* Where the return address into a frame stands among the words that were saved; -1: nowhere. */
static int word_of(const struct lesson *of, uintptr_t address) {
  for (int i = LOCK_RETURN; i < LOCK_WORDS; i++)
    if (of->words[i] == address)
      return i;
  return -1;
}

/* The two come by the same way up to the copy of uv__work_submit that each took. */
static bool compare(const struct lesson *one, const struct lesson *other) {
  if (one->mutex == NULL || one->mutex != other->mutex)
    return false;
  unsigned at = 0;
  while (at < one->frame_count && at < other->frame_count && one->frames[at] == other->frames[at])
    at++;
  if (at == one->frame_count || at == other->frame_count)
    return false;
  const struct lesson *lessons[PLACES] = {one, other};
  for (int i = 0; i < PLACES; i++) {
    const uintptr_t address = (uintptr_t)lessons[i]->frames[at];
    places[i] = (struct place){address, word_of(lessons[i], address), lessons[i]->reg, lessons[i]->offset};
    if (places[i].word < 0 || !pool_lock_is_code(address))
      return false;
  }
  return true;
}

static const char *learn_places(uv_loop_t *loop) {
  struct lesson queued = {0}, asked = {0};
  *(void **)&uv.queue = dlsym(RTLD_DEFAULT, "uv_queue_work");
  *(void **)&uv.access = dlsym(RTLD_DEFAULT, "uv_fs_access");
  *(void **)&uv.cleanup = dlsym(RTLD_DEFAULT, "uv_fs_req_cleanup");
  if (uv.queue == NULL || uv.access == NULL || uv.cleanup == NULL)
    return "this Node does not export libuv";
  if (!pool_lock_find())
    return "this Node takes no lock through one slot of its own";
  if (!pool_jobs_open())
    return "there is no memory for it";
  if (!pool_lock_listen(on_lock))
    return "the slot for locks cannot be written";
  const char *failed = submit(loop, &queued, &asked);
  if (failed == NULL && !compare(&queued, &asked))
    failed = "two jobs that were tried did not show where libuv keeps a job";
  if (failed != NULL)
    pool_lock_restore();
  else
    pool_lock_choose(queued.mutex);
  return failed;
}

const char *js_pool_start(void *loop) {
  pthread_mutex_lock(&starting);
  if (is_learned) {
    if (!pool_lock_listen(on_lock))
      reason = "the slot for locks cannot be written";
  } else if (reason == NULL) {
    reason = learn_places(loop);
    is_learned = reason == NULL;
  }
  pthread_mutex_unlock(&starting);
  return reason;
}

void js_pool_stop(void) {
  pthread_mutex_lock(&starting);
  if (is_learned)
    pool_lock_restore();
  pthread_mutex_unlock(&starting);
}

const char *js_pool_reason(void) { return reason; }

bool js_pool_is_thread(const struct native_walk *walk) {
  const uintptr_t frame = thread_frame;
  return frame != 0 && outermost(walk) == frame;
}

bool js_pool_is_of_executable(const struct native_walk *walk) { return outermost(walk) != 0; }
#endif
