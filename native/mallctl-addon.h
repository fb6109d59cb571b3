#ifndef CACHE_ATTRIBUTION_MALLCTL_ADDON_H
#define CACHE_ATTRIBUTION_MALLCTL_ADDON_H

#include <node_api.h>

/* Adds mallctl() to the exports of the addon. */
void mallctl_define(napi_env env, napi_value exports);

#endif
