/* The function that jemalloc calls for the stack of a sample. */
#ifndef CACHE_ATTRIBUTION_JS_HOOK_H
#define CACHE_ATTRIBUTION_JS_HOOK_H

#include "js-thread.h"

enum { JS_FRAMES_MOST = 255 };

void js_hook(void **frames, unsigned *length, unsigned most);

/* Whether this is the process in which the hook was opened, and no fork of it. */
bool js_hook_is_here(void);

/* False: this kernel does not tell a fork's child from its parent. */
bool js_hook_open(void);

/* Learns where an isolate keeps its frame of compiled code that calls C; from a callback of Node-API. */
bool js_hook_find_exit(const void *isolate);

/* The stack that calls it as a token's number, noted where it is new; 0 where there is none. Native frames
 * are unwound for a new one alone. The thread is marked as busy. */
uint64_t js_hook_stack(struct js_thread *thread);

/* From now on no stack gets a token that was issued before. */
void js_hook_forget(void);

#endif
