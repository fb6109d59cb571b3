/* Which JavaScript asked for the work on libuv's pool.
 *
 * Whatever is submitted to the pool takes its lock through the executable's one slot for that, at a moment at
 * which the job is complete and no thread of the pool sees it yet. Where the job is then (in a register), and
 * from where the lock is taken, is learned from two jobs of our own that do nothing.
 *
 * Rule: what was not learned is not guessed: then jobs have no requester, and the reason is given. */
#ifndef CACHE_ATTRIBUTION_JS_POOL_H
#define CACHE_ATTRIBUTION_JS_POOL_H

#include "js-unwind.h"

/* Begins, from a callback of Node-API of the thread with this loop of libuv; NULL, or why it does not, in
 * words that stay valid. A second call in the process begins again after js_pool_stop(). */
const char *js_pool_start(void *loop);
void js_pool_stop(void);

/* Why jobs have no requester; NULL where they have, and before js_pool_start(). */
const char *js_pool_reason(void);

/* Whether these native frames are those of a thread of the pool, or else of a thread that the executable
 * made. */
bool js_pool_is_thread(const struct native_walk *walk);
bool js_pool_is_of_executable(const struct native_walk *walk);

#endif
