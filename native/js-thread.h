/* The state of a thread for its stacks of JavaScript. */
#ifndef CACHE_ATTRIBUTION_JS_THREAD_H
#define CACHE_ATTRIBUTION_JS_THREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A stack that was seen: of the addresses the hash, and when they meant what they do. */
struct seen {
  uint64_t hash;
  uint64_t id; /* 0 for an empty place */
  uint32_t epoch;
};

/* A stack that V8's profiler collected between two times and has not named yet. */
struct pending {
  uint64_t id;
  int64_t begin_ns, end_ns;
  bool has_callback; /* V8 takes a callback for its innermost call */
};

/* Stacks that may have submitted one job of libuv's pool: the last one, and those that did so before. */
enum { REQUESTERS = 3 };

/* The facts about the pool that one of our own jobs shows. */
struct lesson;

/* Written by the thread itself alone. */
struct js_thread {
  void *isolate, *profiler, *loop;
  struct lesson *lesson;
  uint32_t profile_id, thread_id, scope;
  bool is_on, is_busy;
  uint32_t epoch, forgotten, seen_count, seen_size, pending_count;
  struct seen *seen;
  struct pending *pending;
  uintptr_t stack_low, stack_high;
  /* While a job of libuv's pool runs here: who asked for it. */
  uint64_t requested_by[REQUESTERS];
  uint32_t requested_scope;
};

enum { PENDING_MOST = 65536 };

/* The calling thread's, NULL where it has none. Takes no lock and allocates nothing. */
struct js_thread *js_thread_get(void);

/* The same, made where there is none; NULL without memory. */
struct js_thread *js_thread_own(void);

/* Makes room for what a recording needs. False: there is no memory. */
bool js_thread_open(struct js_thread *thread);
void js_thread_close(struct js_thread *thread);

/* The token of a stack that was seen in the present epoch, or a place for it, with the id 0; NULL where
 * no more can be kept. */
struct seen *js_thread_seen(struct js_thread *thread, uint64_t hash);

#endif
