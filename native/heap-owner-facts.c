#define _GNU_SOURCE
#include "heap-owner-facts.h"

#ifdef __linux__
#include "heap-paths.h"
#include "v8-edges.h"
#include "v8-layout.h"

#include <string.h>

/* Only what is true of all members: their class, and of functions their name and script. */
static void name_group(struct heap_owner *owner, uint64_t address) {
  struct text class = {.at = owner->class_name, .size = sizeof owner->class_name};
  struct text path = {.at = owner->path, .size = sizeof owner->path};
  struct text script = {.at = owner->script, .size = sizeof owner->script};
  const uint64_t shared = owner->function != 0 ? v8_shared_of(owner->function) : v8_function_behind(address);
  v8_add_class(&class, v8_map_of(address));
  if (owner->item == ITEM_MODULES)
    heap_items_add_script(&script, address);
  else if (shared != 0) {
    v8_add_function_name(&path, shared);
    v8_add_script(&script, shared);
  } else if (v8_type_is_context(v8_type_of(address)))
    v8_add_scope_name(&path, v8_scope_of(address));
  else if (v8_constructor_of(v8_map_of(address)) != 0)
    v8_add_script(&script, v8_constructor_of(v8_map_of(address)));
  if (path.length > 0)
    text_add(&path, "()");
  owner->entries = -1;
}

static bool is_of_name(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
         (character >= '0' && character <= '9') || character == '_' || character == '$';
}

/* A name that a minifier gave says nothing: the class is told as its module exports it, or as the property or
 * variable that has it. */
static void name_minified(struct heap_owner *owner, uint64_t address, const struct heap_graph *graph,
                          const struct column *via) {
  enum { MINIFIED_LENGTH = 2 };
  char name[OWNER_PATH_SIZE] = "", script[OWNER_SCRIPT_SIZE] = "";
  struct heap_path path = {.text = {.at = name, .size = sizeof name},
                           .script = {.at = script, .size = sizeof script}};
  const uint64_t class = v8_constructor_function_of(v8_map_of(address));
  const uint32_t node = class == 0 ? UINT32_MAX : heap_node_at(class);
  if (strlen(owner->class_name) > MINIFIED_LENGTH || node == UINT32_MAX)
    return;
  for (size_t i = 0; i < graph->modules.count && path.text.length == 0; i++)
    v8_add_export_of(&path.text, heap_address_of(graph->modules.at[i]), class);
  if (path.text.length == 0)
    heap_path_write(&path, via, graph, node);
  size_t begin = path.text.length;
  while (begin > 0 && is_of_name(name[begin - 1]))
    begin--;
  const size_t length = path.text.length - begin;
  if (length > MINIFIED_LENGTH && length < sizeof owner->class_name)
    memcpy(owner->class_name, name + begin, length + 1);
}

void heap_owner_name(struct heap_owner *owner, const struct heap_graph *graph, const struct heap_tree *tree,
                     const struct column *via) {
  const uint32_t node = tree->node_of.at[owner->number];
  const uint64_t address = heap_address_of(node);
  if (owner->instances > 1 || owner->item != ITEM_NONE) {
    name_group(owner, address);
    return;
  }
  struct text class = {.at = owner->class_name, .size = sizeof owner->class_name};
  struct heap_path path = {.text = {.at = owner->path, .size = sizeof owner->path},
                           .script = {.at = owner->script, .size = sizeof owner->script}};
  v8_add_class(&class, v8_map_of(address));
  if (v8_type_is(v8_type_of(address), "JSObject"))
    name_minified(owner, address, graph, via);
  heap_path_write(&path, via, graph, node);
  owner->entries = v8_entries_of(address);
}

/* The owner that a number itself is; NULL where it is none, or of a group. */
static const struct heap_owner *single_at(const struct heap_owners *owners, uint32_t number) {
  const uint32_t place = owners->owner_of.at[number];
  const struct heap_owner *owner = place == 0 ? NULL : &owners->at[place - 1];
  const bool is_single = owner != NULL && owner->instances == 1 && owner->item == ITEM_NONE;
  return is_single && owner->number == number ? owner : NULL;
}

void heap_owners_relate(struct heap_owners *owners, const struct heap_tree *tree,
                        const struct owners_sought *sought) {
  for (size_t i = 0; i < owners->count; i++) {
    struct heap_owner *owner = &owners->at[i];
    owner->part_of = owner->known = -1;
    if (owner->instances != 1 || owner->item != ITEM_NONE)
      continue;
    for (uint32_t at = owner->number; at != 0 && (owner->part_of < 0 || owner->known < 0);
         at = tree->dominator.at[at]) {
      const struct heap_owner *outer = at == owner->number ? NULL : single_at(owners, at);
      if (outer != NULL && owner->part_of < 0)
        owner->part_of = (int32_t)(outer - owners->at);
      for (size_t k = 0; owner->known < 0 && k < sought->known_count; k++)
        if (sought->known[k] == at)
          owner->known = (int32_t)k;
    }
  }
}
#endif
