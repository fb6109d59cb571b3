#define _GNU_SOURCE
#include "heap-parts.h"

#ifdef __linux__
#include "heap-sorts.h"
#include "index.h"
#include "v8-edges.h"
#include "v8-fields.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <string.h>

enum { STEPS_MAX = 64, FEEDBACK_HEADER = 8, CONTEXT_SCOPE = 2 };

/* Of no kind of its own: of that of what it lies in. */
static const uint8_t KIND_OF_HOLDER = PART_KINDS;

static const struct heap_graph *graph;
static const struct heap_tree *tree;
static struct list *scripts;
static struct index by_name, by_script; /* places of scripts, by name and by the address of V8's Script */
static struct column labels;            /* number → place of its script; 0: none is known */
static bool failed;

static uint32_t script_named(const char *name) {
  const uint64_t key = index_key_of(name);
  const uint32_t known = index_get(&by_name, key);
  if (known != INDEX_NONE || name[0] == '\0')
    return name[0] == '\0' ? 0 : known;
  const uint32_t place = (uint32_t)scripts->count;
  char *copy = list_push(scripts);
  failed = failed || copy == NULL || !index_put(&by_name, key, place);
  if (copy == NULL)
    return 0;
  strcpy(copy, name);
  return place;
}

static uint32_t script_at(uint64_t script) {
  if (script == 0)
    return 0;
  const uint32_t known = index_get(&by_script, script);
  if (known != INDEX_NONE)
    return known;
  char name[PART_SCRIPT_SIZE] = "";
  struct text text = {.at = name, .size = sizeof name};
  v8_add_script_name(&text, script);
  const uint32_t place = script_named(name);
  failed = failed || !index_put(&by_script, script, place);
  return place;
}

static uint32_t script_of_shared(uint64_t shared) {
  return shared == 0 ? 0 : script_at(v8_script_of(shared));
}

static uint64_t word_at(uint64_t address, uint32_t word) { return v8_read(address + 8ull * word); }

static uint32_t number_at(uint64_t tagged) {
  const uint32_t node = v8_is_object(tagged) ? heap_node_at(tagged - 1) : UINT32_MAX;
  return node == UINT32_MAX ? UINT32_MAX : tree->number_of.at[node];
}

/* Scopes do not say their scripts; the functions that they are of and those that lie in them do. */
static void label_scopes(uint64_t shared, uint32_t script) {
  const uint32_t words = heap_words_at(shared);
  for (uint32_t word = 1; word < words && script != 0; word++) {
    const uint64_t field = word_at(shared, word);
    const uint32_t number = number_at(field);
    if (number != UINT32_MAX && labels.at[number] == 0 && v8_type_is(v8_type_of(field - 1), "ScopeInfo"))
      labels.at[number] = script;
  }
}

/* Not all words of a vector are references: only what is known as a node is read. */
static uint64_t shared_of_feedback(uint64_t vector) {
  const uint32_t words = heap_words_at(vector);
  for (uint32_t word = 1; word < words && word < FEEDBACK_HEADER; word++) {
    const uint64_t field = word_at(vector, word);
    if (number_at(field) != UINT32_MAX && v8_type_of(field - 1) == v8_layout.shared_function_type)
      return field - 1;
  }
  return 0;
}

static uint32_t script_of_cjs(uint64_t module) {
  const uint64_t file = v8_field_of(module, "filename");
  char name[PART_SCRIPT_SIZE] = "";
  struct text text = {.at = name, .size = sizeof name};
  if (v8_is_object(file))
    v8_add_string(&text, file - 1, sizeof name);
  return script_named(name);
}

/* The script that an object says itself that it is of. */
static uint32_t script_by_itself(uint64_t address) {
  switch (heap_sort_of(address)) {
  case SORT_FUNCTION:
  case SORT_SUSPENDED:
    return script_of_shared(v8_function_behind(address));
  case SORT_SHARED:
    return script_of_shared(address);
  case SORT_SCRIPT:
    return script_at(address);
  case SORT_FEEDBACK_VECTOR:
    return script_of_shared(shared_of_feedback(address));
  case SORT_MAP:
    return script_of_shared(v8_constructor_of(address));
  case SORT_MODULE:
    return script_of_shared(v8_shared_of_module(address));
  case SORT_CJS_MODULE:
    return script_of_cjs(address);
  default:
    return 0;
  }
}

