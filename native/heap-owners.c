#define _GNU_SOURCE
#include "heap-owners.h"

#ifdef __linux__
#include "heap-paths.h"
#include "v8-edges.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <string.h>

/* A link of a list or a branch of a tree is part of the whole, and the whole begins where its kind does not
 * go on: the dominators so far up may be of the same kind, with tables between. */
enum { STEPS_OF_A_KIND = 4, GROUPS_MAX = 65536 };

/* Number → bytes of its piece so far, and the part of them outside the heap. */
struct pieces {
  uint64_t *all, *outside;
};

static uint64_t map_at(const struct heap_graph *graph, const struct heap_tree *tree, uint32_t number) {
  const uint32_t node = tree->node_of.at[number];
  return node == 0 || node >= graph->object_count ? 0 : v8_map_of(heap_address_of(node));
}

static int type_at(const struct heap_graph *graph, const struct heap_tree *tree, uint32_t number) {
  const uint64_t map = map_at(graph, tree, number);
  return map == 0 ? -1 : v8_type_of_map(map);
}

/* Whether an engineer would call it an owner: an object of JavaScript's, or the variables of a function. */
static bool has_a_name(int type) {
  static int first_context, last_context;
  if (first_context == 0) {
    first_context = v8_constant("FirstContextType", 1);
    last_context = v8_constant("LastContextType", 0);
  }
  return type >= v8_layout.first_object_type || (type >= first_context && type <= last_context);
}

