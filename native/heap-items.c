#define _GNU_SOURCE
#include "heap-items.h"

#ifdef __linux__
#include "heap-handlers.h"
#include "heap-sorts.h"
#include "index.h"
#include "v8-edges.h"
#include "v8-fields.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <string.h>

enum { URL_SIZE = 400 };

/* The item that an object is a part of; `kind` is ITEM_NONE of any other. */
struct identity {
  enum heap_item_kind kind;
  uint64_t key, function;
};

/* Of a function that waits in a property: one that was taken out waits for nothing. */
static struct identity identity_of_callback(enum heap_item_kind kind, uint64_t callback) {
  if (!v8_is_object(callback) || !v8_type_is_function(v8_type_of(callback - 1)))
    return (struct identity){ITEM_NONE, 0, 0};
  return (struct identity){kind, v8_shared_of(callback - 1), callback - 1};
}

/* Words of a suspended call, which V8 does not tell debuggers: its function, context, receiver, what it was
 * resumed with and how, where it goes on, its registers; of an asynchronous generator what was asked of it,
 * and whether it awaits (test/twin/owners/planted.test.ts counts them). */
enum { CONTINUATION = 8, IS_AWAITING = 11 };

/* One that has ended is not resumed: its continuation is negative. Of an asynchronous generator the caller
 * decides when it goes on, unless it awaits. */
static struct identity identity_of_call(uint64_t address) {
  if ((int64_t)v8_read(address + 8ull * CONTINUATION) < 0)
    return (struct identity){ITEM_NONE, 0, 0};
  size_t length = 0;
  const uint64_t function = v8_function_at(address);
  const bool is_plain = v8_type_name(v8_type_of(address), &length) == NULL;
  char name[8] = "";
  struct text text = {.at = name, .size = sizeof name};
  v8_add_function_name(&text, v8_shared_of(function));
  /* V8 keeps the body of each module as a generator without a name, which waits for nothing. */
  if (is_plain && name[0] == '\0')
    return (struct identity){ITEM_NONE, 0, 0};
  const bool is_called = v8_type_is(v8_type_of(address), "JSAsyncGeneratorObject") &&
                         (v8_read(address + 8ull * IS_AWAITING) >> 32) == 0;
  const enum heap_item_kind kind = is_plain || is_called ? ITEM_GENERATORS : ITEM_CALLS;
  return (struct identity){kind, v8_shared_of(function), function};
}

void heap_items_add_script(struct text *text, uint64_t module) {
  if (heap_sort_of(module) == SORT_CJS_MODULE) {
    const uint64_t file = v8_field_of(module, "filename");
    if (v8_is_object(file))
      v8_add_string(text, file - 1, text->size);
    return;
  }
  const uint64_t shared = v8_shared_of_module(module);
  if (shared != 0)
    v8_add_script(text, shared);
}

/* Modules are the same whose names differ in their query alone. */
static struct identity identity_of_module(uint64_t address) {
  char url[URL_SIZE] = "";
  struct text text = {.at = url, .size = sizeof url};
  heap_items_add_script(&text, address);
  url[strcspn(url, "?")] = '\0';
  return (struct identity){url[0] == '\0' ? ITEM_NONE : ITEM_MODULES, index_key_of(url), 0};
}

/* One that is settled waits for nothing: the lower bits of its flags say so, which stand behind its reactions
 * where V8 does not tell (test/twin/owners/planted.test.ts counts them). */
static struct identity identity_of_promise(uint64_t address) {
  static int flags_at;
  if (flags_at == 0)
    flags_at = v8_constant("class_JSPromise__flags__", 32);
  const uint64_t flags = v8_read(address + (uint64_t)flags_at);
  const bool is_pending = (flags & 1) == 0 && ((flags >> 32) & 3) == 0;
  return (struct identity){is_pending ? ITEM_PROMISES : ITEM_NONE, 1, 0};
}

/* A number that is none below 0; -1 of anything else. */
static int64_t number_of(uint64_t tagged) {
  if ((tagged & 1) == 0)
    return (int64_t)tagged >> 32;
  if (!v8_is_object(tagged) || v8_type_of(tagged - 1) != v8_layout.number_type)
    return -1;
  double number;
  memcpy(&number, (const void *)(tagged - 1 + 8), sizeof number);
  return number >= 0 && number < 9e15 ? (int64_t)number : -1;
}

/* Bytes that wait in one side of a stream, by what Node counts itself; -1 where it counts objects, or does
 * not tell. */
static int64_t buffered_in(uint64_t stream, const char *side) {
  static const char LENGTH[] = "length", STATE[] = "state";
  const uint64_t state = v8_field_of(stream, side);
  if (!v8_is_object(state) || v8_type_of(state - 1) < v8_layout.first_object_type)
    return 0;
  const int64_t length = number_of(v8_field_of(state - 1, LENGTH));
  const int64_t flags = number_of(v8_field_of(state - 1, STATE));
  return flags < 0 || (flags & 1) != 0 ? -1 : length;
}

static int64_t buffered_of(uint64_t stream) {
  static const char READABLE[] = "_readableState", WRITABLE[] = "_writableState";
  const int64_t readable = buffered_in(stream, READABLE), writable = buffered_in(stream, WRITABLE);
  return readable < 0 || writable < 0 ? -1 : readable + writable;
}

