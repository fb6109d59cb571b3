#define _GNU_SOURCE
#include "heap-graph.h"

#ifdef __linux__
#include "heap-marks.h"
#include "heap-visitor.h"
#include "v8-layout.h"

#include <string.h>

uint64_t heap_address_of(uint32_t node) { return marks_address_of(node); }

uint32_t heap_node_at(uint64_t address) {
  const uint32_t mark = marks_find(address);
  return mark == UINT32_MAX || !marks_is_node(mark) ? UINT32_MAX : marks_number(mark);
}

uint64_t heap_own_bytes(const struct heap_graph *graph, uint32_t node) {
  if (node < graph->object_count)
    return 8ull * graph->words.at[node];
  const size_t at = 2 * (size_t)(node - graph->object_count);
  return graph->memories.at[at] | (uint64_t)graph->memories.at[at + 1] << 32;
}

uint64_t heap_bytes_alone(const struct heap_graph *graph, uint32_t node, uint64_t address) {
  if (address == 0)
    return heap_own_bytes(graph, node);
  const uint64_t outside = v8_external_bytes(address, v8_type_of(address));
  return 8ull * (heap_words_at(address) + (outside + 7) / 8);
}

void heap_graph_free(struct heap_graph *graph) {
  column_free(&graph->words);
  column_free(&graph->first);
  column_free(&graph->to);
  column_free(&graph->stays);
  column_free(&graph->rooted);
  column_free(&graph->modules);
  column_free(&graph->memories);
  memset(graph, 0, sizeof *graph);
}
#endif
