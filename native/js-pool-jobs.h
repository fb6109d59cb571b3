/* Jobs of libuv's pool, each with the JavaScript that asked for it.
 *
 * Rule: a job runs as it would, its own functions in their own order. One that finds no place here is left
 * alone, and has no requester. */
#ifndef CACHE_ATTRIBUTION_JS_POOL_JOBS_H
#define CACHE_ATTRIBUTION_JS_POOL_JOBS_H

#include "index.h"

#include <stdbool.h>
#include <stdint.h>

/* libuv's uv__work (uv/threadpool.h), a part of each request. */
struct pool_work {
  void (*work)(struct pool_work *work);
  void (*done)(struct pool_work *work, int status);
  void *loop, *queue[2];
};

/* Makes room; false without memory. Once. */
bool pool_jobs_open(void);

/* Has the job note in its thread who asked for it, while it runs. Under the pool's lock, before any thread of
 * the pool sees it. */
void pool_jobs_follow(struct pool_work *work, uint64_t stack, uint32_t scope);

/* Forgets which stacks submitted the same object before: their names are about to go. */
void pool_jobs_forget_past(void);

/* Adds the stacks of jobs under way, whose names are wanted still. False without memory. */
bool pool_jobs_stacks(struct index *ids);

#endif
