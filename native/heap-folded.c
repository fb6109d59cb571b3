#define _GNU_SOURCE
#include "heap-folded.h"

#ifdef __linux__
#include "heap-visitor.h"
#include "v8-layout.h"

uint32_t heap_fold(struct heap_graph *graph, uint64_t address) {
  const enum heap_folded kind = heap_folded_kind(v8_type_of(address));
  const uint32_t words = heap_words_at(address);
  if (kind != HEAP_NOT_FOLDED) {
    graph->folded[kind].count++;
    graph->folded[kind].bytes += 8ull * words;
    if (8ull * words > graph->folded[kind].largest_bytes) {
      graph->folded[kind].largest_bytes = 8ull * words;
      graph->folded[kind].largest_holder = (uint32_t)graph->words.count;
    }
  }
  return words;
}
#endif
