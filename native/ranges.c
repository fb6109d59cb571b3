#define _GNU_SOURCE
#include "ranges.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* One mapping as a line of /proc/self/maps or smaps names it. */
struct mapping {
  uintptr_t start, end;
  bool is_writable, is_shared, is_anonymous;
};

/* Reads lines without allocating: the parent is in the middle of its pause, the child has just been forked.
 */
struct lines {
  int file;
  size_t begin, end;
  char buffer[65536];
};

/* The next line, NUL-terminated, or NULL at the end. A line longer than the buffer comes in pieces. */
static char *next_line(struct lines *lines) {
  for (;;) {
    char *line = lines->buffer + lines->begin;
    char *newline = memchr(line, '\n', lines->end - lines->begin);
    if (newline != NULL) {
      *newline = '\0';
      lines->begin = (size_t)(newline - lines->buffer) + 1;
      return line;
    }
    memmove(lines->buffer, line, lines->end - lines->begin);
    lines->end -= lines->begin;
    lines->begin = 0;
    if (lines->end == sizeof lines->buffer - 1)
      lines->end = 0; /* no line of these files is that long */
    const ssize_t length =
        read(lines->file, lines->buffer + lines->end, sizeof lines->buffer - 1 - lines->end);
    if (length < 0 && errno == EINTR)
      continue;
    if (length <= 0)
      return NULL;
    lines->end += (size_t)length;
  }
}

/* "start-end perms offset device inode path": false for a line of another kind. */
static bool parse_mapping(const char *line, struct mapping *mapping) {
  char *at;
  mapping->start = strtoull(line, &at, 16);
  if (at == line || *at != '-')
    return false;
  const char *end = at + 1;
  mapping->end = strtoull(end, &at, 16);
  if (at == end || strlen(at) < 6)
    return false;
  mapping->is_writable = at[2] == 'w';
  mapping->is_shared = at[4] == 's';
  /* offset, device, inode: the inode of what no file backs is 0, and its path is empty or a name in brackets.
   */
  const char *field = at + 6;
  for (int skipped = 0; skipped < 2 && field != NULL; skipped++)
    field = strchr(field, ' ') == NULL ? NULL : strchr(field, ' ') + 1;
  mapping->is_anonymous = field != NULL && strtoull(field, NULL, 10) == 0;
  return true;
}

static int add(struct ranges *ranges, const struct mapping *mapping) {
  if (ranges->count == ranges->capacity) {
    const size_t capacity = ranges->capacity == 0 ? 1024 : 2 * ranges->capacity;
    struct range *items = realloc(ranges->items, capacity * sizeof *items);
    if (items == NULL)
      return ENOMEM;
    ranges->items = items;
    ranges->capacity = capacity;
  }
  const size_t length = mapping->end - mapping->start;
  ranges->items[ranges->count++] = (struct range){(void *)mapping->start, length};
  ranges->bytes += (double)length;
  return 0;
}

int ranges_read_kept(struct ranges *ranges) {
  static struct lines lines;
  struct mapping mapping = {0};
  int failed = 0;
  lines.begin = lines.end = 0;
  lines.file = open("/proc/self/smaps", O_RDONLY | O_CLOEXEC);
  if (lines.file < 0)
    return errno;
  for (char *line = next_line(&lines); line != NULL && failed == 0; line = next_line(&lines)) {
    /* Of some twenty lines a mapping two matter; their first letters tell them apart. */
    if (line[0] == 'V' && strncmp(line, "VmFlags:", 8) == 0) {
      if (mapping.is_anonymous && !mapping.is_shared && strstr(line + 8, " dc") != NULL)
        failed = add(ranges, &mapping);
    } else if (line[0] < 'A' || line[0] > 'Z') {
      parse_mapping(line, &mapping);
    }
  }
  close(lines.file);
  return failed;
}

/* ENOMEM of madvise means two things. A part is not mapped any more, since a worker's heap goes on changing:
 * the rest got the advice. Or the kernel has no room for another mapping (vm.max_map_count): nothing got it.
 * msync tells them apart, which does nothing to memory without a file. */
static bool is_partly_unmapped(const struct range *range) {
  return msync(range->start, range->length, MS_ASYNC) != 0 && errno == ENOMEM;
}

int ranges_advise(const struct ranges *ranges, int advice) {
  int failed = 0;
  for (size_t i = 0; i < ranges->count; i++) {
    const struct range *range = &ranges->items[i];
    if (madvise(range->start, range->length, advice) == 0)
      continue;
    const int refused = errno;
    if (failed == 0 && !(refused == ENOMEM && is_partly_unmapped(range)))
      failed = refused;
  }
  return failed;
}

void ranges_free(struct ranges *ranges) {
  free(ranges->items);
  *ranges = (struct ranges){0};
}

bool ranges_protect_shared(void) {
  static struct lines lines;
  struct mapping mapping = {0};
  bool is_protected = true;
  lines.begin = lines.end = 0;
  lines.file = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (lines.file < 0)
    return false;
  for (char *line = next_line(&lines); line != NULL; line = next_line(&lines))
    if (parse_mapping(line, &mapping) && mapping.is_writable && mapping.is_shared &&
        mprotect((void *)mapping.start, mapping.end - mapping.start, PROT_READ) != 0)
      is_protected = false;
  close(lines.file);
  return is_protected;
}
#endif