static void label_by_itself(void) {
  for (uint32_t node = 1; node < graph->object_count; node++) {
    const uint32_t number = tree->number_of.at[node];
    if (number == UINT32_MAX)
      continue;
    const uint64_t address = heap_address_of(node);
    const uint32_t script = script_by_itself(address);
    if (script != 0)
      labels.at[number] = script;
    if (heap_sort_of(address) == SORT_SHARED)
      label_scopes(address, script);
  }
}

/* The script of what holds a node on the shortest way. */
static uint32_t script_on_the_way(const struct column *via, uint32_t node) {
  for (int step = 0; step < STEPS_MAX; step++) {
    node = via->at[node];
    if (node == 0 || node == UINT32_MAX)
      return 0;
    const uint32_t number = tree->number_of.at[node];
    if (number != UINT32_MAX && labels.at[number] != 0)
      return labels.at[number];
  }
  return 0;
}

static bool is_javascript(enum heap_sort sort) {
  return heap_sort_is_object(sort) || sort == SORT_FUNCTION || sort == SORT_SUSPENDED ||
         sort == SORT_CONTEXT || sort == SORT_CJS_MODULE;
}

/* A fact that an object does not have its dominator has, or where several hold it, the first of them; at last
 * the class of which it is. Dominators come first. */
static void label_by_holders(const struct column *via) {
  for (uint32_t number = 1; number < tree->count; number++) {
    const uint32_t node = tree->node_of.at[number], above = tree->dominator.at[number];
    const uint64_t address = heap_address_of(node);
    const enum heap_sort sort = address == 0 ? SORT_OBJECT : heap_sort_of(address);
    uint32_t script = labels.at[number];
    if (script == 0 && sort == SORT_CONTEXT) {
      const uint32_t scope = number_at(word_at(address, CONTEXT_SCOPE));
      script = scope == UINT32_MAX ? 0 : labels.at[scope];
    }
    if (script == 0 && above != 0)
      script = labels.at[above];
    if (script == 0 && is_javascript(sort))
      script = script_on_the_way(via, node);
    if (script == 0 && heap_sort_is_object(sort) && address != 0)
      script = script_of_shared(v8_constructor_of(v8_map_of(address)));
    labels.at[number] = script;
  }
}

static uint8_t kind_of(enum heap_sort sort) {
  if (heap_sort_is_object(sort))
    return PART_DATA;
  switch (sort) {
  case SORT_FUNCTION:
  case SORT_SUSPENDED:
  case SORT_CONTEXT:
    return PART_CLOSURES;
  case SORT_SCRIPT:
  case SORT_SHARED:
  case SORT_DESCRIPTION:
    return PART_FUNCTIONS;
  case SORT_BYTECODE:
    return PART_BYTECODE;
  case SORT_MACHINE_CODE:
    return PART_MACHINE_CODE;
  case SORT_FEEDBACK_VECTOR:
  case SORT_FEEDBACK:
    return PART_FEEDBACK;
  case SORT_MAP:
  case SORT_SHAPE:
    return PART_SHAPES;
  case SORT_MODULE:
  case SORT_CJS_MODULE:
    return PART_MODULES;
  default:
    return KIND_OF_HOLDER;
  }
}

/* By number: what is of no kind of its own is of its dominator's. */
static uint8_t kind_at(uint32_t number, enum heap_sort sort, const uint8_t *kinds) {
  const uint32_t above = tree->dominator.at[number];
  const uint32_t holder = tree->node_of.at[above];
  const uint8_t own = kind_of(sort);
  if (own != KIND_OF_HOLDER)
    return own;
  if (above == 0)
    return sort == SORT_STRING ? PART_STRINGS : PART_TABLES;
  if (sort == SORT_STRING && holder < graph->object_count &&
      heap_sort_of(heap_address_of(holder)) == SORT_SCRIPT)
    return PART_SOURCE;
  return kinds[above];
}

/* Bytes of a script's text that are folded into it. */
static uint64_t folded_source(uint64_t script) {
  static int source_at;
  if (source_at == 0)
    source_at = v8_constant("class_Script__source__", 8);
  const uint64_t source = v8_read(script + (uint64_t)source_at);
  if (!v8_is_object(source) || !v8_type_is_string(v8_type_of(source - 1)) ||
      heap_node_at(source - 1) != UINT32_MAX)
    return 0;
  return 8ull * heap_words_at(source - 1);
}

