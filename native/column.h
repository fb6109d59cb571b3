/* A growable column of numbers in memory of its own: the allocator whose figures are measured is not asked.
 */
#ifndef CACHE_ATTRIBUTION_COLUMN_H
#define CACHE_ATTRIBUTION_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 32-bit numbers. A push that finds no memory is dropped, and `failed` says so from then on. */
struct column {
  uint32_t *at;
  size_t count;
  size_t capacity;
  bool failed;
};

/* Makes room for `count` numbers in all; false, with `failed` set, where there is no memory. */
bool column_reserve(struct column *column, size_t count);

/* Makes it `count` numbers long, all zero. */
bool column_make(struct column *column, size_t count);

void column_free(struct column *column);

/* Gives back the memory of the numbers before `end`, which read as 0 from then on. */
void column_forget(const struct column *column, size_t end);

static inline void column_push(struct column *column, uint32_t number) {
  if (column->count < column->capacity || column_reserve(column, column->count + 1))
    column->at[column->count++] = number;
}

/* Zeroed memory of whole pages from the kernel, or NULL. */
void *pages_map(size_t bytes);
void pages_unmap(void *memory, size_t bytes);

#endif
