/* How much of a range of anonymous memory is resident. */
#ifndef CACHE_ATTRIBUTION_RESIDENT_H
#define CACHE_ATTRIBUTION_RESIDENT_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of whole pages; -1 where the system does not say, or the range is not mapped. Pages that were only
 * ever read share one page of zeros and take no memory: from Linux 6.7 they are not counted. */
double resident_bytes(uint64_t start, uint64_t length);

/* Whether all of a range is mapped, resident or not. */
bool is_mapped(uint64_t start, uint64_t length);

/* Gives back what is kept open between ranges. */
void resident_end(void);

#endif
