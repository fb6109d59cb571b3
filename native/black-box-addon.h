#ifndef CACHE_ATTRIBUTION_BLACK_BOX_ADDON_H
#define CACHE_ATTRIBUTION_BLACK_BOX_ADDON_H

#include <node_api.h>

/* Adds the black box to the exports of the addon. */
void black_box_define(napi_env env, napi_value exports);

#endif
