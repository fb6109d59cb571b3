#define _GNU_SOURCE
#include "heap-cached.h"

#ifdef __linux__
#include "heap-marks.h"
#include "index.h"

static struct column tables, marks;
static struct index nodes; /* those that the cache alone holds */

void heap_cached_clear(void) {
  column_free(&tables);
  column_free(&marks);
  index_free(&nodes);
}

void heap_cached_add_table(uint32_t mark) { column_push(&tables, mark); }

const struct column *heap_cached_tables(void) { return &tables; }

void heap_cached_note(uint32_t mark) { column_push(&marks, mark); }

static bool is_cached(uint32_t node) { return nodes.count > 0 && index_get(&nodes, node) != INDEX_NONE; }

bool heap_cached_holds(uint32_t from, uint32_t to) { return !is_cached(from) || is_cached(to); }

bool heap_cached_cut(struct heap_graph *graph) {
  bool is_done = !tables.failed && !marks.failed && index_make(&nodes, 1 << 10);
  for (size_t i = 0; is_done && i < marks.count; i++)
    if (marks_is_node(marks.at[i]))
      is_done = index_put(&nodes, marks_number(marks.at[i]), 1);
  for (size_t i = 0; is_done && i < marks.count; i++) {
    if (!marks_is_node(marks.at[i]))
      continue;
    const uint32_t node = marks_number(marks.at[i]);
    for (uint32_t edge = graph->first.at[node]; edge < graph->first.at[node + 1]; edge++)
      if (graph->to.at[edge] < graph->object_count && !is_cached(graph->to.at[edge]))
        graph->to.at[edge] = node;
  }
  column_free(&marks);
  column_free(&tables);
  return is_done;
}
#endif
