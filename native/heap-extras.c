#define _GNU_SOURCE
#include "heap-extras.h"

#ifdef __linux__
#include "heap-ephemerons.h"
#include "heap-marks.h"
#include "mapped.h"
#include "v8-layout.h"

#include <stdlib.h>
#include <string.h>

static int by_start(const void *a, const void *b) {
  const struct buffer *one = a, *other = b;
  return one->start < other->start ? -1 : one->start > other->start ? 1 : one->node < other->node ? -1 : 1;
}

struct extra {
  uint32_t from, to;
};

static int by_origin(const void *a, const void *b) {
  const struct extra *one = a, *other = b;
  return one->from < other->from ? -1 : one->from > other->from ? 1 : 0;
}

static void add_extra(struct list *extras, uint32_t from, uint32_t to) {
  struct extra *extra = list_push(extras);
  if (extra != NULL)
    *extra = (struct extra){from, to};
}

/* One node for each memory, however many buffers share it; it is as large as the largest of them says. */
static void add_memories(struct heap_graph *graph, struct list *buffers, struct list *extras) {
  struct buffer *all = buffers->at;
  if (buffers->count > 0)
    qsort(all, buffers->count, sizeof *all, by_start);
  for (size_t i = 0; i < buffers->count;) {
    const uint32_t node = graph->node_count++;
    const uint64_t start = all[i].start;
    uint64_t bytes = 0;
    for (; i < buffers->count && all[i].start == start; i++) {
      bytes = all[i].bytes > bytes ? all[i].bytes : bytes;
      add_extra(extras, all[i].node, node);
    }
    graph->mapped_bytes += mapped_begins_at(start) ? bytes : 0;
    column_push(&graph->memories, (uint32_t)bytes);
    column_push(&graph->memories, (uint32_t)(bytes >> 32));
  }
}

/* Puts the extra edges behind those of their nodes, from the last node to the first, in place. */
static bool merge(struct heap_graph *graph, struct list *extras) {
  struct column *to = &graph->to, *first = &graph->first;
  struct extra *all = extras->at;
  size_t left = extras->count, place = to->count + left;
  if (left > 0)
    qsort(all, left, sizeof *all, by_origin);
  if (extras->failed || place >= UINT32_MAX || !column_reserve(to, place + 1))
    return false;
  while (first->count < (size_t)graph->node_count + 1)
    column_push(first, (uint32_t)to->count);
  if (first->failed)
    return false;
  to->count = place;
  for (uint32_t node = graph->object_count; node-- > 0 && left > 0;) {
    const uint32_t begin = first->at[node], end = first->at[node + 1];
    first->at[node + 1] = (uint32_t)place;
    while (left > 0 && all[left - 1].from == node)
      to->at[--place] = all[--left].to;
    place -= end - begin;
    memmove(&to->at[place], &to->at[begin], (end - begin) * sizeof *to->at);
  }
  for (uint32_t node = graph->object_count + 1; node <= graph->node_count; node++)
    first->at[node] = (uint32_t)to->count;
  return true;
}

/* A value lives as long as its key and its table. Of what JavaScript has as a key the key goes first mostly;
 * V8 keeps by its own, such as templates of functions, what it made of them in a realm: those stay, and the
 * table goes with the realm. */
static uint32_t holder_of(const struct ephemeron *ephemeron, bool like_snapshot) {
  const int type = v8_type_of(marks_address(ephemeron->key));
  const bool is_value = type >= v8_layout.first_object_type || v8_type_is(type, "Symbol");
  return is_value || like_snapshot ? ephemeron->key : ephemeron->table;
}

bool heap_extras_add(struct heap_graph *graph, struct list *ephemerons, struct list *buffers,
                     bool like_snapshot) {
  struct list extras = {.size = sizeof(struct extra)};
  const struct ephemeron *all = ephemerons->at;
  for (size_t i = 0; i < ephemerons->count; i++) {
    if (!all[i].is_alive)
      continue;
    add_extra(&extras, marks_number(holder_of(&all[i], like_snapshot)), marks_number(all[i].value));
    if (like_snapshot)
      add_extra(&extras, marks_number(all[i].table), marks_number(all[i].value));
  }
  add_memories(graph, buffers, &extras);
  const bool is_done = merge(graph, &extras) && !graph->memories.failed;
  list_free(&extras);
  return is_done;
}
#endif
