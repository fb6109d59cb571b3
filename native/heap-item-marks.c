#define _GNU_SOURCE
#include "heap-item-marks.h"

#ifdef __linux__
#include "heap-sorts.h"
#include "v8-functions.h"
#include "v8-layout.h"

static const uint32_t OF_GROUP = 1u << 31, WITHIN = 1u << 30;

/* Members of a large group are alike: what one holds is told with it, unless it is so many times as much. */
enum { MANY = 8, TIMES_USUAL = 4, STEPS_MOST = 8 };

struct heap_item_group *heap_items_group(const struct heap_items *items, uint32_t mark) {
  return (mark & OF_GROUP) == 0 ? NULL : (struct heap_item_group *)items->groups.at + (mark & ~OF_GROUP);
}

bool heap_items_is_within(uint32_t mark) { return mark == WITHIN; }

static bool is_told(const struct heap_item_group *group, uint64_t least_bytes) {
  return group->once >= least_bytes && group->kind <= ITEM_MODULES && !group->is_row &&
         (group->kind != ITEM_MODULES || group->count > 1);
}

static enum heap_sort sort_at(const struct heap_tree *tree, uint32_t number) {
  const uint64_t address = heap_address_of(tree->node_of.at[number]);
  return address == 0 ? SORT_INTERNAL : heap_sort_of(address);
}

static bool is_of_connection(enum heap_sort sort) {
  return sort == SORT_SOCKET || sort == SORT_REQUEST || sort == SORT_HANDLE || sort == SORT_CLIENT;
}

/* Items that only the roots hold, or another that they hold alone, with objects of Node's between: no
 * variable of the application's keeps it alive. So it is with all that fetch() keeps. `mark`: that of
 * connections. */
static bool is_held_by_node(const struct heap_tree *tree, const uint32_t *marks, uint32_t number,
                            uint32_t mark) {
  uint32_t at = tree->dominator.at[number];
  if (at == 0 || sort_at(tree, number) == SORT_CLIENT)
    return true;
  for (int step = 0; step < STEPS_MOST && at != 0; step++, at = tree->dominator.at[at]) {
    if (marks[at] == mark)
      return true;
    const enum heap_sort sort = sort_at(tree, at);
    if (sort != SORT_OBJECT && sort != SORT_INTERNAL)
      return false;
  }
  return false;
}

/* The class of most sockets, else of most requests, has its name. */
static bool is_better(enum heap_sort sort, enum heap_sort known) {
  return sort == SORT_SOCKET ? known != SORT_SOCKET : sort == SORT_REQUEST && known == SORT_HANDLE;
}

static bool mark_connections(struct heap_items *items, const struct heap_tree *tree, uint32_t *marks,
                             uint64_t least_bytes) {
  const uint32_t place = (uint32_t)items->groups.count, mark = OF_GROUP | place;
  uint32_t sockets = 0, requests = 0, example = 0;
  uint64_t bytes = 0;
  for (uint32_t number = 1; number < tree->count; number++) {
    const enum heap_sort sort = sort_at(tree, number);
    if (!is_of_connection(sort) || marks[number] != 0 || !is_held_by_node(tree, marks, number, mark))
      continue;
    marks[number] = mark;
    sockets += sort == SORT_SOCKET;
    requests += sort == SORT_REQUEST;
    bytes += tree->dominator.at[number] == 0 ? tree->retained[number] : 0;
    if (example == 0 || is_better(sort, sort_at(tree, example)))
      example = number;
  }
  const uint32_t count = sockets > 0 ? sockets : requests;
  if (count == 0 || bytes < least_bytes) {
    for (uint32_t number = 1; number < tree->count; number++)
      if (marks[number] == mark)
        marks[number] = 0;
    return true;
  }
  struct heap_item_group *group = list_push(&items->groups);
  if (group != NULL)
    *group = (struct heap_item_group){.kind = sockets > 0 ? ITEM_SOCKETS : ITEM_REQUESTS,
                                      .count = count,
                                      .example = example,
                                      .once = bytes,
                                      .is_row = true};
  return group != NULL;
}

/* Whether what an item dominates belongs to it: all that modules do, and what is usual in large groups. */
static bool is_usual(const struct heap_item_group *group, uint64_t bytes) {
  return group->kind == ITEM_MODULES ||
         (group->count >= MANY && bytes <= TIMES_USUAL * group->once / group->count);
}

/* Where a suspended call begins: by what resumes it, up to the reaction of the promise that it awaits, where
 * nothing else holds that. */
static uint32_t beginning_of(const struct heap_tree *tree, uint32_t number) {
  uint32_t at = number;
  for (int step = 0; step < STEPS_MOST; step++) {
    const uint32_t above = tree->dominator.at[at];
    const uint64_t address = above == 0 ? 0 : heap_address_of(tree->node_of.at[above]);
    if (address == 0)
      return number;
    const int type = v8_type_of(address);
    if (v8_type_is(type, "PromiseReaction"))
      return above;
    const bool is_builtin = v8_type_is_function(type) && v8_function_at(address) == address &&
                            v8_script_of(v8_shared_of(address)) == 0;
    if (!is_builtin && !v8_type_is_context(type))
      return number;
    at = above;
  }
  return number;
}

bool heap_items_mark(struct heap_items *items, const struct heap_tree *tree, uint32_t *marks,
                     uint64_t least_bytes) {
  const struct heap_item *all = items->items.at;
  const struct heap_item_group *groups = items->groups.at;
  bool is_any = false;
  for (size_t i = 0; i < items->items.count; i++) {
    if (!is_told(&groups[all[i].group], least_bytes))
      continue;
    const bool is_call = groups[all[i].group].kind == ITEM_CALLS;
    const uint32_t begins = is_call ? beginning_of(tree, all[i].number) : all[i].number;
    marks[marks[begins] == 0 ? begins : all[i].number] = OF_GROUP | all[i].group;
    is_any = true;
  }
  if (!mark_connections(items, tree, marks, least_bytes))
    return false;
  is_any = is_any || items->groups.count > 0;
  for (uint32_t number = 1; is_any && number < tree->count; number++) {
    const uint32_t above = marks[tree->dominator.at[number]];
    const struct heap_item_group *group = heap_items_group(items, above);
    const bool is_item = heap_items_group(items, marks[number]) != NULL;
    if (is_item && (group == NULL || group->kind != ITEM_MODULES))
      continue;
    if (above == WITHIN || (group != NULL && is_usual(group, tree->retained[number])))
      marks[number] = WITHIN;
  }
  return true;
}

void heap_items_unmark(const struct heap_items *items, const struct heap_tree *tree, uint32_t *marks) {
  for (uint32_t number = 1; number < tree->count; number++) {
    const struct heap_item_group *group = heap_items_group(items, marks[number]);
    if (group != NULL)
      marks[number] = group->owner;
    else if (marks[number] == WITHIN)
      marks[number] = 0;
  }
}
#endif
