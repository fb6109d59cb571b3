#define _GNU_SOURCE
#include "heap-classes.h"

#ifdef __linux__
#include "heap-paths.h"
#include "index.h"
#include "v8-layout.h"
#include "v8-names.h"

#include <string.h>

static const char MEMORY_CLASS[] = "system / JSArrayBufferData";

/* Classes by name, and by map, so that a name is made once for each map. */
static struct index by_name, by_map;

static uint32_t class_named(struct heap_classes *classes, const char *name) {
  const uint64_t key = index_key_of(name);
  const uint32_t known = index_get(&by_name, key);
  if (known != INDEX_NONE)
    return known;
  if (classes->count == classes->capacity) {
    const size_t wanted = classes->capacity == 0 ? 1024 : 2 * classes->capacity;
    struct heap_class *larger = pages_map(wanted * sizeof *larger);
    if (larger == NULL)
      return INDEX_NONE;
    if (classes->count > 0)
      memcpy(larger, classes->at, classes->count * sizeof *larger);
    pages_unmap(classes->at, classes->capacity * sizeof *classes->at);
    classes->at = larger;
    classes->capacity = wanted;
  }
  strcpy(classes->at[classes->count].name, name);
  return index_put(&by_name, key, (uint32_t)classes->count) ? (uint32_t)classes->count++ : INDEX_NONE;
}

static uint32_t class_of_map(struct heap_classes *classes, uint64_t map) {
  const uint32_t known = index_get(&by_map, map);
  if (known != INDEX_NONE)
    return known;
  char name[CLASS_NAME_SIZE] = "";
  struct text text = {.at = name, .size = sizeof name};
  v8_add_class(&text, map);
  const uint32_t class = class_named(classes, name);
  return class != INDEX_NONE && index_put(&by_map, map, class) ? class : INDEX_NONE;
}

/* Down the tree of dominators: what lies in an object of its own class is held by that one already.
 * `class_of`: number → class; `open`: how many objects of each class are on the way down. */
static void sum_retained(struct heap_classes *classes, const struct heap_tree *tree, const uint32_t *class_of,
                         uint32_t *open, const uint32_t *first_child, const uint32_t *next_sibling) {
  uint32_t at = 0;
  for (;;) {
    struct heap_class *class = &classes->at[class_of[at]];
    if (open[class_of[at]]++ == 0)
      class->retained_bytes += tree->retained[at];
    if (tree->retained[at] > class->largest_bytes) {
      class->largest_bytes = tree->retained[at];
      class->largest = tree->node_of.at[at];
    }
    uint32_t next = first_child[at];
    while (next == 0) {
      open[class_of[at]]--;
      if (at == 0)
        return;
      next = next_sibling[at];
      at = tree->dominator.at[at];
    }
    at = next;
  }
}

/* The classes of what is folded into other nodes. None of them lies in one of its own class: the walk folds
 * nothing into a string. */
static bool add_folded(struct heap_classes *classes, const struct heap_graph *graph) {
  static const char *const NAMES[FOLDED_KINDS] = {
      [FOLDED_STRINGS] = "(string)", [FOLDED_NUMBERS] = "(number)", [FOLDED_BIGINTS] = "(bigint)"};
  for (size_t kind = 0; kind < FOLDED_KINDS; kind++) {
    if (graph->folded[kind].count == 0)
      continue;
    const uint32_t class = class_named(classes, NAMES[kind]);
    if (class == INDEX_NONE)
      return false;
    classes->at[class].count += graph->folded[kind].count;
    classes->at[class].own_bytes += graph->folded[kind].bytes;
    classes->at[class].retained_bytes += graph->folded[kind].bytes;
    classes->at[class].largest_bytes = graph->folded[kind].largest_bytes;
    classes->at[class].largest = graph->folded[kind].largest_holder;
  }
  return true;
}

/* Of classes that weigh something: what is small is asked for by nobody. */
static void find_paths(struct heap_classes *classes, const struct heap_graph *graph,
                       const struct column *via) {
  enum { LEAST_BYTES = 4096 };
  for (size_t i = 0; i < classes->count; i++) {
    struct heap_class *class = &classes->at[i];
    if (class->retained_bytes < LEAST_BYTES || class->largest == 0)
      continue;
    struct heap_path path = {.text = {.at = class->path, .size = sizeof class->path},
                             .script = {.at = class->script, .size = sizeof class->script}};
    heap_path_write(&path, via, graph, class->largest);
  }
}

bool heap_classes_count(struct heap_classes *classes, const struct heap_graph *graph,
                        const struct heap_tree *tree, const struct column *via) {
  struct column class_of = {0}, open = {0}, first_child = {0}, next_sibling = {0};
  heap_classes_free(classes);
  bool is_done =
      index_make(&by_name, 1 << 12) && index_make(&by_map, 1 << 14) && column_make(&class_of, tree->count);
  for (uint32_t node = 0; is_done && node < graph->node_count; node++) {
    const uint32_t number = tree->number_of.at[node];
    if (number == UINT32_MAX)
      continue;
    const uint64_t address = heap_address_of(node);
    const uint32_t class = node == 0                     ? class_named(classes, "(synthetic)")
                           : node >= graph->object_count ? class_named(classes, MEMORY_CLASS)
                                                         : class_of_map(classes, v8_map_of(address));
    is_done = class != INDEX_NONE;
    if (!is_done)
      break;
    class_of.at[number] = class;
    classes->at[class].count++;
    classes->at[class].own_bytes += heap_bytes_alone(graph, node, address);
  }
  is_done = is_done && add_folded(classes, graph) && column_make(&open, classes->count) &&
            heap_tree_children(tree, &first_child, &next_sibling);
  if (is_done)
    sum_retained(classes, tree, class_of.at, open.at, first_child.at, next_sibling.at);
  if (is_done)
    find_paths(classes, graph, via);
  column_free(&class_of);
  column_free(&open);
  column_free(&first_child);
  column_free(&next_sibling);
  index_free(&by_name);
  index_free(&by_map);
  return is_done;
}

void heap_classes_free(struct heap_classes *classes) {
  pages_unmap(classes->at, classes->capacity * sizeof *classes->at);
  *classes = (struct heap_classes){0};
}
#endif
