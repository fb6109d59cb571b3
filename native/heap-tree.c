#define _GNU_SOURCE
#include "heap-tree.h"

#ifdef __linux__
#include <string.h>

static const uint32_t UNREACHED = UINT32_MAX;

/* `parent`: number → the number from which it was first reached, by which the walk comes back. `next`: the
 * edges at which the numbers on the way go on then. */
static void number_nodes(struct heap_tree *tree, const struct heap_graph *graph, uint32_t *parent,
                         struct column *next) {
  const uint32_t *first = graph->first.at, *to = graph->to.at;
  uint32_t *number_of = tree->number_of.at, *node_of = tree->node_of.at;
  uint32_t count = 1, at = 0, edge = first[0];
  memset(number_of, 0xff, graph->node_count * sizeof *number_of);
  number_of[0] = node_of[0] = parent[0] = 0;
  while (!next->failed) {
    const uint32_t end = first[node_of[at] + 1];
    uint32_t found = UNREACHED;
    while (edge < end && found == UNREACHED) {
      const uint32_t node = to[edge++];
      if (edge + 3 < end)
        __builtin_prefetch(&number_of[to[edge + 3]]);
      if (number_of[node] == UNREACHED)
        found = node;
    }
    if (found != UNREACHED) {
      column_push(next, edge);
      number_of[found] = count;
      node_of[count] = found;
      parent[count] = at;
      edge = first[found];
      at = count++;
    } else if (at == 0)
      break;
    else {
      edge = next->at[--next->count];
      at = parent[at];
    }
  }
  tree->count = count;
}

/* The data of the search for semidominators: the forest of the numbers that are done, paths cut short as
 * they are asked for. Of the holders of a number those with a lower number count by themselves alone, and the
 * least of them is all that is kept; the others are listed. */
struct forest {
  struct column semi, label, ancestor, path;
  struct column first_holder; /* number → the first of its later holders; one more than there are numbers */
  struct column holders;
};

/* By node, as the edges lie. Edges become numbers in place; what was listed is given back on the way. */
static bool find_holders(const struct heap_tree *tree, struct heap_graph *graph, struct forest *forest) {
  enum { GIVEN_BACK_AT_ONCE = 1 << 22 };
  const uint32_t *first = graph->first.at, *number_of = tree->number_of.at;
  uint32_t *to = graph->to.at, *place = forest->first_holder.at, *semi = forest->semi.at, total = 0;
  memset(semi, 0xff, tree->count * sizeof *semi);
  for (uint32_t node = 0; node < graph->node_count; node++) {
    const uint32_t number = number_of[node];
    if (number == UNREACHED)
      continue;
    for (uint32_t edge = first[node]; edge < first[node + 1]; edge++) {
      const uint32_t held = to[edge] = number_of[to[edge]];
      if (number < held)
        semi[held] = number < semi[held] ? number : semi[held];
      else if (number > held)
        place[held]++;
    }
  }
  for (uint32_t number = 0; number <= tree->count; number++) {
    total += place[number];
    place[number] = total;
  }
  if (!column_make(&forest->holders, total))
    return false;
  /* Filled from the end of each range: afterwards `place` is its beginning. */
  uint32_t given_back = 0;
  for (uint32_t node = 0; node < graph->node_count; node++) {
    const uint32_t number = number_of[node];
    if (number == UNREACHED)
      continue;
    for (uint32_t edge = first[node]; edge < first[node + 1]; edge++)
      if (number > to[edge])
        forest->holders.at[--place[to[edge]]] = number;
    if (first[node] - given_back >= GIVEN_BACK_AT_ONCE) {
      given_back = first[node];
      column_forget(&graph->to, given_back);
    }
  }
  return true;
}

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

/* `ancestor` begins as the tree of the depth-first walk. */
static bool find_dominators(struct heap_tree *tree, struct forest *forest) {
  const uint32_t count = tree->count;
  uint32_t *dominator = tree->dominator.at, *label = forest->label.at, *semi = forest->semi.at;
  for (uint32_t number = 0; number < count; number++) {
    label[number] = number;
    dominator[number] = forest->ancestor.at[number];
  }
  for (uint32_t number = count - 1; number > 0; number--) {
    uint32_t least = semi[number];
    for (uint32_t at = forest->first_holder.at[number]; at < forest->first_holder.at[number + 1]; at++) {
      const uint32_t candidate = best_above(forest, forest->holders.at[at], number);
      least = candidate < least ? candidate : least;
    }
    semi[number] = label[number] = least;
  }
  for (uint32_t number = 1; number < count; number++) {
    uint32_t candidate = dominator[number];
    while (candidate > semi[number])
      candidate = dominator[candidate];
    dominator[number] = candidate;
  }
  return !forest->path.failed;
}

static void forest_free(struct forest *forest) {
  column_free(&forest->semi);
  column_free(&forest->label);
  column_free(&forest->ancestor);
  column_free(&forest->path);
  column_free(&forest->first_holder);
  column_free(&forest->holders);
}

static bool sum_up(struct heap_tree *tree, const struct heap_graph *graph) {
  tree->retained = pages_map(tree->count * sizeof *tree->retained);
  if (tree->retained == NULL || !column_make(&tree->node_of, tree->count))
    return false;
  for (uint32_t node = 0; node < graph->node_count; node++) {
    const uint32_t number = tree->number_of.at[node];
    if (number == UNREACHED)
      continue;
    tree->retained[number] = heap_own_bytes(graph, node);
    tree->node_of.at[number] = node;
  }
  for (uint32_t number = tree->count - 1; number > 0; number--)
    tree->retained[tree->dominator.at[number]] += tree->retained[number];
  return true;
}

bool heap_tree_make(struct heap_tree *tree, struct heap_graph *graph) {
  struct forest forest = {0};
  struct column next = {0};
  heap_tree_free(tree);
  bool is_done = column_make(&tree->node_of, graph->node_count) &&
                 column_make(&tree->number_of, graph->node_count) &&
                 column_make(&forest.ancestor, graph->node_count);
  if (is_done) {
    number_nodes(tree, graph, forest.ancestor.at, &next);
    is_done = !next.failed;
    column_free(&next);
    column_free(&tree->node_of);
    is_done = is_done && column_make(&forest.semi, tree->count) &&
              column_make(&forest.first_holder, (size_t)tree->count + 1) &&
              find_holders(tree, graph, &forest);
  }
  column_free(&graph->first);
  column_free(&graph->to);
  is_done = is_done && column_make(&forest.label, tree->count) &&
            column_make(&tree->dominator, tree->count) && find_dominators(tree, &forest);
  forest_free(&forest);
  column_free(&next);
  is_done = is_done && sum_up(tree, graph);
  if (!is_done)
    heap_tree_free(tree);
  return is_done;
}

void heap_tree_free(struct heap_tree *tree) {
  column_free(&tree->node_of);
  column_free(&tree->number_of);
  column_free(&tree->dominator);
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
