#ifndef CACHE_ATTRIBUTION_PROPERTIES_H
#define CACHE_ATTRIBUTION_PROPERTIES_H

#include <node_api.h>
#include <stdbool.h>

/* Whether this Node lets it be told which properties run code when they are read. */
bool properties_are_told(void);

/* Adds `accessorKeys()` to the exports of the addon. */
void properties_define(napi_env env, napi_value exports);

#endif
