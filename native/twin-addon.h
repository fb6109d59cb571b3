#ifndef CACHE_ATTRIBUTION_TWIN_ADDON_H
#define CACHE_ATTRIBUTION_TWIN_ADDON_H

#include <node_api.h>

/* Exit codes of a twin whose JavaScript threw past every handler, or left through twinExit(). */
enum { TWIN_EXIT_THROWN = 85, TWIN_EXIT_LEFT = 86 };

/* Adds the twin's functions to the exports of the addon. */
void twin_define(napi_env env, napi_value exports);

#endif
