#define _GNU_SOURCE
#include "fork-ranges.h"

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
  struct fork_range range;
  bool is_writable, is_shared, is_anonymous;
};

/* Reads lines without allocating: the parent is in the middle of its pause, the child has just been forked.
 * There is one, for the main thread. */
static struct lines {
  int file;
  size_t begin, end;
  char buffer[65536];
} reading;

static int open_lines(const char *path) {
  reading.begin = reading.end = 0;
  reading.file = open(path, O_RDONLY | O_CLOEXEC);
  return reading.file < 0 ? errno : 0;
}

/* The next line, NUL-terminated, or NULL at the end. A line longer than the buffer comes in pieces. */
static char *next_line(void) {
  struct lines *lines = &reading;
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
  mapping->range.start = strtoull(line, &at, 16);
  if (at == line || *at != '-')
    return false;
  const char *end = at + 1;
  mapping->range.end = strtoull(end, &at, 16);
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

/* The next mapping of /proc/self/maps; false at the end. */
static bool next_mapping(struct mapping *mapping) {
  for (char *line = next_line(); line != NULL; line = next_line())
    if (parse_mapping(line, mapping))
      return true;
  return false;
}

/* The next one that no file backs and no other process shares; false at the end. */
static bool next_private(struct fork_range *range, bool is_written_to) {
  struct mapping mapping;
  while (next_mapping(&mapping))
    if (mapping.is_anonymous && !mapping.is_shared && (mapping.is_writable || !is_written_to)) {
      *range = mapping.range;
      return true;
    }
  return false;
}

static bool next_anonymous(struct fork_range *range) { return next_private(range, false); }

static int reserve(struct fork_ranges *ranges, size_t more) {
  if (ranges->count + more <= ranges->capacity)
    return 0;
  const size_t capacity = 2 * ranges->capacity + more + 512;
  struct fork_range *items = realloc(ranges->items, capacity * sizeof *items);
  if (items == NULL)
    return ENOMEM;
  ranges->items = items;
  ranges->capacity = capacity;
  return 0;
}

static int add(struct fork_ranges *ranges, struct fork_range range) {
  const int failed = reserve(ranges, 1);
  if (failed == 0)
    ranges->items[ranges->count++] = range;
  return failed;
}

int fork_ranges_add_kept(struct fork_ranges *kept) {
  struct mapping mapping = {0};
  int failed = open_lines("/proc/self/smaps");
  if (failed != 0)
    return failed;
  for (char *line = next_line(); line != NULL && failed == 0; line = next_line()) {
    /* Of some twenty lines a mapping two matter; their first letters tell them apart. */
    if (line[0] == 'V' && strncmp(line, "VmFlags:", 8) == 0) {
      if (mapping.is_anonymous && !mapping.is_shared && strstr(line + 8, " dc") != NULL)
        failed = add(kept, mapping.range);
    } else if (line[0] < 'A' || line[0] > 'Z') {
      parse_mapping(line, &mapping);
    }
  }
  close(reading.file);
  return failed;
}

static int add_private(struct fork_ranges *ranges, bool is_written_to) {
  struct fork_range range;
  int failed = open_lines("/proc/self/maps");
  if (failed != 0)
    return failed;
  while (failed == 0 && next_private(&range, is_written_to))
    failed = add(ranges, range);
  close(reading.file);
  return failed;
}

int fork_ranges_add_anonymous(struct fork_ranges *ranges) { return add_private(ranges, false); }

int fork_ranges_add_writable(struct fork_ranges *ranges) { return add_private(ranges, true); }

/* 0: the range took the advice. ENOMEM of madvise means two things. A part is not mapped any more, since a
 * worker's heap goes on changing: the rest got the advice. Or the kernel has no room for another mapping
 * (vm.max_map_count): nothing got it. msync tells them apart, which does nothing to memory without a file. */
static int advise(uintptr_t start, uintptr_t end, int advice) {
  void *const memory = (void *)start;
  if (madvise(memory, end - start, advice) == 0)
    return 0;
  const int refused = errno;
  const bool is_partly_unmapped =
      refused == ENOMEM && msync(memory, end - start, MS_ASYNC) != 0 && errno == ENOMEM;
  return is_partly_unmapped ? 0 : refused;
}

int fork_ranges_advise(const struct fork_ranges *ranges, size_t first, int advice) {
  int failed = 0;
  for (size_t i = first; i < ranges->count; i++) {
    const int refused = advise(ranges->items[i].start, ranges->items[i].end, advice);
    if (failed == 0)
      failed = refused;
  }
  return failed;
}

/* Of `unknown` those that are kept from forks. The kernel tells that of a mapping only among its pages'
 * figures. But where the first page is given to forks, which changes nothing of a mapping that forks get
 * already, one that is kept comes apart behind that page. */
static int add_those_kept(struct fork_ranges *kept, const struct fork_ranges *unknown, uintptr_t page) {
  struct fork_range range;
  int failed = reserve(kept, unknown->count);
  if (failed != 0)
    return failed;
  for (size_t i = 0; i < unknown->count; i++) {
    const uintptr_t start = unknown->items[i].start;
    const int refused = advise(start, start + page, MADV_DOFORK);
    /* EINVAL: the kernel's own, which takes no advice. */
    if (refused != 0 && refused != EINVAL)
      failed = EAGAIN;
  }
  reading.begin = reading.end = 0;
  if (lseek(reading.file, 0, SEEK_SET) != 0)
    return errno;
  for (size_t i = 0; i < unknown->count && next_anonymous(&range);) {
    while (i < unknown->count && unknown->items[i].start + page < range.start)
      i++;
    if (i < unknown->count && unknown->items[i].start + page == range.start)
      kept->items[kept->count++] = unknown->items[i++];
  }
  return failed;
}

int fork_ranges_add_new_kept(struct fork_ranges *kept, const struct fork_ranges *before) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  struct fork_ranges unknown = {0};
  struct fork_range range;
  int failed = open_lines("/proc/self/maps");
  if (failed != 0)
    return failed;
  for (size_t i = 0; failed == 0 && next_anonymous(&range);) {
    while (i < before->count && before->items[i].start < range.start)
      i++;
    if (i < before->count && before->items[i].start == range.start && before->items[i].end == range.end)
      continue;
    /* A single page does not come apart. */
    failed = range.end - range.start < 2 * page ? EAGAIN : add(&unknown, range);
  }
  if (failed == 0 && unknown.count > 0)
    failed = add_those_kept(kept, &unknown, page);
  close(reading.file);
  fork_ranges_free(&unknown);
  return failed;
}

