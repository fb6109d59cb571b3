/* Whose socket, request or stream an object is: the function of the application's that handles it. */
#ifndef CACHE_ATTRIBUTION_HEAP_HANDLERS_H
#define CACHE_ATTRIBUTION_HEAP_HANDLERS_H

#include <stdint.h>

/* Of what a server got, the function that handles its requests or connections; of anything else the first of
 * its listeners that is not Node's own. Its address; 0 where there is none. */
uint64_t heap_handler_of(uint64_t emitter);

#endif
