#define _GNU_SOURCE
#include "heap-owner-values.h"
#include "heap-values.h"
#include "native-addons.h"
#include "v8-fields.h"
#include "v8-layout.h"

#include <dlfcn.h>
#include <stdlib.h>

#ifdef __linux__
static napi_value kind_bytes(napi_env env, const uint64_t *bytes) {
  napi_value list, value;
  napi_create_array_with_length(env, PART_KINDS, &list);
  for (uint32_t kind = 0; kind < PART_KINDS; kind++) {
    napi_create_double(env, (double)bytes[kind], &value);
    napi_set_element(env, list, kind, value);
  }
  return list;
}

void function_handles_make(napi_env env, struct function_handles *handles) {
  for (size_t i = 0; i < SITES_MAX; i++)
    napi_create_int32(env, 0, &handles->at[i]);
}

int function_handles_put(struct function_handles *handles, uint64_t function) {
  if (function == 0 || handles->count == SITES_MAX)
    return -1;
  *(uint64_t *)(void *)handles->at[handles->count] = function + 1;
  return (int)handles->count++;
}

/* The line of a function, counted from 1; 0 where it is not known. V8 may allocate for it. */
static double line_of(const struct function_handles *handles, int place) {
  static int (*get_line)(const void *function);
  if (get_line == NULL)
    get_line = (int (*)(const void *))dlsym(RTLD_DEFAULT, "_ZNK2v88Function19GetScriptLineNumberEv");
  const int line = place < 0 || get_line == NULL ? -1 : get_line((const void *)handles->at[place]);
  return line < 0 ? 0 : line + 1;
}

/* The owner itself, where it is a plain object, for JavaScript; NULL of any other. A handle of the global
 * object is made to point at it: making one allocates nothing on V8's heap, and V8 moves it from then on. */
static napi_value handle_of(napi_env env, const struct heap_owner *owner, const struct heap_tree *tree) {
  napi_value handle = NULL;
  const uint64_t address = owner->instances == 1 ? heap_address_of(tree->node_of.at[owner->number]) : 0;
  if (address == 0 || !v8_type_is_plain(v8_type_of(address)) || napi_get_global(env, &handle) != napi_ok)
    return NULL;
  *(uint64_t *)(void *)handle = address + 1;
  return handle;
}

napi_value *owner_objects(napi_env env, const struct heap_owners *owners, const struct heap_tree *tree) {
  napi_value *objects = calloc(owners->count + 1, sizeof *objects);
  for (size_t i = 0; objects != NULL && i < owners->count; i++)
    objects[i] = handle_of(env, &owners->at[i], tree);
  return objects;
}

/* The script that all of an owner is of; empty where there is none. */
static const char *label_of(const struct heap_owner *owner, const struct heap_parts *parts) {
  const char *scripts = parts->scripts.at;
  return scripts + (owner->label < parts->scripts.count ? (size_t)owner->label * PART_SCRIPT_SIZE : 0);
}

static napi_value owners_of(napi_env env, const struct heap_owners *owners,
                            const struct function_handles *handles, const napi_value *objects,
                            const struct heap_parts *parts) {
  napi_value rows;
  napi_create_array_with_length(env, owners->count, &rows);
  for (size_t i = 0; i < owners->count; i++) {
    const struct heap_owner *owner = &owners->at[i];
    napi_value row;
    napi_create_object(env, &row);
    value_set_text(env, row, "className", owner->class_name);
    value_set_text(env, row, "path", owner->path);
    value_set_text(env, row, "script", owner->script);
    value_set_text(env, row, "label", label_of(owner, parts));
    value_set_number(env, row, "instances", owner->instances);
    value_set_number(env, row, "item", owner->item);
    value_set_number(env, row, "functions", owner->functions);
    value_set_text(env, row, "siteName", owner->site_name);
    value_set_text(env, row, "siteScript", owner->site_script);
    value_set_number(env, row, "siteLine", line_of(handles, owner->handle));
    value_set_number(env, row, "ownBytes", (double)owner->own_bytes);
    value_set_number(env, row, "memoryBytes", (double)owner->memory_bytes);
    value_set_number(env, row, "retainedBytes", (double)owner->retained_bytes);
    value_set_number(env, row, "entries", (double)owner->entries);
    value_set_number(env, row, "partOf", owner->part_of);
    value_set_number(env, row, "known", owner->known);
    napi_set_named_property(env, row, "kindBytes", kind_bytes(env, owner->kind_bytes));
    if (objects[i] != NULL)
      napi_set_named_property(env, row, "object", objects[i]);
    napi_set_element(env, rows, (uint32_t)i, row);
  }
  return rows;
}

/* A row for each member of a list. */
static napi_value rows_of(napi_env env, const struct list *list,
                          void (*describe)(napi_env env, napi_value row, const void *member)) {
  napi_value rows;
  napi_create_array_with_length(env, list->count, &rows);
  for (size_t i = 0; i < list->count; i++) {
    napi_value row;
    napi_create_object(env, &row);
    describe(env, row, (const char *)list->at + i * list->size);
    napi_set_element(env, rows, (uint32_t)i, row);
  }
  return rows;
}

