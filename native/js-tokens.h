/* The tokens of JavaScript that a dump of jemalloc has in its stacks. */
#ifndef CACHE_ATTRIBUTION_JS_TOKENS_H
#define CACHE_ATTRIBUTION_JS_TOKENS_H

#include "index.h"

/* Reads a file from its begin; its position stays. False where it cannot be read, or there is no memory. */
bool js_tokens_read(int descriptor, struct index *ids);

#endif