/* Of one class, and handled by one function of the application's. */
static struct identity identity_of_emitter(enum heap_item_kind kind, uint64_t address) {
  const uint64_t class = v8_constructor_of(v8_map_of(address)), handler = heap_handler_of(address);
  const uint64_t by = handler == 0 ? 0 : v8_shared_of(handler);
  return (struct identity){kind, class ^ by << 20 ^ by >> 44, handler};
}

static struct identity identity_of(uint64_t address) {
  switch (heap_sort_of(address)) {
  case SORT_TIMER:
    return identity_of_callback(ITEM_TIMERS, v8_field_of(address, "_onTimeout"));
  case SORT_IMMEDIATE:
    return identity_of_callback(ITEM_IMMEDIATES, v8_field_of(address, "_onImmediate"));
  case SORT_SUSPENDED:
    return identity_of_call(address);
  case SORT_MODULE:
  case SORT_CJS_MODULE:
    return identity_of_module(address);
  case SORT_PROMISE:
    return identity_of_promise(address);
  case SORT_SOCKET:
    return identity_of_emitter(ITEM_SOCKETS, address);
  case SORT_REQUEST:
    return identity_of_emitter(ITEM_REQUESTS, address);
  case SORT_STREAM:
    return identity_of_emitter(ITEM_STREAMS, address);
  default:
    return (struct identity){ITEM_NONE, 0, 0};
  }
}

static bool add(struct heap_items *items, struct index *by_key, const struct heap_tree *tree, uint32_t number,
                const struct identity *identity) {
  const uint64_t key = identity->key * 16 + identity->kind;
  uint32_t place = index_get(by_key, key);
  if (place == INDEX_NONE) {
    place = (uint32_t)items->groups.count;
    struct heap_item_group *group = list_push(&items->groups);
    if (group == NULL || !index_put(by_key, key, place))
      return false;
    *group = (struct heap_item_group){
        .kind = identity->kind, .key = identity->key, .function = identity->function, .example = number};
  }
  struct heap_item_group *group = (struct heap_item_group *)items->groups.at + place;
  struct heap_item *item = list_push(&items->items);
  if (item == NULL)
    return false;
  group->count++;
  if (identity->kind >= ITEM_SOCKETS && group->buffered >= 0) {
    const int64_t buffered = buffered_of(heap_address_of(tree->node_of.at[number]));
    group->buffered = buffered < 0 ? -1 : group->buffered + buffered;
  }
  *item = (struct heap_item){number, place};
  return true;
}

/* An item that lies in another of its group is counted with that one. */
static bool weigh(const struct heap_items *items, const struct heap_tree *tree) {
  const struct heap_item *all = items->items.at;
  struct heap_item_group *groups = items->groups.at;
  struct index group_of = {0};
  bool is_done = index_make(&group_of, 1 << 10);
  for (size_t i = 0; is_done && i < items->items.count; i++)
    is_done = index_put(&group_of, all[i].number, all[i].group);
  for (size_t i = 0; is_done && i < items->items.count; i++) {
    uint32_t at = tree->dominator.at[all[i].number];
    while (at != 0 && index_get(&group_of, at) != all[i].group)
      at = tree->dominator.at[at];
    if (at == 0)
      groups[all[i].group].once += tree->retained[all[i].number];
  }
  index_free(&group_of);
  return is_done;
}

bool heap_items_find(struct heap_items *items, const struct heap_graph *graph, const struct heap_tree *tree) {
  struct index by_key = {0};
  heap_items_free(items);
  items->groups.size = sizeof(struct heap_item_group);
  items->items.size = sizeof(struct heap_item);
  bool is_done = index_make(&by_key, 1 << 10);
  for (uint32_t node = 1; is_done && node < graph->object_count; node++) {
    const uint32_t number = tree->number_of.at[node];
    if (number == UINT32_MAX)
      continue;
    const struct identity identity = identity_of(heap_address_of(node));
    if (identity.kind != ITEM_NONE)
      is_done = add(items, &by_key, tree, number, &identity);
  }
  index_free(&by_key);
  return is_done && weigh(items, tree);
}

static void name(struct heap_item_group *group, const struct heap_tree *tree) {
  const uint64_t address = heap_address_of(tree->node_of.at[group->example]);
  struct text class = {.at = group->class_name, .size = sizeof group->class_name};
  struct text function = {.at = group->site_name, .size = sizeof group->site_name};
  struct text script = {.at = group->site_script, .size = sizeof group->site_script};
  v8_add_class(&class, v8_map_of(address));
  if (group->function == 0)
    return;
  v8_add_function_name(&function, v8_shared_of(group->function));
  v8_add_script(&script, v8_shared_of(group->function));
}

void heap_items_describe(const struct heap_items *items, const struct heap_tree *tree) {
  struct heap_item_group *groups = items->groups.at;
  for (size_t i = 0; i < items->groups.count; i++)
    name(&groups[i], tree);
}

void heap_items_free(struct heap_items *items) {
  list_free(&items->groups);
  list_free(&items->items);
}
#endif
