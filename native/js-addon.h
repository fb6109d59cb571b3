#ifndef CACHE_ATTRIBUTION_JS_ADDON_H
#define CACHE_ATTRIBUTION_JS_ADDON_H

#include <node_api.h>

/* Adds the stacks of JavaScript in heap profiles to the exports of the addon. */
void js_define(napi_env env, napi_value exports);

#endif
