/* The findings of a walk as values of JavaScript: properties of rows, and a refusal. */
#ifndef CACHE_ATTRIBUTION_HEAP_VALUES_H
#define CACHE_ATTRIBUTION_HEAP_VALUES_H

#include <node_api.h>
#include <stdint.h>

void value_set_number(napi_env env, napi_value object, const char *name, double number);
void value_set_text(napi_env env, napi_value object, const char *name, const char *text);

/* { reason }: why there is no result. */
napi_value value_refusal(napi_env env, const char *reason);

/* A value of Node-API is where V8 keeps the reference. */
uint64_t value_tagged(napi_value value);

#endif
