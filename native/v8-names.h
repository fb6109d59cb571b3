/* Names of V8's objects as a person knows them: the text of a string, a function's name, a constructor. Reads
 * memory alone; every text is cut to what a row shows. */
#ifndef CACHE_ATTRIBUTION_V8_NAMES_H
#define CACHE_ATTRIBUTION_V8_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text in UTF-8, ended by a zero; what does not fit is left out. */
struct text {
  char *at;
  size_t size; /* room, the zero included */
  size_t length;
};

void text_add(struct text *text, const char *added);

/* Appends a string's characters, at most `most` bytes of them; nothing of what is no string. */
void v8_add_string(struct text *text, uint64_t address, size_t most);

/* Appends the name of a function that a SharedFunctionInfo describes; nothing where it has none. */
void v8_add_function_name(struct text *text, uint64_t shared);

/* Appends the name of the function whose scope a ScopeInfo describes. */
void v8_add_scope_name(struct text *text, uint64_t scope);

/* The function that makes objects of a map, or 0; and its SharedFunctionInfo. */
uint64_t v8_constructor_function_of(uint64_t map);
uint64_t v8_constructor_of(uint64_t map);

/* Appends the class of a map's objects: the constructor's name, or a kind of V8's own in brackets. */
void v8_add_class(struct text *text, uint64_t map);

#endif
