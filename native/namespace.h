/* Entering the namespaces of another process. */
#ifndef CACHE_ATTRIBUTION_NAMESPACE_H
#define CACHE_ATTRIBUTION_NAMESPACE_H

#include <node_api.h>

void namespace_define(napi_env env, napi_value exports);

#endif
