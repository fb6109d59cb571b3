/* Functions of JavaScript, the scripts that they stand in and the variables of their calls. Reads memory
 * alone. */
#ifndef CACHE_ATTRIBUTION_V8_FUNCTIONS_H
#define CACHE_ATTRIBUTION_V8_FUNCTIONS_H

#include "v8-names.h"

/* The SharedFunctionInfo of a function. */
uint64_t v8_shared_of(uint64_t function);

/* The context that a function was made in. */
uint64_t v8_context_of(uint64_t function);

/* A function, or that of a generator or of a suspended async call; 0 of anything else. */
uint64_t v8_function_at(uint64_t address);

/* The SharedFunctionInfo of v8_function_at(), or 0. */
uint64_t v8_function_behind(uint64_t address);

/* The Script that a SharedFunctionInfo is of; 0 where it is V8's own. */
uint64_t v8_script_of(uint64_t shared);

/* Appends the name of a Script, and of the script that a SharedFunctionInfo is of. */
void v8_add_script_name(struct text *text, uint64_t script);
void v8_add_script(struct text *text, uint64_t shared);

/* The ScopeInfo of a context. */
uint64_t v8_scope_of(uint64_t context);
bool v8_type_is_context(int type);

#endif
