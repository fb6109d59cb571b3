/* Whose a block is by what stands in it: an object of a class of Node's or of an addon's, V8's tables, or a
 * structure with functions of an addon. */
#ifndef CACHE_ATTRIBUTION_NATIVE_TYPES_H
#define CACHE_ATTRIBUTION_NATIVE_TYPES_H

#include "native-search.h"

/* From NATIVE_TYPE_ADDON on: the place of an addon in native_modules, added. */
enum native_type { NATIVE_NO_TYPE, NATIVE_TYPE_ENGINE, NATIVE_TYPE_ADDON };

/* By the place of the block. Of those that a search has met; the others have none. */
extern struct column native_types;

/* False: there is no memory. */
bool native_types_find(void);
void native_types_free(void);

static inline uint32_t native_type_at(const struct native_block *block) {
  return native_types.at[native_place_of(block)];
}

#endif
