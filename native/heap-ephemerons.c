#define _GNU_SOURCE
#include "heap-ephemerons.h"

#ifdef __linux__
#include "heap-marks.h"

static struct list ephemerons = {.size = sizeof(struct ephemeron)};

void heap_ephemerons_add(uint64_t table, uint64_t key, uint64_t value) {
  bool is_key_read_only = false, is_value_read_only = false, is_table_read_only = false;
  const struct ephemeron found = {.key = marks_of(key, &is_key_read_only),
                                  .value = marks_of(value, &is_value_read_only),
                                  .table = marks_of(table, &is_table_read_only)};
  if (is_key_read_only || is_value_read_only)
    return;
  struct ephemeron *entry = list_push(&ephemerons);
  if (entry != NULL)
    *entry = found;
}

bool heap_ephemerons_follow(struct column *pending) {
  struct ephemeron *all = ephemerons.at;
  bool is_more = false;
  for (size_t i = 0; i < ephemerons.count; i++) {
    if (all[i].is_alive || !marks_is_met(all[i].key))
      continue;
    all[i].is_alive = is_more = true;
    marks_make_node(all[i].key);
    marks_make_node(all[i].value);
    if (marks_meet(all[i].value))
      column_push(pending, all[i].value);
  }
  return is_more;
}

struct list *heap_ephemerons(void) {
  return &ephemerons;
}

void heap_ephemerons_free(void) { list_free(&ephemerons); }
#endif
