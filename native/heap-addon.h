/* The Node-API face of the walk over V8's heap. */
#ifndef CACHE_ATTRIBUTION_HEAP_ADDON_H
#define CACHE_ATTRIBUTION_HEAP_ADDON_H

#include <node_api.h>

void heap_define(napi_env env, napi_value exports);

#endif
