#define _GNU_SOURCE
#include "resident.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* PAGEMAP_SCAN of linux/fs.h, which older headers do not have. */
struct page_region {
  uint64_t start, end, categories;
};
struct pm_scan_arg {
  uint64_t size, flags, start, end, walk_end, vec, vec_len, max_pages;
  uint64_t category_inverted, category_mask, category_anyof_mask, return_mask;
};
#define SCAN _IOWR('f', 16, struct pm_scan_arg)
enum { IS_PRESENT = 1 << 3, IS_ZEROS = 1 << 5, REGIONS = 128, PAGES = 1 << 16 };

/* -1: not opened yet; -2: pages are not told of this way. */
static _Thread_local int pagemap = -1;

static double scan(uint64_t start, uint64_t end) {
  struct page_region regions[REGIONS];
  double bytes = 0;
  while (start < end) {
    struct pm_scan_arg query = {.size = sizeof query,
                                .start = start,
                                .end = end,
                                .vec = (uint64_t)(uintptr_t)regions,
                                .vec_len = REGIONS,
                                .category_inverted = IS_ZEROS,
                                .category_mask = IS_PRESENT | IS_ZEROS,
                                .return_mask = IS_PRESENT};
    const int found = ioctl(pagemap, SCAN, &query);
    if (found < 0 && errno == EINTR)
      continue;
    if (found < 0 || query.walk_end <= start)
      return -1;
    for (int i = 0; i < found; i++)
      bytes += (double)(regions[i].end - regions[i].start);
    start = query.walk_end;
  }
  return bytes;
}

static double count(uint64_t start, uint64_t end, uint64_t page) {
  static _Thread_local unsigned char is_in[PAGES];
  double pages = 0;
  while (start < end) {
    const uint64_t length = end - start < PAGES * page ? end - start : PAGES * page;
    if (mincore((void *)(uintptr_t)start, length, is_in) != 0) {
      if (errno == EAGAIN)
        continue;
      return -1;
    }
    for (uint64_t i = 0; i < length / page; i++)
      pages += is_in[i] & 1;
    start += length;
  }
  return pages * (double)page;
}

double resident_bytes(uint64_t start, uint64_t length) {
  const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  const uint64_t end = (start + length + page - 1) / page * page;
  if (length == 0 || start % page != 0)
    return length == 0 ? 0 : -1;
  if (pagemap == -1) {
    pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    if (pagemap < 0)
      pagemap = -2;
  }
  if (pagemap >= 0) {
    const double bytes = scan(start, end);
    if (bytes >= 0)
      return bytes;
    close(pagemap);
    pagemap = -2;
  }
  return count(start, end, page);
}

bool is_mapped(uint64_t start, uint64_t length) {
  const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  return start % page == 0 && count(start, (start + length + page - 1) / page * page, page) >= 0;
}

void resident_end(void) {
  if (pagemap >= 0)
    close(pagemap);
  pagemap = -1;
}
#else
double resident_bytes(uint64_t start, uint64_t length) {
  (void)start, (void)length;
  return -1;
}
bool is_mapped(uint64_t start, uint64_t length) {
  (void)start, (void)length;
  return false;
}
void resident_end(void) {}
#endif
