#define _GNU_SOURCE
#include "heap-owners.h"

#ifdef __linux__
#include "heap-item-marks.h"
#include "heap-owner-facts.h"
#include "v8-edges.h"
#include "v8-layout.h"

#include <string.h>

/* A link of a list or a branch of a tree is part of the whole, and the whole begins where its kind does not
 * go on: the dominators so far up may be of the same kind, with tables between. */
enum { STEPS_OF_A_KIND = 4, GROUPS_MAX = 65536 };

/* Columns by number. What an owner was cut out for is written above it only, so that most of their pages are
 * never touched. */
struct pieces {
  uint64_t *outside;     /* bytes outside the heap, of its own and of all that it dominates */
  uint64_t *cut;         /* bytes of owners below it */
  uint64_t *cut_outside; /* the part of them outside the heap */
  uint32_t *owner_of;    /* an owner, or of a group that is told: its place + 1; 0: neither */
  uint8_t *registered;   /* a bit for each number: whether it is sought */
};

static uint64_t piece_of(const struct pieces *pieces, const struct heap_tree *tree, uint32_t number) {
  return tree->retained[number] - pieces->cut[number];
}

static uint64_t map_at(const struct heap_graph *graph, const struct heap_tree *tree, uint32_t number) {
  const uint32_t node = tree->node_of.at[number];
  return node == 0 || node >= graph->object_count ? 0 : v8_map_of(heap_address_of(node));
}

static int type_at(const struct heap_graph *graph, const struct heap_tree *tree, uint32_t number) {
  const uint64_t map = map_at(graph, tree, number);
  return map == 0 ? -1 : v8_type_of_map(map);
}

/* Whether an engineer would call it an owner: an object of JavaScript's, or the variables of a function. */
static bool has_a_name(int type) { return type >= v8_layout.first_object_type || v8_type_is_context(type); }

/* A text that is a variable of a function: of its other variables it says nothing. */
static bool is_variable(const struct heap_graph *graph, const struct heap_tree *tree, uint32_t number,
                        int type) {
  return v8_type_is_string(type) && v8_type_is_context(type_at(graph, tree, tree->dominator.at[number]));
}

static bool is_collection(int type) {
  return v8_type_is(type, "JSArray") || v8_type_is(type, "JSMap") || v8_type_is(type, "JSSet");
}

/* One that holds at least half of the only other of its kind above it, in another shape or as a collection in
 * a collection: `all: [queue, …]` is no list, and the queue has a name. Links of a list have one shape. */
static bool stands_alone(const struct heap_tree *tree, uint64_t map, uint32_t number, uint64_t other_map,
                         uint32_t above) {
  const bool is_link = map == other_map && !is_collection(v8_type_of_map(map));
  return !is_link && 2 * tree->retained[number] >= tree->retained[above];
}

static bool goes_on(const struct heap_graph *graph, const struct heap_tree *tree, uint32_t number) {
  const uint64_t map = map_at(graph, tree, number);
  const int type = v8_type_of_map(map);
  const uint64_t constructor = v8_constructor_of(map);
  uint32_t above = tree->dominator.at[number], first = 0;
  for (int step = 0; step < STEPS_OF_A_KIND && above != 0; step++, above = tree->dominator.at[above]) {
    const uint64_t other = map_at(graph, tree, above);
    if (other == 0 || v8_type_of_map(other) != type || v8_constructor_of(other) != constructor)
      continue;
    if (first != 0)
      return true;
    first = above;
  }
  return first != 0 && !stands_alone(tree, map, number, map_at(graph, tree, first), first);
}

static bool add_owner(struct heap_owners *owners, const struct heap_owner *owner) {
  if (owners->count == owners->capacity) {
    const size_t wanted = owners->capacity == 0 ? 256 : 2 * owners->capacity;
    struct heap_owner *larger = pages_map(wanted * sizeof *larger);
    if (larger == NULL)
      return false;
    if (owners->count > 0)
      memcpy(larger, owners->at, owners->count * sizeof *larger);
    pages_unmap(owners->at, owners->capacity * sizeof *owners->at);
    owners->at = larger;
    owners->capacity = wanted;
  }
  owners->at[owners->count++] = *owner;
  return true;
}

static void add_to(uint64_t *column, uint32_t number, uint64_t bytes) {
  if (bytes > 0)
    column[number] += bytes;
}

/* An instance of a class: what lies in its fields is of one thing, which has the name of the class. */
static bool is_instance(uint64_t map) {
  char name[CLASS_NAME_SIZE] = "";
  struct text class = {.at = name, .size = sizeof name};
  if (map == 0 || !v8_type_is(v8_type_of_map(map), "JSObject"))
    return false;
  v8_add_class(&class, map);
  return strcmp(name, "Object") != 0;
}

/* A collection whose entries are owners themselves, or an instance whose fields are: without it their rows
 * would not say what keeps them. */
