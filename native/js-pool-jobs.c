#define _GNU_SOURCE
#include "js-pool-jobs.h"

#if defined(__linux__) && defined(__x86_64__)
#include "column.h"
#include "js-hook.h"
#include "js-thread.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { JOBS = 8192, PLACES = 32, PASTS = 4096 };

struct job {
  struct pool_work *of; /* NULL for an empty place */
  void (*work)(struct pool_work *work);
  void (*done)(struct pool_work *work, int status);
  uint64_t stacks[REQUESTERS];
  uint32_t scope;
};

/* The last stacks that submitted the same object, of each stack once: a stream's later pieces are submitted
 * by no function of the application. */
struct past {
  const struct pool_work *of;
  uint64_t stacks[REQUESTERS];
};

static struct job *jobs;
static struct past *pasts;
static atomic_flag lock = ATOMIC_FLAG_INIT;

/* In a fork's child there is one thread, and nobody who would open what was closed. */
static void take_lock(void) {
  while (js_hook_is_here() && atomic_flag_test_and_set_explicit(&lock, memory_order_acquire))
    sched_yield();
}

static void give_lock(void) { atomic_flag_clear_explicit(&lock, memory_order_release); }

bool pool_jobs_open(void) {
  if (jobs == NULL)
    jobs = pages_map(JOBS * sizeof *jobs);
  if (pasts == NULL)
    pasts = pages_map(PASTS * sizeof *pasts);
  return jobs != NULL && pasts != NULL;
}

static uint32_t hash_of(const struct pool_work *of) {
  return (uint32_t)(((uintptr_t)of >> 4) * 0x9e3779b97f4a7c15ull >> 40);
}

/* Of the places where a job may be: one that holds it, or nothing. */
static struct job *place_for(const struct pool_work *of, const struct pool_work *held) {
  for (uint32_t i = 0; i < PLACES; i++)
    if (jobs[(hash_of(of) + i) % JOBS].of == held)
      return &jobs[(hash_of(of) + i) % JOBS];
  return NULL;
}

static struct job take_job(const struct pool_work *of, bool is_over) {
  take_lock();
  struct job *place = place_for(of, of);
  /* A job without its place cannot go on, and none loses it before its end. */
  if (place == NULL)
    abort();
  const struct job job = *place;
  if (is_over)
    place->of = NULL;
  give_lock();
  return job;
}

static void runs_followed(struct pool_work *work) {
  const struct job job = take_job(work, false);
  struct js_thread *thread = js_thread_own();
  if (thread != NULL) {
    thread->requested_scope = job.scope;
    for (int i = 0; i < REQUESTERS; i++)
      thread->requested_by[i] = job.stacks[i];
  }
  job.work(work);
  if (thread != NULL)
    thread->requested_by[0] = 0;
}

/* Called of every job, also of one that was cancelled and never ran. */
static void ends_followed(struct pool_work *work, int status) { take_job(work, true).done(work, status); }

static const uint64_t *note_past(const struct pool_work *of, uint64_t stack) {
  struct past *past = &pasts[hash_of(of) % PASTS];
  if (past->of != of)
    *past = (struct past){.of = of};
  for (int i = 0; i < REQUESTERS; i++)
    if (past->stacks[i] == stack)
      return past->stacks;
  for (int i = REQUESTERS - 1; i > 0; i--)
    past->stacks[i] = past->stacks[i - 1];
  past->stacks[0] = stack;
  return past->stacks;
}

void pool_jobs_follow(struct pool_work *work, uint64_t stack, uint32_t scope) {
  take_lock();
  struct job *place = place_for(work, work) == NULL ? place_for(work, NULL) : NULL;
  if (place != NULL) {
    const uint64_t *past = note_past(work, stack);
    *place = (struct job){.of = work, .work = work->work, .done = work->done, .scope = scope};
    place->stacks[0] = stack;
    for (int i = 0, at = 1; i < REQUESTERS && at < REQUESTERS; i++)
      if (past[i] != stack)
        place->stacks[at++] = past[i];
    work->work = runs_followed;
    work->done = ends_followed;
  }
  give_lock();
}

void pool_jobs_forget_past(void) {
  take_lock();
  for (uint32_t i = 0; pasts != NULL && i < PASTS; i++)
    pasts[i].of = NULL;
  give_lock();
}

bool pool_jobs_stacks(struct index *ids) {
  bool is_noted = true;
  take_lock();
  for (uint32_t i = 0; jobs != NULL && i < JOBS; i++)
    for (int k = 0; k < REQUESTERS && jobs[i].of != NULL; k++) {
      const uint64_t id = jobs[i].stacks[k];
      is_noted = is_noted && (id == 0 || index_get(ids, id) != INDEX_NONE || index_put(ids, id, 0));
    }
  give_lock();
  return is_noted;
}
#endif
