#ifndef CACHE_ATTRIBUTION_MAJOR_GC_ADDON_H
#define CACHE_ATTRIBUTION_MAJOR_GC_ADDON_H

#include <node_api.h>

/* Adds the functions about major GCs to the exports of the addon. */
void major_gc_define(napi_env env, napi_value exports);

#endif
