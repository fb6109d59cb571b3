#define _GNU_SOURCE
#include "heap-addon.h"
#include "heap-classes.h"
#include "heap-owner-values.h"
#include "heap-owners.h"
#include "heap-parts.h"
#include "heap-paths.h"
#include "heap-shared.h"
#include "heap-sites.h"
#include "heap-values.h"
#include "mapped.h"
#include "native-addons.h"
#include "native-walk.h"
#include "twin-child.h"
#include "v8-fields.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <stdlib.h>
#include <string.h>

#ifdef __linux__
/* The number in the tree of an object; 0 where it is none. */
static uint32_t number_of(const struct heap_tree *tree, uint64_t tagged) {
  const uint32_t node = v8_is_object(tagged) ? heap_node_at(tagged - 1) : UINT32_MAX;
  const uint32_t number = node == UINT32_MAX ? UINT32_MAX : tree->number_of.at[node];
  return number == UINT32_MAX ? 0 : number;
}

/* Bytes that each of `objects` retains, into `retained`; NaN of what is no object of the heap. No call
 * allocates. */
static void read_retained(const struct heap_tree *tree, const uint64_t *objects, size_t count,
                          double *retained) {
  for (size_t i = 0; i < count; i++) {
    const uint32_t number = number_of(tree, objects[i]);
    retained[i] = number == 0 ? -1 : (double)tree->retained[number];
  }
}

static napi_value classes_of(napi_env env, const struct heap_classes *classes) {
  napi_value rows;
  napi_create_array_with_length(env, classes->count, &rows);
  for (size_t i = 0; i < classes->count; i++) {
    const struct heap_class *class = &classes->at[i];
    napi_value row, name;
    napi_create_object(env, &row);
    napi_create_string_utf8(env, class->name, NAPI_AUTO_LENGTH, &name);
    napi_set_named_property(env, row, "className", name);
    value_set_number(env, row, "count", (double)class->count);
    value_set_number(env, row, "shallowBytes", (double)class->own_bytes);
    value_set_number(env, row, "retainedBytes", (double)class->retained_bytes);
    value_set_number(env, row, "largestBytes", (double)class->largest_bytes);
    value_set_text(env, row, "path", class->path);
    value_set_text(env, row, "script", class->script);
    napi_set_element(env, rows, (uint32_t)i, row);
  }
  return rows;
}

/* The elements of an array, as references where V8 keeps them; NULL where it is none. */
static napi_value *elements_of(napi_env env, napi_value array, uint32_t *count) {
  bool is_array = false;
  if (napi_is_array(env, array, &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, array, count) != napi_ok)
    return NULL;
  napi_value *elements = calloc((size_t)*count + 1, sizeof *elements);
  for (uint32_t i = 0; elements != NULL && i < *count; i++)
    napi_get_element(env, array, i, &elements[i]);
  return elements;
}

/* Finds what the walk needs of V8, and which types its functions have; the last of them is built in. Returns
 * NULL, or what is missing. */
static const char *learn_layout(const napi_value *functions, uint32_t count) {
  struct v8_symbols symbols;
  const char *missing = v8_symbols_find(&symbols);
  if (missing == NULL && !v8_layout_read())
    missing = "this V8 does not tell the layout of its objects";
  for (uint32_t i = 0; missing == NULL && i < count; i++)
    v8_layout_note_function(value_tagged(functions[i]));
  if (missing == NULL && count > 0)
    v8_layout_note_builtin(value_tagged(functions[count - 1]));
  return missing;
}

/* twinHeapClasses(functions, objects, likeSnapshot) → { reason } or { nodes, edges, objectBytes,
 * externalBytes, classes, retained }: in a twin, the live objects by class, and how much each of `objects`
 * retains (-1: not found). */
