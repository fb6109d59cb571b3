/* Owners as values of JavaScript. Functions and objects that a walk found are kept by handles of Node-API,
 * which V8 keeps right when it moves them: they are filled before anything is allocated on its heap, and read
 * after it. */
#ifndef CACHE_ATTRIBUTION_HEAP_OWNER_VALUES_H
#define CACHE_ATTRIBUTION_HEAP_OWNER_VALUES_H

#include "heap-owners.h"
#include "heap-parts.h"
#include "heap-shared.h"
#include "native-walk.h"

#include <node_api.h>

enum { SITES_MAX = 512 };

/* Places for references to functions. */
struct function_handles {
  napi_value at[SITES_MAX];
  size_t count;
};

/* Before the walk: it allocates. */
void function_handles_make(napi_env env, struct function_handles *handles);

/* The place of a function, or -1 where there are too many. */
int function_handles_put(struct function_handles *handles, uint64_t function);

/* For each owner a handle of it, or NULL; before anything else is made. To be freed. NULL without memory. */
napi_value *owner_objects(napi_env env, const struct heap_owners *owners, const struct heap_tree *tree);

/* The owners that were found. */
struct owner_values {
  const struct heap_owners *owners;
  const struct function_handles *handles;
  const napi_value *objects;
  const struct heap_parts *parts;
  const struct heap_shared *shared;
};

/* Puts owners, holders, shared, parts and items into the result. */
void owner_values_put(napi_env env, napi_value result, const struct owner_values *found);

/* Native memory by whose it is: { reason }, or bytes. */
napi_value native_value(napi_env env, const char *reason, const struct native_owners *owners);

#endif
