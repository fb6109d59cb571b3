#ifndef CACHE_ATTRIBUTION_CLOCK_H
#define CACHE_ATTRIBUTION_CLOCK_H

#include <time.h>

/* Milliseconds of the monotonic clock. */
static inline double clock_now_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

#endif
