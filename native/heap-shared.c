#define _GNU_SOURCE
#include "heap-shared.h"

#ifdef __linux__
#include "heap-paths.h"
#include "index.h"
#include "v8-layout.h"

#include <stdlib.h>

/* Holders are sought no further up than this: a list of a million links is a million dominators. */
enum { STEPS_MAX = 32, PAIRS_MAX = 1 << 18 };

/* Less is what every module shares with its neighbours. */
enum { LEAST_BYTES = 64 * 1024, PARTS_MOST = 256 };

/* Two that hold the same, by their numbers, the smaller one first. */
struct pair {
  uint32_t first, second;
};

/* The memory that a pair holds in the piece of one owner. */
struct tally {
  uint32_t owner, pair;
  uint64_t count, bytes;
};

static struct list pairs = {.size = sizeof(struct pair)};
static struct index by_pair, by_holder, by_part;
static struct column pair_of; /* number → place + 1 of the pair that holds it; 0: its dominator alone does */
static struct column held_by; /* number of a group's member → place + 1 of its only holder; 0: not met */

static const uint32_t BY_SEVERAL = UINT32_MAX;

/* The place of a key in a list that `index` is of: a new one is at its end, with `is_new` set. */
static uint32_t place_of(struct list *list, struct index *index, uint64_t key, bool *is_new) {
  const uint32_t known = index_get(index, key);
  *is_new = known == INDEX_NONE;
  if (!*is_new)
    return known;
  const uint32_t place = (uint32_t)list->count;
  return list_push(list) != NULL && index_put(index, key, place) ? place : INDEX_NONE;
}

static bool add_holder(struct list *holders, uint32_t owner, uint32_t holder) {
  bool is_new;
  const uint32_t place = place_of(holders, &by_holder, (uint64_t)owner << 32 | (holder + 1), &is_new);
  if (place == INDEX_NONE)
    return false;
  struct heap_holder *at = (struct heap_holder *)holders->at + place;
  if (is_new)
    *at = (struct heap_holder){.owner = owner, .holder = holder};
  at->count++;
  return true;
}

/* A member of a group that has no name but its class. */
static bool is_of_class(const struct heap_owners *owners, uint32_t owner) {
  return owners->at[owner - 1].instances > 1 && owners->at[owner - 1].item == ITEM_NONE;
}

static void note_holder(uint32_t number, uint32_t holder) {
  uint32_t *known = &held_by.at[number];
  if (holder == 0 || (*known != 0 && *known != holder))
    *known = BY_SEVERAL;
  else
    *known = holder;
}

/* One more that holds what a number stands for; of three the first two are told. */
static bool add_to_pair(uint32_t number, uint32_t holder) {
  struct pair pair = {.first = holder};
  if (pair_of.at[number] != 0) {
    pair = ((struct pair *)pairs.at)[pair_of.at[number] - 1];
    if (pair.first == holder || pair.second != 0)
      return true;
    pair.second = pair.first > holder ? pair.first : holder;
    pair.first = pair.first > holder ? holder : pair.first;
  }
  bool is_new;
  const uint32_t place = place_of(&pairs, &by_pair, (uint64_t)pair.first << 32 | (pair.second + 1), &is_new);
  if (place == INDEX_NONE)
    return false;
  if (is_new)
    ((struct pair *)pairs.at)[place] = pair;
  pair_of.at[number] = place + 1;
  return true;
}

/* The owner that begins at a number: it lies in another piece than its dominator. 0: none begins there. */
static uint32_t owner_at(const struct heap_owners *owners, const struct heap_tree *tree, uint32_t number) {
  const uint32_t owner = owners->owner_of.at[number];
  const uint32_t above = tree->dominator.at[number];
  return above == 0 || owners->owner_of.at[above] != owner ? owner : 0;
}

/* The holder of `to` out of `from`: of all that its dominator holds, the one in which `from` lies; of what
 * only the roots hold together, the owner. 0: the dominator itself, or nothing that has a name. */
