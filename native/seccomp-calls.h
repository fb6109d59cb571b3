/* The system calls that a twin may make, over the kernel's whole table; what is in none of the lists is
 * refused. seccomp.c makes a filter of them, and decides on the calls of which several arguments matter. */
#ifndef CACHE_ATTRIBUTION_SECCOMP_CALLS_H
#define CACHE_ATTRIBUTION_SECCOMP_CALLS_H

#include <stdint.h>

/* Whatever the arguments are. */
extern const uint16_t seccomp_allowed[];
extern const unsigned seccomp_allowed_count;

/* Where an argument is one of these values, of 32 bits. */
struct seccomp_by_value {
  uint16_t call;
  uint8_t argument;
  uint8_t count;
  const uint32_t *values;
};
extern const struct seccomp_by_value seccomp_by_values[];
extern const unsigned seccomp_by_values_count;

/* Of fcntl(). F_SETFL is one more, but for O_ASYNC. */
extern const uint32_t seccomp_file_commands[];
extern const unsigned seccomp_file_commands_count;

#endif
