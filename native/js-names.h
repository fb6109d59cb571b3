/* The meaning of tokens in jemalloc's stacks: a token is the number of a stack of JavaScript, which is a list
 * of frames. Of the whole process, and in memory that the profiler does not see.
 *
 * Rule: names outlive the code, the isolate and the thread that they are of; they go when no dump holds their
 * token any more. Nothing here is called while a sample is taken. */
#ifndef CACHE_ATTRIBUTION_JS_NAMES_H
#define CACHE_ATTRIBUTION_JS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The upper 16 bits of what stands in a stack in place of an address; no address of x86-64 has them. */
#define TOKEN_STACK 0x7a4aull
#define TOKEN_MARK 0x7a4dull
#define TOKEN_CACHE 0x7a53ull
#define TOKEN_THREAD 0x7a57ull
enum { TOKEN_SHIFT = 48 };

/* Further facts about a sample. src/heap-profile/profile/javascript-frames.ts has the words. */
enum mark {
  MARK_GC = 1,
  MARK_REQUESTED = 2,
  MARK_DIRECT = 3,
  MARK_LOST = 4,
  MARK_POOL = 5,
  MARK_V8_THREAD = 6,
  MARK_NODE_THREAD = 7,
  MARK_UNRECORDED = 8,
};

struct js_frame {
  const char *function, *file;
  int line;                /* of the call in it; 0: unknown */
  int column, call_column; /* V8's column of the function, and of what it called (from Node 26 on of calls) */
};

/* Notes the frames of a token, innermost first. Nothing is kept where there is no memory. */
void js_names_add(uint64_t id, const struct js_frame *frames, size_t count);

size_t js_names_count(void);

/* How a token with this id would have been issued later than everything that is forgotten. */
typedef bool (*js_names_wanted)(uint64_t id, void *data);

/* Forgets the tokens that are not wanted, and the frames that only they had. */
void js_names_forget(js_names_wanted is_wanted, void *data);

/* The wanted names as lines of text, to be freed; NULL without memory. */
char *js_names_text(js_names_wanted is_wanted, void *data, size_t *length);

#endif
