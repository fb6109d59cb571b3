#ifndef CACHE_ATTRIBUTION_TWIN_ADDON_H
#define CACHE_ATTRIBUTION_TWIN_ADDON_H

#include <node_api.h>

/* The exit code of a twin whose JavaScript threw past every handler. */
enum { TWIN_EXIT_THROWN = 85 };

/* Adds the twin's functions to the exports of the addon. */
void twin_define(napi_env env, napi_value exports);

#endif
