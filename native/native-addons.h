/* Memory that addons hold for certain. */
#ifndef CACHE_ATTRIBUTION_NATIVE_ADDONS_H
#define CACHE_ATTRIBUTION_NATIVE_ADDONS_H

#include "native-search.h"

/* The data that the calling addon gives to Node-API, so that it is learnt where records have them: the
 * address of each once. */
enum { NATIVE_PLANTED = 8 };
extern char native_planted[NATIVE_PLANTED];

/* Meets the blocks that the addons among so many modules lead to, once types are known: by their classes,
 * from their data, and what they gave to Node-API. The owner of each is its label. `node_api` is the
 * environment of the calling addon: those of others are of the same class. */
void native_addons_meet(size_t module_count, const void *node_api, native_enter_fn enter);

#endif