static struct heap_part *part_of(struct heap_parts *parts, struct index *by_key, uint32_t script,
                                 enum heap_part_kind kind) {
  const uint64_t key = (uint64_t)script << 8 | kind;
  const uint32_t known = index_get(by_key, key);
  if (known != INDEX_NONE)
    return (struct heap_part *)parts->parts.at + known;
  const uint32_t place = (uint32_t)parts->parts.count;
  struct heap_part *part = list_push(&parts->parts);
  if (part == NULL || !index_put(by_key, key, place))
    return NULL;
  *part = (struct heap_part){.script = script, .kind = kind};
  return part;
}

/* Bytes of a node, and the part of them outside the heap and in the text of a script. */
struct bytes {
  uint64_t all, outside, source;
};

static struct bytes bytes_of(uint32_t node, uint64_t address) {
  struct bytes bytes = {.all = heap_own_bytes(graph, node)};
  if (address == 0)
    bytes.outside = bytes.all;
  else
    bytes.outside = (v8_external_bytes(address, v8_type_of(address)) + 7) / 8 * 8;
  if (address != 0 && heap_sort_of(address) == SORT_SCRIPT)
    bytes.source = folded_source(address);
  if (bytes.source > bytes.all)
    bytes.source = 0;
  return bytes;
}

static bool add(struct heap_parts *parts, struct index *by_key, uint32_t script, enum heap_part_kind kind,
                const struct bytes *bytes, uint64_t *owned) {
  struct heap_part *part = bytes->all == 0 ? NULL : part_of(parts, by_key, script, kind);
  if (part == NULL)
    return bytes->all == 0;
  part->count++;
  if (owned != NULL) {
    part->owned_bytes += bytes->all;
    owned[kind] += bytes->all;
    return true;
  }
  part->heap_bytes += bytes->all - bytes->outside;
  part->memory_bytes += bytes->outside;
  return true;
}

/* Dominators come first: what lies in an owner's piece is found by them. */
static bool sum_up(struct heap_parts *parts, struct index *by_key, uint8_t *kinds,
                   const struct parts_of_owners *pieces) {
  for (uint32_t number = 1; number < tree->count; number++) {
    const uint32_t node = tree->node_of.at[number];
    const uint64_t address = heap_address_of(node);
    uint32_t *owner = &pieces->owner_of[number];
    kinds[number] = kind_at(number, address == 0 ? SORT_OBJECT : heap_sort_of(address), kinds);
    if (*owner == 0)
      *owner = pieces->owner_of[tree->dominator.at[number]];
    else
      pieces->note_script(pieces->owners, *owner - 1, labels.at[number]);
    struct bytes bytes = bytes_of(node, address);
    const struct bytes source = {.all = bytes.source};
    bytes.all -= bytes.source;
    uint64_t *owned = *owner == 0 ? NULL : pieces->kind_bytes_of(pieces->owners, *owner - 1);
    if (!add(parts, by_key, labels.at[number], kinds[number], &bytes, owned) ||
        !add(parts, by_key, labels.at[number], PART_SOURCE, &source, owned))
      return false;
  }
  return true;
}

bool heap_parts_find(struct heap_parts *parts, const struct heap_graph *of_graph,
                     const struct heap_tree *of_tree, const struct column *via,
                     const struct parts_of_owners *pieces) {
  struct index by_key = {0};
  heap_parts_free(parts);
  parts->parts.size = sizeof(struct heap_part);
  parts->scripts.size = PART_SCRIPT_SIZE;
  graph = of_graph;
  tree = of_tree;
  scripts = &parts->scripts;
  failed = false;
  uint8_t *kinds = pages_map(tree->count);
  bool is_done = kinds != NULL && list_push(scripts) != NULL && index_make(&by_name, 1 << 12) &&
                 index_make(&by_script, 1 << 12) && index_make(&by_key, 1 << 12) &&
                 column_make(&labels, tree->count);
  if (is_done) {
    label_by_itself();
    label_by_holders(via);
    is_done = sum_up(parts, &by_key, kinds, pieces) && !failed;
  }
  pages_unmap(kinds, tree->count);
  column_free(&labels);
  index_free(&by_name);
  index_free(&by_script);
  index_free(&by_key);
  return is_done;
}

void heap_parts_free(struct heap_parts *parts) {
  list_free(&parts->parts);
  list_free(&parts->scripts);
}
#endif
