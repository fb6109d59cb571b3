/* Whether the event loop turns, asked by the thread of a black box: a timer of the loop's own would wake an
 * idle process ten times a second.
 *
 * Rule: a loop that sleeps is asked once a second, one whose thread computes at every tick. All of it runs in
 * the main thread, but for box_loop_ask(), box_loop_call() and box_loop_blocked_ms(). */
#ifndef CACHE_ATTRIBUTION_BLACK_BOX_LOOP_H
#define CACHE_ATTRIBUTION_BLACK_BOX_LOOP_H

#include <node_api.h>
#include <stdbool.h>

/* `on_near` is a function of JavaScript, or NULL. False where the loop cannot be asked: then JavaScript calls
 * box_loop_turned() by a timer. `on_turn` is called in each turn that was asked for. */
bool box_loop_open(napi_env env, napi_value on_near, void (*on_turn)(double now_ms));

/* After the thread has ended, before the environment does. */
void box_loop_close(void);

/* The loop has turned. */
void box_loop_turned(double now_ms);

/* Asks, unless an answer is awaited, or the loop sleeps and was asked within a second. */
void box_loop_ask(double now_ms, bool has_computed);

/* Has the loop call `on_near`. */
void box_loop_call(void);

/* For how long an answer has been awaited; 0 where none is. */
double box_loop_blocked_ms(double now_ms);

#endif
