/* A black box: a thread that writes the figures of this process into a mapped file, at every interval,
 * whatever the event loop does. One in a process. */
#ifndef CACHE_ATTRIBUTION_BLACK_BOX_H
#define CACHE_ATTRIBUTION_BLACK_BOX_H

#include "black-box-figures.h"

#include <stdbool.h>

/* Shared with src/profiling/black-box/event-kinds.ts */
enum box_event_kind {
  BOX_EVENT_NEAR_LIMIT = 1,
  BOX_EVENT_HEAP_LIMIT = 2,
  BOX_EVENT_DUMP = 3,
  BOX_EVENT_NO_DUMP = 4,
  BOX_EVENT_HISTOGRAM = 5,
  BOX_EVENT_AWAY = 6,
  BOX_EVENT_PRESSURE = 8
};

struct box_order {
  double interval_ms;
  unsigned slow_every; /* ticks to one of the slow ring */
  bool asks_sizes;     /* of caches while the loop is blocked */
  const char *dump;    /* where a heap profile goes near the limit; "" for nowhere */
  struct box_source source;
};

/* Starts the thread: 0 or an errno. */
int box_start(const struct box_order *order);

/* Ends it, and waits for that. */
void box_stop(void);

/* Has the thread write a tick now; from any thread, also where nothing may be allocated. */
void box_wake(void);

/* V8's notice, from its collector. */
void box_heap_near_limit(double limit);

/* How often memory came near its limit. */
unsigned box_times_near(void);

/* What the thread has used of a processor. */
double box_cpu_ms(void);

#endif
