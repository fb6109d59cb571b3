#define _GNU_SOURCE
#include "black-box-map.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static struct {
  uint8_t *at;
  size_t length;
  int file;
  pid_t pid;
  struct box_range ranges[BOX_SECTION_COUNT];
  _Atomic uint64_t written[BOX_SECTION_COUNT];
  uint32_t frames_made, frames_used;
} map = {.file = -1};

/* Where a frame with this hash was seen last, and when each place was: not in the file, whose frames are
 * written once. */
static uint16_t places_by_hash[BOX_FRAMES_MAX];
static uint32_t last_used[BOX_FRAMES_MAX];

double box_wall_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/* FNV-1a over words, with what is above folded in: src/profiling/black-box/checksum.ts does the same. */
static uint32_t checksum(const void *from, size_t length) {
  const uint8_t *bytes = from;
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < length; i += sizeof hash) {
    uint32_t word = 0;
    memcpy(&word, bytes + i, length - i < sizeof word ? length - i : sizeof word);
    hash = (hash ^ word) * 16777619u;
    hash ^= hash >> 15;
  }
  return hash;
}

/* The last word of a record. */
static void seal(void *record, size_t size) {
  const uint32_t sum = checksum(record, size - sizeof sum);
  memcpy((uint8_t *)record + size - sizeof sum, &sum, sizeof sum);
}

static int fail(const char **call, const char *name, const char *path) {
  const int number = errno;
  *call = name;
  if (map.file >= 0) {
    close(map.file);
    unlink(path);
  }
  map.file = -1;
  return number;
}

int box_map_open(const char *path, const void *header, size_t header_length, size_t length,
                 const struct box_range ranges[BOX_SECTION_COUNT], const char **call) {
  map.file = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (map.file < 0)
    return fail(call, "open", path);
  if (flock(map.file, LOCK_EX | LOCK_NB) != 0)
    return fail(call, "flock", path);
  /* With its blocks: a page without one, on a full disk, would end the process by SIGBUS. */
  errno = posix_fallocate(map.file, 0, (off_t)length);
  if (errno != 0)
    return fail(call, "posix_fallocate", path);
  void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, map.file, 0);
  if (at == MAP_FAILED)
    return fail(call, "mmap", path);
  madvise(at, length, MADV_DONTFORK);
  madvise(at, length, MADV_DONTDUMP);
  map.length = length;
  map.pid = getpid();
  map.frames_made = map.frames_used = 0;
  memset(last_used, 0, sizeof last_used);
  for (int i = 0; i < BOX_SECTION_COUNT; i++) {
    map.ranges[i] = ranges[i];
    atomic_store(&map.written[i], 0);
  }
  memcpy(at, header, header_length);
  map.at = at;
  return 0;
}

void box_map_close(void) {
  if (!box_map_is_open())
    return;
  munmap(map.at, map.length);
  close(map.file);
  map.at = NULL;
  map.file = -1;
}

bool box_map_is_open(void) { return map.at != NULL && map.pid == getpid(); }

bool box_map_is_ours(void) { return box_map_is_open() && lseek(map.file, 0, SEEK_END) >= (off_t)map.length; }

int box_map_is_locked(const char *path) {
  const int file = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (file < 0)
    return -errno;
  const bool is_free = flock(file, LOCK_SH | LOCK_NB) == 0;
  const int number = errno;
  close(file);
  if (is_free)
    return 0;
  return number == EWOULDBLOCK ? 1 : -number;
}

/* The place of the record with this number: numbers begin with 1. */
static uint8_t *place_of(enum box_section section, uint64_t sequence, size_t size) {
  const struct box_range *range = &map.ranges[section];
  return map.at + range->offset + ((sequence - 1) % range->count) * size;
}

static void put(enum box_section section, uint64_t sequence, void *record, size_t size) {
  seal(record, size);
  memcpy(place_of(section, sequence, size), record, size);
}

uint64_t box_write_tick(enum box_section section, struct box_tick *tick) {
  tick->sequence = atomic_fetch_add(&map.written[section], 1) + 1;
  put(section, tick->sequence, tick, sizeof *tick);
  return tick->sequence;
}