static napi_value TwinHeapClasses(napi_env env, napi_callback_info info) {
  napi_value args[3], result, value;
  size_t count = 3;
  uint32_t function_count = 0, object_count = 0;
  bool like_snapshot = false;
  struct heap_graph graph = {0};
  struct heap_tree tree = {0};
  struct heap_classes classes = {0};
  struct column via = {0};
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  napi_value *functions = count < 3 ? NULL : elements_of(env, args[0], &function_count);
  napi_value *objects = count < 3 ? NULL : elements_of(env, args[1], &object_count);
  if (!twin_is_child() || functions == NULL || objects == NULL ||
      napi_get_value_bool(env, args[2], &like_snapshot) != napi_ok) {
    free(functions);
    free(objects);
    napi_throw_type_error(env, NULL,
                          "twinHeapClasses(functions, objects, likeSnapshot) was expected, in a twin");
    return NULL;
  }
  const char *reason = learn_layout(functions, function_count);
  uint64_t *tagged = calloc((size_t)object_count + 1, sizeof *tagged);
  double *retained = calloc((size_t)object_count + 1, sizeof *retained);
  for (uint32_t i = 0; tagged != NULL && i < object_count; i++)
    tagged[i] = value_tagged(objects[i]);
  if (reason == NULL)
    reason = heap_walk(&graph, like_snapshot);
  uint64_t folded = 0;
  for (size_t kind = 0; kind < FOLDED_KINDS; kind++)
    folded += graph.folded[kind].count;
  const double edges = (double)(graph.to.count + folded);
  if (reason == NULL &&
      (tagged == NULL || retained == NULL || !heap_paths_find(&via, &graph) ||
       !heap_tree_make(&tree, &graph) || !heap_classes_count(&classes, &graph, &tree, &via)))
    reason = "there is no memory for the walk";
  if (reason == NULL)
    read_retained(&tree, tagged, object_count, retained);
  /* From here on V8 may move what it likes. */
  if (reason != NULL)
    result = value_refusal(env, reason);
  else {
    napi_create_object(env, &result);
    value_set_number(env, result, "nodes", (double)(tree.count + folded));
    value_set_number(env, result, "edges", edges);
    value_set_number(env, result, "objectBytes", (double)graph.object_bytes);
    value_set_number(env, result, "externalBytes", (double)graph.external_bytes);
    napi_set_named_property(env, result, "classes", classes_of(env, &classes));
    napi_create_array_with_length(env, object_count, &value);
    for (uint32_t i = 0; i < object_count; i++) {
      napi_value bytes;
      napi_create_double(env, retained[i], &bytes);
      napi_set_element(env, value, i, bytes);
    }
    napi_set_named_property(env, result, "retained", value);
  }
  heap_classes_free(&classes);
  column_free(&via);
  heap_tree_free(&tree);
  heap_walk_free(&graph);
  free(functions);
  free(objects);
  free(tagged);
  free(retained);
  return result;
}

static void note_script(void *owners, uint32_t place, uint32_t script) {
  uint32_t *label = &((struct heap_owners *)owners)->at[place].label;
  *label = *label == NO_LABEL || *label == script ? script : SEVERAL_LABELS;
}

static uint64_t *kind_bytes_of(void *owners, uint32_t place) {
  return ((struct heap_owners *)owners)->at[place].kind_bytes;
}

/* By ArrayBuffers of this heap those of others are known: there is one of each kind of their records. */
static void plant_buffers(napi_env env) {
  enum { PLANTED_BYTES = 256 };
  napi_value planted;
  void *memory;
  napi_create_arraybuffer(env, PLANTED_BYTES, &memory, &planted);
  napi_create_buffer(env, PLANTED_BYTES, &memory, &planted);
}

static void forget_nothing(napi_env env, void *data, void *hint) { (void)env, (void)data, (void)hint; }

/* One of each kind of record in which Node-API keeps what addons give it. */
static void plant_records(napi_env env) {
  napi_value objects[3], external;
  for (size_t i = 0; i < 3; i++)
    napi_create_object(env, &objects[i]);
  napi_wrap(env, objects[0], &native_planted[0], NULL, NULL, NULL);
  napi_wrap(env, objects[1], &native_planted[1], forget_nothing, &native_planted[2], NULL);
  napi_create_external(env, &native_planted[3], forget_nothing, &native_planted[4], &external);
  napi_add_finalizer(env, objects[2], &native_planted[5], forget_nothing, &native_planted[6], NULL);
}

/* twinHeapOwners(functions, known, leastBytes) → { reason } or { objectBytes, totalBytes, readOnlyBytes,
 * mappedBytes, tableBytes, restBytes, owners, parts }: in a twin, the objects that alone keep at least so
 * many bytes alive. */
