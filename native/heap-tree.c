#define _GNU_SOURCE
#include "heap-tree.h"

#ifdef __linux__
#include <string.h>

static const uint32_t UNREACHED = UINT32_MAX;

/* `parent`: number → the number from which it was first reached. `next`: the edge at which a number goes on
 * when the walk comes back to it; the way back is `parent`. */
static void number_nodes(struct heap_tree *tree, const struct heap_graph *graph, uint32_t *parent,
                         uint32_t *next) {
  const uint32_t *first = graph->first.at, *to = graph->to.at;
  uint32_t *number_of = tree->number_of.at, *node_of = tree->node_of.at;
  uint32_t count = 1, at = 0;
  memset(number_of, 0xff, graph->node_count * sizeof *number_of);
  number_of[0] = node_of[0] = parent[0] = 0;
  next[0] = first[0];
  for (;;) {
    const uint32_t end = first[node_of[at] + 1];
    uint32_t edge = next[at], found = UNREACHED;
    while (edge < end && found == UNREACHED) {
      const uint32_t node = to[edge++];
      if (edge + 3 < end)
        __builtin_prefetch(&number_of[to[edge + 3]]);
      if (number_of[node] == UNREACHED)
        found = node;
    }
    next[at] = edge;
    if (found != UNREACHED) {
      number_of[found] = count;
      node_of[count] = found;
      parent[count] = at;
      next[count] = first[found];
      at = count++;
    } else if (at == 0)
      break;
    else
      at = parent[at];
  }
  tree->count = count;
}

static bool find_holders(struct heap_tree *tree, const struct heap_graph *graph) {
  const uint32_t *first = graph->first.at, *node_of = tree->node_of.at, *number_of = tree->number_of.at;
  uint32_t *place = tree->first_holder.at, total = 0;
  memset(place, 0, tree->first_holder.count * sizeof *place);
  for (uint32_t number = 0; number < tree->count; number++)
    for (uint32_t edge = first[node_of[number]]; edge < first[node_of[number] + 1]; edge++) {
      const uint32_t held = number_of[graph->to.at[edge]];
      graph->to.at[edge] = held;
      place[held]++;
    }
  for (uint32_t number = 0; number <= tree->count; number++) {
    total += place[number];
    place[number] = total;
  }
  if (!column_make(&tree->holders, total))
    return false;
  /* Filled from the end of each range: afterwards `place` is its beginning. */
  for (uint32_t number = 0; number < tree->count; number++)
    for (uint32_t edge = first[node_of[number]]; edge < first[node_of[number] + 1]; edge++)
      tree->holders.at[--place[graph->to.at[edge]]] = number;
  return true;
}

/* What the search for semidominators works on: the forest of the numbers that are done, paths cut short as
 * they are asked for. */
struct forest {
  struct column semi, label, ancestor, path;
};

static uint32_t best_above(struct forest *forest, uint32_t number, uint32_t last) {
  uint32_t *ancestor = forest->ancestor.at, *label = forest->label.at, top = number;
  forest->path.count = 0;
  while (ancestor[top] > last) {
    column_push(&forest->path, top);
    top = ancestor[top];
  }
  const uint32_t root = ancestor[top];
  uint32_t best = label[top];
  while (forest->path.count > 0) {
    const uint32_t below = forest->path.at[--forest->path.count];
    if (best < label[below])
      label[below] = best;
    else
      best = label[below];
    ancestor[below] = root;
  }
  return label[number];
}

static bool find_dominators(struct heap_tree *tree, const uint32_t *parent) {
  const uint32_t count = tree->count;
  uint32_t *dominator = tree->dominator.at;
  struct forest forest = {0};
  bool is_done = column_make(&forest.semi, count) && column_make(&forest.label, count) &&
                 column_make(&forest.ancestor, count);
  for (uint32_t number = 0; is_done && number < count; number++) {
    forest.semi.at[number] = forest.label.at[number] = number;
    forest.ancestor.at[number] = dominator[number] = parent[number];
  }
  for (uint32_t number = count - 1; is_done && number > 0; number--) {
    uint32_t least = parent[number];
    for (uint32_t at = tree->first_holder.at[number]; at < tree->first_holder.at[number + 1]; at++) {
      const uint32_t holder = tree->holders.at[at];
      const uint32_t candidate = holder <= number ? holder : best_above(&forest, holder, number);
      least = candidate < least ? candidate : least;
    }
    forest.semi.at[number] = forest.label.at[number] = least;
  }
  is_done = is_done && !forest.path.failed;
  for (uint32_t number = 1; is_done && number < count; number++) {
    uint32_t candidate = dominator[number];
    while (candidate > forest.semi.at[number])
      candidate = dominator[candidate];
    dominator[number] = candidate;
  }
  column_free(&forest.semi);
  column_free(&forest.label);
  column_free(&forest.ancestor);
  column_free(&forest.path);
  return is_done;
}

static bool sum_up(struct heap_tree *tree, const struct heap_graph *graph) {
  tree->retained = pages_map(tree->count * sizeof *tree->retained);
  if (tree->retained == NULL)
    return false;
  for (uint32_t number = 0; number < tree->count; number++)
    tree->retained[number] = heap_own_bytes(graph, tree->node_of.at[number]);
  for (uint32_t number = tree->count - 1; number > 0; number--)
    tree->retained[tree->dominator.at[number]] += tree->retained[number];
  return true;
}

bool heap_tree_make(struct heap_tree *tree, struct heap_graph *graph) {
  struct column parent = {0}, next = {0};
  heap_tree_free(tree);
  bool is_done = column_make(&tree->node_of, graph->node_count) &&
                 column_make(&tree->number_of, graph->node_count) &&
                 column_make(&parent, graph->node_count) && column_make(&next, graph->node_count);
  if (is_done) {
    number_nodes(tree, graph, parent.at, next.at);
    column_free(&next);
    is_done = column_make(&tree->first_holder, (size_t)tree->count + 1) && find_holders(tree, graph);
  }
  column_free(&graph->first);
  column_free(&graph->to);
  is_done = is_done && column_make(&tree->dominator, tree->count) && find_dominators(tree, parent.at) &&
            sum_up(tree, graph);
  column_free(&parent);
  column_free(&next);
  if (!is_done)
    heap_tree_free(tree);
  return is_done;
}

void heap_tree_free(struct heap_tree *tree) {
  column_free(&tree->node_of);
  column_free(&tree->number_of);
  column_free(&tree->dominator);
  column_free(&tree->first_holder);
  column_free(&tree->holders);
  pages_unmap(tree->retained, tree->count * sizeof *tree->retained);
  memset(tree, 0, sizeof *tree);
}

bool heap_tree_children(const struct heap_tree *tree, struct column *first_child,
                        struct column *next_sibling) {
  if (!column_make(first_child, tree->count) || !column_make(next_sibling, tree->count))
    return false;
  for (uint32_t number = tree->count - 1; number > 0; number--) {
    const uint32_t above = tree->dominator.at[number];
    next_sibling->at[number] = first_child->at[above];
    first_child->at[above] = number;
  }
  return true;
}
#endif