void fork_ranges_free(struct fork_ranges *ranges) {
  free(ranges->items);
  *ranges = (struct fork_ranges){0};
}

/* Takes the free pages from one address to another, so that nothing comes to lie there. */
static void take_free_pages(uintptr_t from, uintptr_t to, size_t page) {
  for (; from < to; from += page) {
    void *const wanted = (void *)from;
    void *taken = mmap(wanted, page, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    /* An old kernel takes another address instead. */
    if (taken != MAP_FAILED && taken != wanted)
      munmap(taken, page);
  }
}

void fork_ranges_keep_clear_of(const struct fork_range *shared, size_t count, size_t unit) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  for (size_t i = 0; i < count; i++) {
    take_free_pages(shared[i].start / unit * unit, shared[i].start, page);
    take_free_pages(shared[i].end, (shared[i].end + unit - 1) / unit * unit, page);
  }
}

bool fork_ranges_protect_shared(struct fork_range *shared, size_t capacity, size_t *count) {
  struct mapping mapping;
  bool is_protected = true;
  if (open_lines("/proc/self/maps") != 0)
    return false;
  *count = 0;
  while (next_mapping(&mapping)) {
    if (!mapping.is_shared)
      continue;
    if (mapping.is_writable &&
        mprotect((void *)mapping.range.start, mapping.range.end - mapping.range.start, PROT_READ) != 0)
      is_protected = false;
    if (*count > 0 && shared[*count - 1].end == mapping.range.start)
      shared[*count - 1].end = mapping.range.end;
    else if (*count < capacity)
      shared[(*count)++] = mapping.range;
  }
  close(reading.file);
  return is_protected;
}
#endif
