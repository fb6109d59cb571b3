/* What leads from one object of V8's to the next, as the source has it: a property, a variable of a closure,
 * an element. */
#ifndef CACHE_ATTRIBUTION_V8_EDGES_H
#define CACHE_ATTRIBUTION_V8_EDGES_H

#include "v8-names.h"

/* Where a way stands: the last two objects on it. */
struct v8_walker {
  uint64_t holder; /* of `at` */
  uint64_t at;
};

/* Goes on to the object at `address`. Appends a segment where the step has a name of its own, and sets
 * `script` to the script of each function and module that the way goes through. True where the way may be
 * told from here on: a variable of a function, a global property and a module say by themselves where they
 * are. */
bool v8_step(struct v8_walker *walker, uint64_t address, struct text *segment, struct text *script);

/* Appends the name of the script that a SharedFunctionInfo is of. */
void v8_add_script(struct text *text, uint64_t shared);

/* The SharedFunctionInfo of a function. */
uint64_t v8_shared_of(uint64_t function);

/* The SharedFunctionInfo of a function, or of the function that a generator or a suspended async call is of;
 * 0 of anything else. */
uint64_t v8_function_behind(uint64_t address);

/* The ScopeInfo of a context. */
uint64_t v8_scope_of(uint64_t context);

/* How many entries a Map, Set or array has; -1 of anything else. */
int64_t v8_entries_of(uint64_t address);

#endif