static uint32_t holder_of(const struct heap_owners *owners, const struct heap_tree *tree, uint32_t from,
                          uint32_t to) {
  const uint32_t above = tree->dominator.at[to];
  if (above == 0) {
    const uint32_t owner = owners->owner_of.at[from];
    const struct heap_owner *by = owner == 0 ? NULL : &owners->at[owner - 1];
    return by == NULL || by->instances != 1 || by->item != ITEM_NONE ? 0 : by->number;
  }
  for (int step = 0; step < STEPS_MAX && from != above && from != 0; step++) {
    if (tree->dominator.at[from] == above)
      return from == to ? 0 : from;
    from = tree->dominator.at[from];
  }
  return 0;
}

static bool follow(struct list *holders, const struct heap_owners *owners, const struct heap_tree *tree,
                   uint32_t from, uint32_t to) {
  if (to == UINT32_MAX || to == 0)
    return true;
  const uint32_t holder = owners->owner_of.at[from], owner = owner_at(owners, tree, to);
  if (owner != 0 && owner != holder && is_of_class(owners, owner))
    note_holder(to, holder);
  if (owner != 0)
    return owner == holder || add_holder(holders, owner, holder);
  const uint32_t by = holder_of(owners, tree, from, to);
  return by == 0 || add_to_pair(to, by);
}

static uint64_t outside_bytes(const struct heap_graph *graph, uint32_t node) {
  const uint64_t address = heap_address_of(node);
  return address == 0 ? heap_own_bytes(graph, node)
                      : (v8_external_bytes(address, v8_type_of(address)) + 7) / 8 * 8;
}

/* Bytes that each number dominates, as far as they are in the piece of its own owner; `bytes_of` a node. */
static uint64_t *bytes_within(const struct heap_owners *owners, const struct heap_graph *graph,
                              const struct heap_tree *tree,
                              uint64_t (*bytes_of)(const struct heap_graph *graph, uint32_t node)) {
  uint64_t *bytes = pages_map(tree->count * sizeof *bytes);
  for (uint32_t number = tree->count - 1; bytes != NULL && number > 0; number--) {
    const uint32_t above = tree->dominator.at[number];
    bytes[number] += bytes_of(graph, tree->node_of.at[number]);
    if (owners->owner_of.at[above] == owners->owner_of.at[number])
      bytes[above] += bytes[number];
  }
  return bytes;
}

/* Memory that one of a pair holds is counted with what it dominates: nothing of that is held from outside. */
static bool sum_up(struct list *tallies, const struct heap_owners *owners, const struct heap_tree *tree,
                   const uint64_t *bytes) {
  bool is_done = true;
  for (uint32_t number = 1; is_done && number < tree->count; number++) {
    if (pair_of.at[number] == 0 || owner_at(owners, tree, number) != 0)
      continue;
    bool is_new;
    const uint32_t owner = owners->owner_of.at[number], pair = pair_of.at[number];
    const uint32_t place = place_of(tallies, &by_part, (uint64_t)owner << 32 | pair, &is_new);
    is_done = place != INDEX_NONE;
    if (!is_done)
      break;
    struct tally *tally = (struct tally *)tallies->at + place;
    if (is_new)
      *tally = (struct tally){.owner = owner, .pair = pair};
    tally->count++;
    tally->bytes += bytes[number];
  }
  return is_done;
}

/* Members of groups that one owner alone holds, to that one's references. */
static void sum_up_alone(struct list *holders, const struct heap_owners *owners, const struct heap_tree *tree,
                         const uint64_t *bytes, const uint64_t *outside) {
  for (uint32_t number = 1; number < tree->count; number++) {
    if (held_by.at[number] == 0 || held_by.at[number] == BY_SEVERAL)
      continue;
    const uint64_t owner = owners->owner_of.at[number];
    const uint32_t place = index_get(&by_holder, owner << 32 | (held_by.at[number] + 1));
    if (place == INDEX_NONE)
      continue;
    struct heap_holder *holder = (struct heap_holder *)holders->at + place;
    holder->alone_bytes += bytes[number];
    holder->alone_outside += outside[number];
  }
}

