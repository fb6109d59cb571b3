#define _GNU_SOURCE
#include "young-pages.h"

#ifdef __linux__
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

/* V8's pages are as large, and begin at multiples of that. What it knows of a page stands at its beginning:
 * no more than this, and where a new object shows it less. */
enum { PAGE_BITS = 18, PAGE_SIZE_V8 = 1 << PAGE_BITS, HEADER_MOST = 16384, HEADER_LEAST = 8192 };
enum { AT_ONCE = 512 };

/* Of a page's word the lower bits say to which half it belongs, whether it is large, and what V8 wants to be
 * told of it. Pages that are filled first have others besides, which say nothing of what they hold. */
enum { HALF_BITS = 0xff };

static struct {
  bool is_known;
  int word;
  uint64_t used, empty, others; /* `others` may be set beside either */
  size_t header;
} flags = {.header = HEADER_MOST};

static bool is_used(uint64_t word) { return (word & ~flags.others) == flags.used; }
static bool is_empty(uint64_t word) { return (word & ~flags.others) == flags.empty; }

void young_pages_note_object(uint64_t tagged, size_t before_it) {
  if ((tagged & (PAGE_SIZE_V8 - 1)) <= HEADER_LEAST + before_it)
    flags.header = HEADER_LEAST;
}

uintptr_t young_page_of(uint64_t tagged) { return (uintptr_t)tagged >> PAGE_BITS << PAGE_BITS; }

struct young_page_words young_page_read(uintptr_t page) {
  struct young_page_words words = {{0}};
  struct iovec local = {&words, sizeof words}, remote = {(void *)page, sizeof words};
  if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)sizeof words)
    memset(&words, 0, sizeof words);
  return words;
}

static bool is_one_bit(uint64_t word) { return word != 0 && (word & (word - 1)) == 0; }

static uint64_t others_of(const struct young_pages_seen *seen, int word) {
  return (seen->used[0].at[word] | seen->used[1].at[word]) & ~(uint64_t)HALF_BITS;
}

/* One bit has gone and another has come, in both of the pages alike, and a large page differs from both. */
static bool tells(const struct young_pages_seen *seen, int word) {
  const uint64_t used = seen->used[0].at[word] & HALF_BITS, empty = seen->emptied[0].at[word] & HALF_BITS;
  const uint64_t large = seen->large.at[word] & ~others_of(seen, word);
  for (int time = 0; time < 2; time++)
    if (seen->used[time].at[word] - used != seen->emptied[time].at[word] - empty ||
        (seen->used[time].at[word] & HALF_BITS) != used)
      return false;
  return is_one_bit(used & ~empty) && is_one_bit(empty & ~used) && large != used && large != empty;
}

bool young_pages_learn(const struct young_pages_seen *seen) {
  for (int word = 0; word < YOUNG_PAGE_WORDS && !flags.is_known; word++) {
    if (!tells(seen, word))
      continue;
    flags.word = word;
    flags.used = seen->used[0].at[word] & HALF_BITS;
    flags.empty = seen->emptied[0].at[word] & HALF_BITS;
    flags.others = others_of(seen, word);
    flags.is_known = true;
  }
  return flags.is_known;
}

bool young_pages_are_known(void) { return flags.is_known; }

bool young_page_is_used(uintptr_t page) {
  return flags.is_known && is_used(young_page_read(page).at[flags.word]);
}

static bool add(struct fork_ranges *ranges, struct fork_range range) {
  if (ranges->count == ranges->capacity) {
    const size_t capacity = 2 * ranges->capacity + 256;
    struct fork_range *items = realloc(ranges->items, capacity * sizeof *items);
    if (items == NULL)
      return false;
    ranges->items = items;
    ranges->capacity = capacity;
  }
  ranges->items[ranges->count++] = range;
  return true;
}

/* Pages whose words are read together: not all of them may be read. */
struct batch {
  size_t count;
  uintptr_t pages[AT_ONCE];
  uint64_t words[AT_ONCE];
};

/* The kernel reads up to the first that is not mapped, or not to be read. */
static void read_batch(struct batch *batch) {
  static struct iovec local[AT_ONCE], remote[AT_ONCE];
  const size_t size = sizeof batch->words[0];
  for (size_t i = 0; i < batch->count; i++) {
    batch->words[i] = 0;
    local[i] = (struct iovec){&batch->words[i], size};
    remote[i] = (struct iovec){(void *)(batch->pages[i] + (uintptr_t)flags.word * size), size};
  }
  for (size_t done = 0; done < batch->count;) {
    const size_t left = batch->count - done;
    const ssize_t bytes = process_vm_readv(getpid(), local + done, left, remote + done, left, 0);
    done += bytes <= 0 ? 1 : (size_t)bytes / size;
  }
}

/* Calls `take` for each page of the ranges with its word, until it returns false. */
static void each_page(const struct fork_ranges *ranges, size_t first,
                      bool (*take)(uintptr_t page, uint64_t word, void *data), void *data) {
  static struct batch batch;
  bool goes_on = true;
  batch.count = 0;
  for (size_t i = first; i <= ranges->count && goes_on; i++) {
    const bool is_end = i == ranges->count;
    const uintptr_t end = is_end ? 0 : ranges->items[i].end;
    uintptr_t page = is_end ? 0 : (ranges->items[i].start + PAGE_SIZE_V8 - 1) >> PAGE_BITS << PAGE_BITS;
    for (; goes_on && (is_end || page + PAGE_SIZE_V8 <= end); page += PAGE_SIZE_V8) {
      if (!is_end)
        batch.pages[batch.count++] = page;
      if (batch.count < AT_ONCE && !is_end)
        continue;
      read_batch(&batch);
      for (size_t k = 0; k < batch.count && goes_on; k++)
        goes_on = take(batch.pages[k], batch.words[k], data);
      batch.count = 0;
      if (is_end)
        break;
    }
  }
}

static bool add_if_young(uintptr_t page, uint64_t word, void *pages) {
  return (!is_used(word) && !is_empty(word)) || add(pages, (struct fork_range){page, page + PAGE_SIZE_V8});
}

void young_pages_add(struct fork_ranges *pages, const struct fork_ranges *ranges, size_t first) {
  if (flags.is_known)
    each_page(ranges, first, add_if_young, pages);
}

struct wiping {
  struct fork_ranges *empty;
  uintptr_t filling;
};

static bool add_if_empty(uintptr_t page, uint64_t word, void *data) {
  const struct wiping *wiping = data;
  const bool is_unused = wiping->filling != 0 && is_used(word) && page != wiping->filling;
  return (!is_empty(word) && !is_unused) ||
         add(wiping->empty, (struct fork_range){page + flags.header, page + PAGE_SIZE_V8});
}

void young_pages_wipe(struct fork_ranges *empty, const struct fork_ranges *pages, uintptr_t filling) {
  empty->count = 0;
  if (!flags.is_known)
    return;
  each_page(pages, 0, add_if_empty, &(struct wiping){empty, filling});
  /* An old kernel refuses, and shares them. */
  for (size_t i = 0; i < empty->count; i++)
    madvise((void *)empty->items[i].start, empty->items[i].end - empty->items[i].start, MADV_WIPEONFORK);
}

void young_pages_keep(struct fork_ranges *empty) {
  for (size_t i = 0; i < empty->count; i++)
    madvise((void *)empty->items[i].start, empty->items[i].end - empty->items[i].start, MADV_KEEPONFORK);
  empty->count = 0;
}
#endif