void box_rewrite_tick(enum box_section section, struct box_tick *tick) {
  put(section, tick->sequence, tick, sizeof *tick);
}

uint64_t box_write_stack(struct box_stack *stack) {
  stack->sequence = atomic_fetch_add(&map.written[BOX_STACKS], 1) + 1;
  put(BOX_STACKS, stack->sequence, stack, sizeof *stack);
  return stack->sequence;
}

void box_write_size(enum box_section section, struct box_size *size) {
  size->sequence = atomic_fetch_add(&map.written[section], 1) + 1;
  put(section, size->sequence, size, sizeof *size);
}

void box_write_name(size_t place, uint32_t number, const char *name, size_t length) {
  struct box_name record = {.number = number};
  if (place >= map.ranges[BOX_NAMES].count)
    return;
  record.length = (uint32_t)(length < BOX_NAME_LENGTH ? length : BOX_NAME_LENGTH);
  memcpy(record.name, name, record.length);
  put(BOX_NAMES, place + 1, &record, sizeof record);
}

void box_write_event(uint32_t kind, double first, double second, const char *text, size_t length) {
  struct box_event event = {.kind = kind, .first = first, .second = second, .wall_ms = box_wall_ms()};
  event.length = (uint32_t)(length < BOX_TEXT_LENGTH ? length : BOX_TEXT_LENGTH);
  memcpy(event.text, text, event.length);
  event.sequence = atomic_fetch_add(&map.written[BOX_EVENTS], 1) + 1;
  put(BOX_EVENTS, event.sequence, &event, sizeof event);
}

void box_write_end(uint32_t state, int32_t code) {
  struct box_end end = {.sequence = 1, .wall_ms = box_wall_ms(), .code = code, .state = state};
  put(BOX_END, 1, &end, sizeof end);
}

/* Two places in turn: the one before stays whole while the other is written. */
bool box_write_part(enum box_section section, const void *data, size_t length) {
  const size_t room = map.ranges[section].count;
  struct box_part part = {.wall_ms = box_wall_ms(), .length = (uint32_t)length};
  if (room < sizeof part || length > room - sizeof part)
    return false;
  part.sequence = atomic_fetch_add(&map.written[section], 1) + 1;
  part.data_checksum = checksum(data, length);
  seal(&part, sizeof part);
  uint8_t *at = map.at + map.ranges[section].offset + (part.sequence % 2) * room;
  memset(at, 0, sizeof part);
  memcpy(at + sizeof part, data, length);
  memcpy(at, &part, sizeof part);
  return true;
}

static bool is_same(const struct box_frame *kept, const struct box_frame *frame) {
  return kept->number != 0 && kept->line == frame->line && kept->column == frame->column &&
         kept->function_length == frame->function_length && kept->script_length == frame->script_length &&
         memcmp(kept->function, frame->function, frame->function_length) == 0 &&
         memcmp(kept->script, frame->script, frame->script_length) == 0;
}

static size_t place_of_frame(const struct box_frame *frames, const struct box_frame *frame, uint16_t *hint) {
  const size_t count = map.ranges[BOX_FRAMES].count;
  size_t oldest = 0;
  if (*hint < count && is_same(&frames[*hint], frame))
    return *hint;
  for (size_t i = 0; i < count && i < BOX_FRAMES_MAX; i++) {
    if (is_same(&frames[i], frame))
      return i;
    oldest = last_used[i] < last_used[oldest] ? i : oldest;
  }
  return oldest;
}

uint32_t box_frame_number(struct box_frame *frame) {
  const struct box_frame *frames = (const void *)(map.at + map.ranges[BOX_FRAMES].offset);
  uint16_t *hint = &places_by_hash[checksum(frame, sizeof *frame) % BOX_FRAMES_MAX];
  const size_t place = place_of_frame(frames, frame, hint);
  *hint = (uint16_t)place;
  last_used[place] = ++map.frames_used;
  if (is_same(&frames[place], frame))
    return frames[place].number;
  frame->number = ++map.frames_made;
  put(BOX_FRAMES, place + 1, frame, sizeof *frame);
  return frame->number;
}
#endif
