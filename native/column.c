#define _GNU_SOURCE
#include "column.h"

#ifdef __linux__
#include <string.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 65536, FIRST_NUMBERS = 65536 };

static size_t whole_pages(size_t bytes) { return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES; }

void *pages_map(size_t bytes) {
  void *memory = mmap(NULL, whole_pages(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

void pages_unmap(void *memory, size_t bytes) {
  if (memory != NULL)
    munmap(memory, whole_pages(bytes));
}

bool column_reserve(struct column *column, size_t count) {
  if (column->failed)
    return false;
  size_t wanted = column->capacity == 0 ? FIRST_NUMBERS : column->capacity + column->capacity / 2;
  if (wanted < count)
    wanted = count;
  wanted = whole_pages(wanted * sizeof *column->at) / sizeof *column->at;
  void *memory = column->at == NULL ? pages_map(wanted * sizeof *column->at)
                                    : mremap(column->at, column->capacity * sizeof *column->at,
                                             wanted * sizeof *column->at, MREMAP_MAYMOVE);
  if (memory == NULL || memory == MAP_FAILED) {
    column->failed = true;
    return false;
  }
  column->at = memory;
  column->capacity = wanted;
  return true;
}

bool column_make(struct column *column, size_t count) {
  column_free(column);
  if (!column_reserve(column, count == 0 ? 1 : count))
    return false;
  column->count = count;
  return true;
}

void column_forget(const struct column *column, size_t end) {
  const size_t bytes = end * sizeof *column->at / PAGE_BYTES * PAGE_BYTES;
  if (bytes > 0)
    madvise(column->at, bytes, MADV_DONTNEED);
}

void column_free(struct column *column) {
  if (column->at != NULL)
    munmap(column->at, column->capacity * sizeof *column->at);
  memset(column, 0, sizeof *column);
}
#endif
