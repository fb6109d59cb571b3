/* What the thread of a black box reads of the kernel and the allocator, without a call into V8. */
#ifndef CACHE_ATTRIBUTION_BLACK_BOX_FIGURES_H
#define CACHE_ATTRIBUTION_BLACK_BOX_FIGURES_H

#include "black-box-layout.h"

#include <stdbool.h>

/* Files of a control group, in the order of src/profiling/black-box/native-order.ts; "" for one that is not
 * there. */
enum box_file {
  BOX_FILE_USAGE,
  BOX_FILE_LIMIT,
  BOX_FILE_STATISTICS,
  BOX_FILE_EVENTS,
  BOX_FILE_PRESSURE,
  BOX_FILE_COUNT
};

enum box_allocator { BOX_ALLOCATOR_NONE, BOX_ALLOCATOR_JEMALLOC, BOX_ALLOCATOR_GLIBC };

struct box_source {
  const char *files[BOX_FILE_COUNT];
  bool is_v2;
  enum box_allocator allocator;
  double limit; /* where the caller sets one, else NaN: then RSS is what counts against it */
  double share; /* of the limit, from which on memory is near it */
};

/* In the thread that is to be followed as the main one. */
void box_figures_open(const struct box_source *source);
void box_figures_close(void);

/* What costs microseconds and takes no lock: everything but the allocator's. */
void box_figures_read(double figures[BOX_FIGURE_COUNT]);

/* The allocator's, as long as it costs less than half a thousandth of a processor; else those of the last
 * time stay, and false is returned. */
bool box_figures_read_allocator(double figures[BOX_FIGURE_COUNT]);

/* The kernel says that processes wait for memory. */
void box_figures_notice(void);

/* Whether memory is near the limit, by what was read. */
bool box_figures_are_near(const double figures[BOX_FIGURE_COUNT]);

/* Bytes up to the limit that is nearest, NaN where there is none. */
double box_figures_room(const double figures[BOX_FIGURE_COUNT]);

double box_thread_cpu_ms(void);

#endif