static bool goes_on(const struct heap_graph *graph, const struct heap_tree *tree, uint32_t number) {
  const uint64_t map = map_at(graph, tree, number);
  const int type = v8_type_of_map(map);
  const uint64_t constructor = v8_constructor_of(map);
  uint32_t above = tree->dominator.at[number];
  for (int step = 0; step < STEPS_OF_A_KIND && above != 0; step++, above = tree->dominator.at[above]) {
    const uint64_t other = map_at(graph, tree, above);
    if (other != 0 && v8_type_of_map(other) == type && v8_constructor_of(other) == constructor)
      return true;
  }
  return false;
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

/* From the leaves to the root: a piece that is large enough stays with its owner, a smaller one is its
 * dominator's. */
static bool cut(struct heap_owners *owners, const struct heap_graph *graph, const struct heap_tree *tree,
                struct pieces *pieces, uint64_t least_bytes) {
  for (uint32_t number = tree->count - 1; number > 0; number--) {
    const int type = type_at(graph, tree, number);
    if (pieces->all[number] >= least_bytes && type >= 0 && has_a_name(type) &&
        !goes_on(graph, tree, number)) {
      const struct heap_owner owner = {.number = number,
                                       .instances = 1,
                                       .own_bytes = pieces->all[number],
                                       .memory_bytes = pieces->outside[number],
                                       .retained_bytes = tree->retained[number]};
      if (!add_owner(owners, &owner))
        return false;
      pieces->all[number] = 0;
      pieces->outside[number] = 0;
      continue;
    }
    const uint32_t above = tree->dominator.at[number];
    if (above == 0)
      continue; /* held by nothing but the roots together */
    pieces->all[above] += pieces->all[number];
    pieces->outside[above] += pieces->outside[number];
    pieces->all[number] = pieces->outside[number] = 0;
  }
  return true;
}

/* What makes small pieces alike: one function, its variables or its suspended calls; else one shape. */
static uint64_t kind_at(uint64_t address, int type) {
  const uint64_t shared = v8_function_behind(address);
  if (shared != 0)
    return shared;
  return type >= v8_layout.first_object_type ? v8_map_of(address) : v8_scope_of(address);
}

/* Small pieces that no object holds alone are told together where there are many: promises, timers, requests.
 */
static bool group(struct heap_owners *owners, const struct heap_graph *graph, const struct heap_tree *tree,
                  const struct pieces *pieces, uint64_t least_bytes) {
  struct group {
    uint64_t kind, all, outside;
    uint32_t count, example;
  } *groups = pages_map(GROUPS_MAX * sizeof *groups);
  if (groups == NULL)
    return false;
  bool is_done = true;
  for (uint32_t number = 1; number < tree->count; number++) {
    const int type = pieces->all[number] == 0 ? -1 : type_at(graph, tree, number);
    if (type < 0 || !has_a_name(type))
      continue;
    const uint64_t kind = kind_at(heap_address_of(tree->node_of.at[number]), type);
    size_t place = (size_t)(kind >> 3) % GROUPS_MAX;
    for (size_t tries = 0; groups[place].kind != 0 && groups[place].kind != kind && tries < GROUPS_MAX;
         tries++)
      place = (place + 1) % GROUPS_MAX;
    if (groups[place].kind != 0 && groups[place].kind != kind)
      continue; /* more kinds than rows could be */
    groups[place].kind = kind;
    groups[place].all += pieces->all[number];
    groups[place].outside += pieces->outside[number];
    groups[place].count++;
    groups[place].example = number;
  }
  for (size_t i = 0; is_done && i < GROUPS_MAX; i++) {
    if (groups[i].all < least_bytes)
      continue;
    const struct heap_owner owner = {.number = groups[i].example,
                                     .instances = groups[i].count,
                                     .own_bytes = groups[i].all,
                                     .memory_bytes = groups[i].outside,
                                     .retained_bytes = groups[i].all};
    is_done = add_owner(owners, &owner);
  }
  pages_unmap(groups, GROUPS_MAX * sizeof *groups);
  return is_done;
}

/* Only what is true of all members: their class, and of functions their name and script. */
static void name_group(struct heap_owner *owner, uint64_t address) {
  struct text class = {.at = owner->class_name, .size = sizeof owner->class_name};
  struct text path = {.at = owner->path, .size = sizeof owner->path};
  struct text script = {.at = owner->script, .size = sizeof owner->script};
  const uint64_t shared = v8_function_behind(address);
  v8_add_class(&class, v8_map_of(address));
  if (shared != 0) {
    v8_add_function_name(&path, shared);
    v8_add_script(&script, shared);
  } else if (v8_type_of(address) < v8_layout.first_object_type)
    v8_add_scope_name(&path, v8_scope_of(address));
  else if (v8_constructor_of(v8_map_of(address)) != 0)
    v8_add_script(&script, v8_constructor_of(v8_map_of(address)));
  if (path.length > 0)
    text_add(&path, "()");
  owner->entries = -1;
}

static void name(struct heap_owner *owner, const struct heap_graph *graph, const struct heap_tree *tree,
                 const struct column *via) {
  const uint32_t node = tree->node_of.at[owner->number];
  const uint64_t address = heap_address_of(node);
  if (owner->instances > 1) {
    name_group(owner, address);
    return;
  }
  struct text class = {.at = owner->class_name, .size = sizeof owner->class_name};
  struct heap_path path = {.text = {.at = owner->path, .size = sizeof owner->path},
                           .script = {.at = owner->script, .size = sizeof owner->script}};
  v8_add_class(&class, v8_map_of(address));
  heap_path_write(&path, via, graph, node);
  owner->entries = v8_entries_of(address);
}

/* Whose part each owner is, and which of them are known: the dominators say so. */
static void relate(struct heap_owners *owners, const struct heap_tree *tree,
                   const struct owners_sought *sought) {
  for (size_t i = 0; i < owners->count; i++) {
    struct heap_owner *owner = &owners->at[i];
    owner->part_of = owner->known = -1;
    if (owner->instances != 1)
      continue;
    for (uint32_t at = owner->number; at != 0 && (owner->part_of < 0 || owner->known < 0);
         at = tree->dominator.at[at]) {
      for (size_t k = 0; at != owner->number && owner->part_of < 0 && k < owners->count; k++)
        if (owners->at[k].number == at && owners->at[k].instances == 1)
          owner->part_of = (int32_t)k;
      for (size_t k = 0; owner->known < 0 && k < sought->known_count; k++)
        if (sought->known[k] == at)
          owner->known = (int32_t)k;
    }
  }
}

bool heap_owners_find(struct heap_owners *owners, const struct heap_graph *graph,
                      const struct heap_tree *tree, const struct column *via,
                      const struct owners_sought *sought) {
  heap_owners_free(owners);
  const size_t bytes = tree->count * sizeof(uint64_t);
  struct pieces pieces = {pages_map(bytes), pages_map(bytes)};
  bool is_done = pieces.all != NULL && pieces.outside != NULL;
  uint64_t whole = 0;
  for (uint32_t number = 1; is_done && number < tree->count; number++) {
    const uint32_t node = tree->node_of.at[number];
    pieces.all[number] = heap_own_bytes(graph, node);
    pieces.outside[number] =
        node >= graph->object_count
            ? pieces.all[number]
            : v8_external_bytes(heap_address_of(node), v8_type_of(heap_address_of(node)));
    whole += pieces.all[number];
  }
  is_done = is_done && cut(owners, graph, tree, &pieces, sought->least_bytes) &&
            group(owners, graph, tree, &pieces, sought->least_bytes);
  for (size_t i = 0; is_done && i < owners->count; i++) {
    name(&owners->at[i], graph, tree, via);
    whole -= owners->at[i].own_bytes;
  }
  owners->rest_bytes = whole;
  if (is_done)
    relate(owners, tree, sought);
  pages_unmap(pieces.all, bytes);
  pages_unmap(pieces.outside, bytes);
  return is_done;
}

void heap_owners_free(struct heap_owners *owners) {
  pages_unmap(owners->at, owners->capacity * sizeof *owners->at);
  *owners = (struct heap_owners){0};
}
#endif
