/* The Node-API face of isolates.c. */
#ifndef CACHE_ATTRIBUTION_ISOLATES_ADDON_H
#define CACHE_ATTRIBUTION_ISOLATES_ADDON_H

#include <node_api.h>

/* Adds its functions to `exports`; this thread takes part from now on, until its environment ends. */
void isolates_define(napi_env env, napi_value exports);

#endif