static void describe_holder(napi_env env, napi_value row, const void *member) {
  const struct heap_holder *holder = member;
  value_set_number(env, row, "owner", (double)holder->owner - 1);
  value_set_number(env, row, "holder", (double)holder->holder - 1);
  value_set_number(env, row, "count", (double)holder->count);
  value_set_number(env, row, "aloneBytes", (double)holder->alone_bytes);
  value_set_number(env, row, "aloneMemoryBytes", (double)holder->alone_outside);
}

static void describe_shared(napi_env env, napi_value row, const void *member) {
  const struct heap_shared_part *part = member;
  value_set_number(env, row, "owner", (double)part->owner - 1);
  value_set_text(env, row, "firstPath", part->holders[0].path);
  value_set_text(env, row, "firstScript", part->holders[0].script);
  value_set_text(env, row, "secondPath", part->holders[1].path);
  value_set_text(env, row, "secondScript", part->holders[1].script);
  value_set_number(env, row, "count", (double)part->count);
  value_set_number(env, row, "bytes", (double)part->bytes);
}

static napi_value items_of(napi_env env, const struct heap_items *items,
                           const struct function_handles *handles) {
  const struct heap_item_group *groups = items->groups.at;
  napi_value rows;
  napi_create_array(env, &rows);
  for (size_t i = 0, place = 0; i < items->groups.count; i++) {
    if (groups[i].kind == ITEM_MODULES || groups[i].is_row)
      continue;
    napi_value row;
    napi_create_object(env, &row);
    value_set_number(env, row, "item", groups[i].kind);
    value_set_text(env, row, "className", groups[i].class_name);
    value_set_text(env, row, "siteName", groups[i].site_name);
    value_set_text(env, row, "siteScript", groups[i].site_script);
    value_set_number(env, row, "siteLine", line_of(handles, groups[i].handle));
    value_set_number(env, row, "count", groups[i].count);
    value_set_number(env, row, "retainedBytes", (double)groups[i].once);
    value_set_number(env, row, "bufferedBytes",
                     groups[i].kind >= ITEM_SOCKETS ? (double)groups[i].buffered : -1);
    napi_set_element(env, rows, (uint32_t)place++, row);
  }
  return rows;
}

static napi_value parts_of(napi_env env, const struct heap_parts *parts) {
  const struct heap_part *all = parts->parts.at;
  const char *scripts = parts->scripts.at;
  napi_value rows;
  napi_create_array_with_length(env, parts->parts.count, &rows);
  for (size_t i = 0; i < parts->parts.count; i++) {
    napi_value row;
    napi_create_object(env, &row);
    value_set_text(env, row, "script", scripts + (size_t)all[i].script * PART_SCRIPT_SIZE);
    value_set_number(env, row, "kind", all[i].kind);
    value_set_number(env, row, "count", (double)all[i].count);
    value_set_number(env, row, "heapBytes", (double)all[i].heap_bytes);
    value_set_number(env, row, "memoryBytes", (double)all[i].memory_bytes);
    value_set_number(env, row, "ownedBytes", (double)all[i].owned_bytes);
    napi_set_element(env, rows, (uint32_t)i, row);
  }
  return rows;
}

napi_value native_value(napi_env env, const char *reason, const struct native_owners *owners) {
  napi_value result, addons;
  if (reason != NULL)
    return value_refusal(env, reason);
  napi_create_object(env, &result);
  value_set_number(env, result, "javascriptBytes", owners->javascript.bytes);
  value_set_number(env, result, "nodeBytes", owners->engine.bytes);
  value_set_number(env, result, "otherBufferBytes", owners->other_buffers.bytes);
  value_set_number(env, result, "libraryBytes", owners->ours.bytes);
  napi_create_array(env, &addons);
  for (uint32_t i = 0, place = 0; i < MODULES_MAX; i++) {
    if (owners->addons[i].bytes == 0)
      continue;
    napi_value row;
    napi_create_object(env, &row);
    value_set_text(env, row, "file", native_modules[i].path);
    value_set_number(env, row, "bytes", owners->addons[i].bytes);
    value_set_number(env, row, "count", owners->addons[i].count);
    napi_set_element(env, addons, place++, row);
  }
  napi_set_named_property(env, result, "addons", addons);
  return result;
}

void owner_values_put(napi_env env, napi_value result, const struct owner_values *found) {
  const struct heap_shared *shared = found->shared;
  napi_set_named_property(env, result, "owners",
                          owners_of(env, found->owners, found->handles, found->objects, found->parts));
  napi_set_named_property(env, result, "holders", rows_of(env, &shared->holders, describe_holder));
  napi_set_named_property(env, result, "shared", rows_of(env, &shared->parts, describe_shared));
  napi_set_named_property(env, result, "parts", parts_of(env, found->parts));
  napi_set_named_property(env, result, "items", items_of(env, &found->owners->items, found->handles));
}
#endif
