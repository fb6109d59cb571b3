/* Stacks of JavaScript in jemalloc's heap profile.
 *
 * jemalloc asks `experimental.hooks.prof_backtrace` for the stack of each sample. The hook unwinds native
 * code as jemalloc does, reads the stack of JavaScript as raw addresses, and puts one token for it in place
 * of the addresses of compiled code. A stack that is new has V8's own CPU profiler collect a sample: inlined
 * calls, lines and code that moves are V8's work, and the names are read when the profile is stopped
 * (js-names.h).
 *
 * Rule: the hook takes no lock of ours, asks V8 for nothing but a sample, and does nothing beyond native
 * frames in a fork, on a foreign stack, while V8's own lists change, and wherever it could meet itself. */
#ifndef CACHE_ATTRIBUTION_JS_STACKS_H
#define CACHE_ATTRIBUTION_JS_STACKS_H

#include "index.h"

#include <stdbool.h>
#include <stdint.h>

/* Why stacks of JavaScript cannot be had in this process, in words that stay valid; NULL where they can.
 * Switches nothing. */
const char *js_stacks_unsupported(void);

/* Begins in the calling thread, from a callback of Node-API; `title` is a string of V8, `thread_id` 0 for the
 * main thread, `loop` the thread's of libuv. Returns NULL, or why it does not. */
const char *js_stacks_start(void *title, uint32_t thread_id, void *loop);

/* Why work on libuv's pool has no requester; NULL where it has. */
const char *js_stacks_pool_reason(void);

/* Ends it in the calling thread, and notes the names first. */
void js_stacks_stop(void);

bool js_stacks_is_on(void);

/* Notes the names of all stacks of the calling thread so far. */
void js_stacks_resolve(void *title);

/* The token of the stack that calls it, from a callback of Node-API, as a sample would get it; 0: none. */
uint64_t js_stacks_probe(void);

/* Stacks of the calling thread that wait for their names, and how many may. */
uint32_t js_stacks_pending(void);

/* The least number that no token has yet. */
uint64_t js_stacks_next(void);

/* The same, and no stack gets a token any more that was issued before: names of such may go. */
uint64_t js_stacks_forget(void);

/* Adds the tokens that no dump has yet and that samples may have still. False without memory. */
bool js_stacks_under_way(struct index *ids);

/* The number of what is made by JavaScript that the calling thread runs now (a cache), 0 for none. Returns
 * the one before. */
uint32_t js_stacks_scope(uint32_t scope);

/* Samples since the process began: with a stack of JavaScript, and those whose stack could not be kept. */
struct js_counts {
  double stacks, lost, direct, collections;
};
struct js_counts js_stacks_counts(void);

#endif