static napi_value TwinHeapOwners(napi_env env, napi_callback_info info) {
  napi_value args[3], result;
  size_t count = 3;
  uint32_t function_count = 0, known_count = 0;
  double least = 0;
  struct heap_graph graph = {0};
  struct heap_tree tree = {0};
  struct column via = {0}, known = {0};
  struct heap_owners owners = {0};
  struct heap_parts parts = {0};
  struct heap_shared shared = {0};
  struct function_handles handles = {.count = 0};
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  napi_value *functions = count < 3 ? NULL : elements_of(env, args[0], &function_count);
  napi_value *objects = count < 3 ? NULL : elements_of(env, args[1], &known_count);
  if (!twin_is_child() || functions == NULL || objects == NULL ||
      napi_get_value_double(env, args[2], &least) != napi_ok || !(least >= 1)) {
    free(functions);
    free(objects);
    napi_throw_type_error(env, NULL, "twinHeapOwners(functions, known, leastBytes) was expected, in a twin");
    return NULL;
  }
  function_handles_make(env, &handles);
  plant_buffers(env);
  plant_records(env);
  const char *reason = learn_layout(functions, function_count);
  if (reason == NULL)
    reason = heap_walk(&graph, false);
  bool is_done = reason == NULL && heap_paths_find(&via, &graph) && heap_tree_make(&tree, &graph) &&
                 column_make(&known, known_count);
  for (uint32_t i = 0; is_done && i < known_count; i++)
    known.at[i] = number_of(&tree, value_tagged(objects[i]));
  const struct owners_sought sought = {(uint64_t)least, known.at, known_count};
  is_done = is_done && heap_owners_find(&owners, &graph, &tree, &via, &sought);
  for (size_t i = 0; i < owners.count; i++)
    owners.at[i].label = NO_LABEL;
  const struct parts_of_owners pieces = {owners.owner_of.at, kind_bytes_of, note_script, &owners};
  is_done = is_done && heap_parts_find(&parts, &graph, &tree, &via, &pieces) &&
            heap_sites_find(&owners, &graph, &tree) &&
            heap_shared_find(&shared, &owners, &graph, &tree, &via);
  napi_value *owned = is_done ? owner_objects(env, &owners, &tree) : NULL;
  if (reason == NULL && owned == NULL)
    reason = "there is no memory for the walk";
  for (size_t i = 0; reason == NULL && i < owners.count; i++)
    owners.at[i].handle = function_handles_put(&handles, owners.at[i].function);
  struct heap_item_group *groups = owners.items.groups.at;
  for (size_t i = 0; reason == NULL && i < owners.items.groups.count; i++)
    groups[i].handle = function_handles_put(&handles, groups[i].function);
  static struct native_owners natives;
  const char *no_natives = reason == NULL ? native_walk(&natives, &graph, env) : NULL;
  /* From here on V8 may move what it likes. */
  if (reason != NULL)
    result = value_refusal(env, reason);
  else {
    napi_create_object(env, &result);
    napi_set_named_property(env, result, "native", native_value(env, no_natives, &natives));
    value_set_number(env, result, "objectBytes", (double)graph.object_bytes);
    value_set_number(env, result, "totalBytes", (double)tree.retained[0]);
    value_set_number(env, result, "restBytes", (double)owners.rest_bytes);
    value_set_number(env, result, "readOnlyBytes", (double)graph.read_only_bytes);
    value_set_number(env, result, "tableBytes", (double)heap_table_bytes());
    value_set_number(env, result, "mappedBytes", mapped_is_known() ? (double)graph.mapped_bytes : -1);
    owner_values_put(env, result, &(struct owner_values){&owners, &handles, owned, &parts, &shared});
  }
  free(owned);
  heap_owners_free(&owners);
  heap_parts_free(&parts);
  heap_shared_free(&shared);
  heap_tree_free(&tree);
  heap_walk_free(&graph);
  column_free(&via);
  column_free(&known);
  free(functions);
  free(objects);
  return result;
}

/* twinDropFields(object) → how many named properties were written over, private ones too; -1 where it is no
 * plain object. In a twin, after heapOwners() has learnt V8's layout. */
static napi_value TwinDropFields(napi_env env, napi_callback_info info) {
  napi_value object, undefined, result;
  size_t count = 1;
  napi_valuetype type = napi_undefined;
  napi_get_cb_info(env, info, &count, &object, NULL, NULL);
  if (!twin_is_child() || count < 1 || napi_typeof(env, object, &type) != napi_ok || type != napi_object) {
    napi_throw_type_error(env, NULL, "twinDropFields(object) was expected, in a twin");
    return NULL;
  }
  napi_get_undefined(env, &undefined);
  const uint64_t address = value_tagged(object) - 1;
  const bool is_plain = v8_layout.first_object_type != 0 && v8_type_is_plain(v8_type_of(address));
  napi_create_int32(env, is_plain ? (int32_t)v8_drop_fields(address, value_tagged(undefined)) : -1, &result);
  return result;
}

/* heapTableBytes() → bytes of V8's table of strings; 0 where they are not known. In a twin, or in a process
 * that is there for nothing else: what is read wrong ends it. */
static napi_value HeapTableBytes(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value result;
  napi_create_double(env, (double)heap_table_bytes(), &result);
  return result;
}

void heap_define(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"twinHeapClasses", NULL, TwinHeapClasses, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinHeapOwners", NULL, TwinHeapOwners, NULL, NULL, NULL, napi_enumerable, NULL},
      {"heapTableBytes", NULL, HeapTableBytes, NULL, NULL, NULL, napi_enumerable, NULL},
      {"twinDropFields", NULL, TwinDropFields, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
}
#else
void heap_define(napi_env env, napi_value exports) { (void)env, (void)exports; }
#endif