static bool holds_owners(const struct heap_graph *graph, const struct heap_tree *tree,
                         const struct pieces *pieces, uint32_t number, uint64_t least_bytes) {
  if (pieces->cut[number] == 0 || tree->retained[number] < least_bytes)
    return false;
  const uint64_t map = map_at(graph, tree, number);
  return map != 0 && (is_collection(v8_type_of_map(map)) || is_instance(map));
}

/* A registered object that nothing holds alone, since its registration does as well: however small it is, its
 * row says of which cache it is, and many of one cache have one row. */
static bool is_registered(const struct pieces *pieces, uint32_t number, uint32_t above) {
  return above == 0 && (pieces->registered[number / 8] >> number % 8 & 1) != 0;
}

static void mark_registered(uint8_t *registered, const struct owners_sought *sought) {
  for (size_t k = 0; k < sought->known_count; k++)
    registered[sought->known[k] / 8] |= (uint8_t)(1u << sought->known[k] % 8);
}

/* From the leaves to the root: a piece that is large enough stays with its owner, a smaller one is its
 * dominator's; what only the roots hold together is nobody's. */
static bool cut(struct heap_owners *owners, const struct heap_graph *graph, const struct heap_tree *tree,
                struct pieces *pieces, const struct heap_items *items, uint64_t least_bytes) {
  for (uint32_t number = tree->count - 1; number > 0; number--) {
    const uint32_t above = tree->dominator.at[number], mark = pieces->owner_of[number];
    const uint64_t bytes = piece_of(pieces, tree, number);
    struct heap_item_group *group = heap_items_group(items, mark);
    const bool may_be = group == NULL && !heap_items_is_within(mark) &&
                        (bytes >= least_bytes || holds_owners(graph, tree, pieces, number, least_bytes) ||
                         is_registered(pieces, number, above));
    const int type = may_be ? type_at(graph, tree, number) : -1;
    bool is_owner = type >= 0 && ((has_a_name(type) && !goes_on(graph, tree, number)) ||
                                  is_variable(graph, tree, number, type));
    if (group != NULL) {
      group->all += bytes;
      group->outside += pieces->outside[number] - pieces->cut_outside[number];
      is_owner = true;
    } else if (is_owner) {
      const struct heap_owner owner = {.number = number,
                                       .instances = 1,
                                       .own_bytes = bytes,
                                       .memory_bytes = pieces->outside[number] - pieces->cut_outside[number],
                                       .retained_bytes = tree->retained[number]};
      if (!add_owner(owners, &owner))
        return false;
      pieces->owner_of[number] = (uint32_t)owners->count;
    }
    if (above == 0)
      continue;
    add_to(pieces->outside, above, pieces->outside[number]);
    add_to(pieces->cut, above, is_owner ? tree->retained[number] : pieces->cut[number]);
    add_to(pieces->cut_outside, above, is_owner ? pieces->outside[number] : pieces->cut_outside[number]);
  }
  return true;
}

/* A row for each group of items that was cut out. */
static bool add_items(struct heap_owners *owners, const struct heap_items *items) {
  struct heap_item_group *groups = items->groups.at;
  for (size_t i = 0; i < items->groups.count; i++) {
    if (groups[i].all == 0)
      continue;
    const struct heap_owner owner = {.number = groups[i].example,
                                     .instances = groups[i].count,
                                     .item = groups[i].kind,
                                     .function = groups[i].function,
                                     .own_bytes = groups[i].all,
                                     .memory_bytes = groups[i].outside,
                                     .retained_bytes = groups[i].all};
    if (!add_owner(owners, &owner))
      return false;
    groups[i].owner = (uint32_t)owners->count;
  }
  return true;
}

/* The likeness of small pieces: one function, its variables or its suspended calls; else one shape. */
static uint64_t kind_at(uint64_t address, int type) {
  const uint64_t shared = v8_function_behind(address);
  if (shared != 0)
    return shared;
  return type >= v8_layout.first_object_type ? v8_map_of(address) : v8_scope_of(address);
}

/* Pieces of one kind that no object holds alone. Open addressing. */
struct group {
  uint64_t kind, all, outside;
  uint32_t count, example, owner; /* `owner`: its place + 1 */
};

/* The kind of a piece that only the roots hold together; 0 where it is nothing that has a name. */
static uint64_t loose_kind(const struct heap_graph *graph, const struct heap_tree *tree,
                           const struct pieces *pieces, uint32_t number) {
  if (tree->dominator.at[number] != 0 || pieces->owner_of[number] != 0)
    return 0;
  const int type = type_at(graph, tree, number);
  return type < 0 || !has_a_name(type) ? 0 : kind_at(heap_address_of(tree->node_of.at[number]), type);
}

/* The place of a kind; NULL where there are more kinds than rows could be. */
static struct group *group_of(struct group *groups, uint64_t kind) {
  size_t place = (size_t)(kind >> 3) % GROUPS_MAX;
  for (size_t tries = 0; tries < GROUPS_MAX; tries++, place = (place + 1) % GROUPS_MAX)
    if (groups[place].kind == 0 || groups[place].kind == kind)
      return &groups[place];
  return NULL;
}