static int by_bytes(const void *a, const void *b) {
  const struct tally *one = a, *other = b;
  return one->bytes > other->bytes ? -1 : one->bytes < other->bytes;
}

static void name(struct heap_shared_holder *holder, const struct heap_graph *graph,
                 const struct heap_tree *tree, const struct column *via, uint32_t number) {
  struct heap_path path = {.text = {.at = holder->path, .size = sizeof holder->path},
                           .script = {.at = holder->script, .size = sizeof holder->script}};
  if (number != 0)
    heap_path_write(&path, via, graph, tree->node_of.at[number]);
}

static bool tell(struct list *parts, struct list *tallies, const struct heap_graph *graph,
                 const struct heap_tree *tree, const struct column *via) {
  struct tally *all = tallies->at;
  if (tallies->count > 0)
    qsort(all, tallies->count, sizeof *all, by_bytes);
  for (size_t i = 0; i < tallies->count && i < PARTS_MOST && all[i].bytes >= LEAST_BYTES; i++) {
    const struct pair *pair = (struct pair *)pairs.at + all[i].pair - 1;
    struct heap_shared_part *part = list_push(parts);
    if (part == NULL)
      return false;
    *part = (struct heap_shared_part){.owner = all[i].owner, .count = all[i].count, .bytes = all[i].bytes};
    name(&part->holders[0], graph, tree, via, pair->first);
    name(&part->holders[1], graph, tree, via, pair->second);
  }
  return true;
}

bool heap_shared_find(struct heap_shared *shared, const struct heap_owners *owners,
                      const struct heap_graph *graph, const struct heap_tree *tree,
                      const struct column *via) {
  struct list tallies = {.size = sizeof(struct tally)};
  heap_shared_free(shared);
  shared->holders.size = sizeof(struct heap_holder);
  shared->parts.size = sizeof(struct heap_shared_part);
  bool is_done = index_make(&by_holder, 1 << 10) && index_make(&by_pair, 1 << 10) &&
                 index_make(&by_part, 1 << 10) && column_make(&pair_of, tree->count) &&
                 column_make(&held_by, tree->count);
  for (size_t i = 0; is_done && i < graph->rooted.count; i++)
    is_done = follow(&shared->holders, owners, tree, 0, tree->number_of.at[graph->rooted.at[i]]);
  for (uint32_t node = 1; is_done && node < graph->object_count; node++) {
    const uint32_t from = tree->number_of.at[node];
    if (from == UINT32_MAX)
      continue;
    const struct column *edges = heap_edges_of(node);
    for (size_t i = 0; is_done && i < edges->count; i++)
      is_done = follow(&shared->holders, owners, tree, from, tree->number_of.at[edges->at[i]]);
  }
  uint64_t *bytes = is_done ? bytes_within(owners, graph, tree, heap_own_bytes) : NULL;
  uint64_t *outside = bytes == NULL ? NULL : bytes_within(owners, graph, tree, outside_bytes);
  is_done = outside != NULL && sum_up(&tallies, owners, tree, bytes) &&
            tell(&shared->parts, &tallies, graph, tree, via);
  if (is_done)
    sum_up_alone(&shared->holders, owners, tree, bytes, outside);
  pages_unmap(bytes, tree->count * sizeof *bytes);
  pages_unmap(outside, tree->count * sizeof *outside);
  list_free(&tallies);
  list_free(&pairs);
  column_free(&pair_of);
  column_free(&held_by);
  index_free(&by_holder);
  index_free(&by_pair);
  index_free(&by_part);
  return is_done;
}

void heap_shared_free(struct heap_shared *shared) {
  list_free(&shared->holders);
  list_free(&shared->parts);
}
#endif
