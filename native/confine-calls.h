/* The system calls that a twin may make, over the kernel's whole table; what is in none of the lists is
 * refused. confine.c makes a filter of them, and decides on the calls of which several arguments matter. */
#ifndef CACHE_ATTRIBUTION_CONFINE_CALLS_H
#define CACHE_ATTRIBUTION_CONFINE_CALLS_H

#include <stdint.h>

/* Whatever the arguments are. */
extern const uint16_t confine_allowed[];
extern const unsigned confine_allowed_count;

/* Where an argument is one of these values, of 32 bits. */
struct confine_by_value {
  uint16_t call;
  uint8_t argument;
  uint8_t count;
  const uint32_t *values;
};
extern const struct confine_by_value confine_by_values[];
extern const unsigned confine_by_values_count;

/* Of fcntl(). F_SETFL is one more, but for O_ASYNC. */
extern const uint32_t confine_file_commands[];
extern const unsigned confine_file_commands_count;

#endif