static void gather(struct group *groups, const struct heap_graph *graph, const struct heap_tree *tree,
                   const struct pieces *pieces) {
  for (uint32_t number = 1; number < tree->count; number++) {
    const uint64_t kind = loose_kind(graph, tree, pieces, number);
    struct group *group = kind == 0 ? NULL : group_of(groups, kind);
    if (group == NULL)
      continue;
    group->kind = kind;
    group->all += piece_of(pieces, tree, number);
    group->outside += pieces->outside[number] - pieces->cut_outside[number];
    group->count++;
    group->example = number;
  }
}

/* Small pieces that no object holds alone are told together where there are many: promises, timers, requests.
 */
static bool group(struct heap_owners *owners, const struct heap_graph *graph, const struct heap_tree *tree,
                  struct pieces *pieces, uint64_t least_bytes) {
  struct group *groups = pages_map(GROUPS_MAX * sizeof *groups);
  if (groups == NULL)
    return false;
  bool is_done = true;
  gather(groups, graph, tree, pieces);
  for (size_t i = 0; is_done && i < GROUPS_MAX; i++) {
    if (groups[i].all < least_bytes)
      continue;
    const struct heap_owner owner = {.number = groups[i].example,
                                     .instances = groups[i].count,
                                     .own_bytes = groups[i].all,
                                     .memory_bytes = groups[i].outside,
                                     .retained_bytes = groups[i].all};
    is_done = add_owner(owners, &owner);
    groups[i].owner = (uint32_t)owners->count;
  }
  for (uint32_t number = 1; is_done && number < tree->count; number++) {
    const uint64_t kind = loose_kind(graph, tree, pieces, number);
    const struct group *found = kind == 0 ? NULL : group_of(groups, kind);
    if (found != NULL && found->kind == kind)
      pieces->owner_of[number] = found->owner;
  }
  pages_unmap(groups, GROUPS_MAX * sizeof *groups);
  return is_done;
}

/* Bytes outside the heap of each number alone. */
static void find_outside(const struct heap_graph *graph, const struct heap_tree *tree, uint64_t *outside) {
  for (uint32_t node = 1; node < graph->node_count; node++) {
    const uint32_t number = tree->number_of.at[node];
    if (number == UINT32_MAX)
      continue;
    const uint64_t address = heap_address_of(node);
    const uint64_t bytes = address == 0 ? heap_own_bytes(graph, node)
                                        : (v8_external_bytes(address, v8_type_of(address)) + 7) / 8 * 8;
    add_to(outside, number, bytes);
  }
}

bool heap_owners_find(struct heap_owners *owners, const struct heap_graph *graph,
                      const struct heap_tree *tree, const struct column *via,
                      const struct owners_sought *sought) {
  heap_owners_free(owners);
  const size_t bytes = tree->count * sizeof(uint64_t), bits = tree->count / 8 + 1;
  struct pieces pieces = {pages_map(bytes), pages_map(bytes), pages_map(bytes), NULL, pages_map(bits)};
  bool is_done = pieces.outside != NULL && pieces.cut != NULL && pieces.cut_outside != NULL &&
                 pieces.registered != NULL && column_make(&owners->owner_of, tree->count);
  pieces.owner_of = owners->owner_of.at;
  if (is_done) {
    find_outside(graph, tree, pieces.outside);
    mark_registered(pieces.registered, sought);
  }
  is_done = is_done && heap_items_find(&owners->items, graph, tree);
  is_done = is_done && heap_items_mark(&owners->items, tree, pieces.owner_of, sought->least_bytes);
  is_done = is_done && cut(owners, graph, tree, &pieces, &owners->items, sought->least_bytes) &&
            add_items(owners, &owners->items);
  if (is_done)
    heap_items_unmark(&owners->items, tree, pieces.owner_of);
  is_done = is_done && group(owners, graph, tree, &pieces, sought->least_bytes);
  owners->rest_bytes = tree->retained[0];
  for (size_t i = 0; is_done && i < owners->count; i++) {
    heap_owner_name(&owners->at[i], graph, tree, via);
    owners->rest_bytes -= owners->at[i].own_bytes;
  }
  if (is_done) {
    heap_owners_relate(owners, tree, sought);
    heap_items_describe(&owners->items, tree);
  }
  pages_unmap(pieces.outside, bytes);
  pages_unmap(pieces.cut, bytes);
  pages_unmap(pieces.cut_outside, bytes);
  pages_unmap(pieces.registered, bits);
  return is_done;
}

void heap_owners_free(struct heap_owners *owners) {
  pages_unmap(owners->at, owners->capacity * sizeof *owners->at);
  column_free(&owners->owner_of);
  heap_items_free(&owners->items);
  *owners = (struct heap_owners){0};
}
#endif
