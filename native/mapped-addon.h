#ifndef CACHE_ATTRIBUTION_MAPPED_ADDON_H
#define CACHE_ATTRIBUTION_MAPPED_ADDON_H

#include <node_api.h>

/* Adds the reading of memory that V8 maps itself to the exports of the addon. */
void mapped_define(napi_env env, napi_value exports);

#endif
