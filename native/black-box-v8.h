/* What a black box learns of V8 while the event loop does not turn: by V8's notices of collections, by an
 * interrupt that V8 serves between two statements, and by its notice that the heap is nearly full.
 *
 * Rule: all of it runs in the main thread, but for box_v8_interrupt(), which V8 lets every thread call. */
#ifndef CACHE_ATTRIBUTION_BLACK_BOX_V8_H
#define CACHE_ATTRIBUTION_BLACK_BOX_V8_H

#include "black-box-layout.h"

#include <node_api.h>
#include <stdbool.h>

/* Why frames cannot be read here, in words that stay valid; NULL where they can. */
const char *box_v8_no_stacks(void);

/* `estimate` is a function of JavaScript that notes what caches say of themselves, or NULL. */
void box_v8_open(napi_env env, napi_value estimate, bool watches_limit, void (*on_near_limit)(double limit));

/* Before the environment ends. */
void box_v8_close(void);

/* Asks for an interrupt, in which the stack is read; where `with_sizes`, caches are asked too. Nothing where
 * one is asked for already, nor during a run of the library but where `is_urgent`. From the thread of the
 * black box. */
void box_v8_interrupt(bool with_sizes, bool is_urgent);

/* In a turn of the event loop. */
void box_v8_turned(double now_ms);

void box_v8_figures(double figures[BOX_FIGURE_COUNT], uint64_t *stack);

#endif
