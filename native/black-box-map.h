/* The mapped file of a black box. One in a process; nothing is written into it from a fork's child. */
#ifndef CACHE_ATTRIBUTION_BLACK_BOX_MAP_H
#define CACHE_ATTRIBUTION_BLACK_BOX_MAP_H

#include "black-box-layout.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct box_range {
  size_t offset, count; /* of a report and a profile the bytes of one of its two places */
};

/* Makes the file, which must not be there, with all of its blocks, locks it and maps it. 0, or the errno and
 * the call that failed. */
int box_map_open(const char *path, const void *header, size_t header_length, size_t length,
                 const struct box_range ranges[BOX_SECTION_COUNT], const char **call);

/* Forgets the mapping. The file stays. */
void box_map_close(void);

/* Whether it is mapped, and by this process: in a fork's child it is not. */
bool box_map_is_open(void);

/* Whether this process may write: the mapping is there, is its own, and its file is as long as it was. */
bool box_map_is_ours(void);

/* Whether a process has the file of this path open as its black box: 1, 0, or -errno. */
int box_map_is_locked(const char *path);

/* Each writes one record and its checksum; the number of the record, which is set here. */
uint64_t box_write_tick(enum box_section section, struct box_tick *tick);
void box_rewrite_tick(enum box_section section, struct box_tick *tick);
uint64_t box_write_stack(struct box_stack *stack);
void box_write_size(enum box_section section, struct box_size *size);
void box_write_name(size_t place, uint32_t number, const char *name, size_t length);
void box_write_event(uint32_t kind, double first, double second, const char *text, size_t length);
void box_write_end(uint32_t state, int32_t code);
/* A report or a heap profile; false where there is no room for it. */
bool box_write_part(enum box_section section, const void *data, size_t length);

/* The number of a frame: one that is kept already, or a new one in place of the one not seen for longest. */
uint32_t box_frame_number(struct box_frame *frame);

double box_wall_ms(void);

#endif
