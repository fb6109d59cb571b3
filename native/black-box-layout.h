/* The file of a black box: a header that JavaScript writes, then sections of records of one size. The offsets
 * are JavaScript's (src/profiling/black-box/layout.ts); the records' members are a contract with
 * src/profiling/black-box/records.ts.
 *
 * Rule: every record ends in a checksum of what stands before it, and a number that never returns begins it.
 * What was cut off in the middle of being written is known by that, whenever the process ended. */
#ifndef CACHE_ATTRIBUTION_BLACK_BOX_LAYOUT_H
#define CACHE_ATTRIBUTION_BLACK_BOX_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

enum box_section {
  BOX_TICKS,
  BOX_SLOW_TICKS,
  BOX_STACKS,
  BOX_FRAMES,
  BOX_NAMES,
  BOX_SIZES,
  BOX_SLOW_SIZES,
  BOX_EVENTS,
  BOX_END,
  BOX_REPORT,
  BOX_PROFILE,
  BOX_SECTION_COUNT
};

/* Figures of a tick. Unknown is NaN. */
enum box_figure {
  BOX_WALL_MS,
  BOX_MONO_MS,
  BOX_RSS,
  BOX_USAGE,
  BOX_LIMIT,
  BOX_WORKING_SET,
  BOX_EVENTS_HIGH,
  BOX_EVENTS_MAX,
  BOX_EVENTS_OOM,
  BOX_EVENTS_KILL,
  BOX_PSI_SOME,
  BOX_PSI_FULL,
  BOX_AVAILABLE,
  BOX_ALLOCATED,
  BOX_ACTIVE,
  BOX_RESIDENT,
  BOX_MAPPED,
  BOX_HEAP_USED,
  BOX_HEAP_TOTAL,
  BOX_HEAP_LIMIT,
  BOX_EXTERNAL,
  BOX_HEAP_AT_MS,
  BOX_BLOCKED_MS,
  BOX_MAIN_CPU_MS,
  BOX_PROCESS_CPU_MS,
  BOX_OWN_CPU_MS,
  BOX_GC_MS,
  BOX_IN_GC_MS,
  BOX_NEAR,
  BOX_FIGURE_COUNT
};

/* 256 bytes */
struct box_tick {
  uint64_t sequence;
  double figures[BOX_FIGURE_COUNT];
  uint32_t stack, stack_high; /* the sequence of the newest stack */
  uint32_t spare, checksum;
};

enum { BOX_STACK_DEPTH = 11 };

/* 64 bytes: frames by their numbers, innermost first, 0 for none. */
struct box_stack {
  uint64_t sequence;
  double mono_ms;
  uint32_t frames[BOX_STACK_DEPTH];
  uint32_t checksum;
};

enum { BOX_FUNCTION_LENGTH = 80, BOX_SCRIPT_LENGTH = 148, BOX_FRAMES_MAX = 1024 };

/* 256 bytes. Texts are UTF-8 without an end; a long one has lost its beginning. */
struct box_frame {
  uint32_t number, line, column, spare[2];
  uint16_t function_length, script_length;
  char function[BOX_FUNCTION_LENGTH];
  char script[BOX_SCRIPT_LENGTH];
  uint32_t checksum;
};

enum { BOX_NAME_LENGTH = 240 };

/* 256 bytes: a cache's name. */
struct box_name {
  uint32_t number, length;
  char name[BOX_NAME_LENGTH];
  uint32_t spare, checksum;
};

/* 64 bytes: what a cache said of itself. */
struct box_size {
  uint64_t sequence;
  double mono_ms;
  double entries, claimed, estimated, uncertainty;
  uint32_t number, spare[2], checksum;
};

enum { BOX_TEXT_LENGTH = 208 };

/* 256 bytes */
struct box_event {
  uint64_t sequence;
  double wall_ms, first, second;
  uint32_t kind, length;
  char text[BOX_TEXT_LENGTH];
  uint32_t spare, checksum;
};

/* 32 bytes */
struct box_end {
  uint64_t sequence;
  double wall_ms;
  int32_t code;
  uint32_t state, spare, checksum;
};

/* 32 bytes, before a report or a heap profile. */
struct box_part {
  uint64_t sequence;
  double wall_ms;
  uint32_t length, data_checksum, spare, checksum;
};

_Static_assert(sizeof(struct box_tick) == 256, "a tick");
_Static_assert(sizeof(struct box_stack) == 64, "a stack");
_Static_assert(sizeof(struct box_frame) == 256, "a frame");
_Static_assert(sizeof(struct box_name) == 256, "a name");
_Static_assert(sizeof(struct box_size) == 64, "a size");
_Static_assert(sizeof(struct box_event) == 256, "an event");
_Static_assert(sizeof(struct box_end) == 32, "an end");
_Static_assert(sizeof(struct box_part) == 32, "a part");

#endif
