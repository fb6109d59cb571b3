#ifndef CACHE_ATTRIBUTION_TWIN_ADDON_H
#define CACHE_ATTRIBUTION_TWIN_ADDON_H

#include <node_api.h>

/* Adds the twin's functions to the exports of the addon. */
void twin_define(napi_env env, napi_value exports);

#endif
