/* The kind of value that a key of mallctl has. jemalloc compares the size of a value and never its type. */
#ifndef CACHE_ATTRIBUTION_MALLCTL_KEYS_H
#define CACHE_ATTRIBUTION_MALLCTL_KEYS_H

#include <stdbool.h>

enum key_kind {
  KEY_NUMBER,     /* a boolean or a number, or a key without a value */
  KEY_TEXT,       /* a pointer to text, which some versions follow where none is given */
  KEY_MAYBE_TEXT, /* the same, and may be called without one */
  KEY_READ_ONLY,  /* takes a pointer where it is written or called */
  KEY_REFUSED,    /* takes a pointer or the number of a thread cache, which jemalloc does not check */
};

enum key_kind mallctl_key_kind(const char *key);

/* Whether jemalloc divides by this key's value and does not check it: 0 ends the process by SIGFPE, later. */
bool mallctl_key_is_divisor(const char *key);

#endif
