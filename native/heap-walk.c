#define _GNU_SOURCE
#include "heap-walk.h"

#ifdef __linux__
#include "heap-marks.h"
#include "heap-roots.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* An edge of a key to a value that its table holds only as long as the key lives. */
struct ephemeron {
  uint32_t key, value, table; /* marks */
  bool is_alive;
};

/* A buffer and the memory behind it. */
struct buffer {
  uint32_t node;
  uint64_t start, bytes;
};

/* A list of structures, in memory of the kernel's. */
struct list {
  void *at;
  size_t count, capacity, size;
  bool failed;
};

static struct v8_symbols v8;
static uint64_t isolate;
static struct column addresses; /* node → mark */
static struct heap_graph *into;
static struct list ephemerons = {.size = sizeof(struct ephemeron)};
static struct list buffers = {.size = sizeof(struct buffer)};
static struct column read_only; /* marks of objects of the read-only space */

static void *list_push(struct list *list) {
  if (list->count == list->capacity) {
    const size_t wanted = list->capacity == 0 ? 4096 : 2 * list->capacity;
    void *memory = pages_map(wanted * list->size);
    if (memory == NULL) {
      list->failed = true;
      return NULL;
    }
    if (list->at != NULL)
      memcpy(memory, list->at, list->count * list->size);
    pages_unmap(list->at, list->capacity * list->size);
    list->at = memory;
    list->capacity = wanted;
  }
  return (char *)list->at + list->size * list->count++;
}

static void list_free(struct list *list) {
  pages_unmap(list->at, list->capacity * list->size);
  list->at = NULL;
  list->count = list->capacity = 0;
  list->failed = false;
}

/* A strong reference, tagged. */
static inline void add_edge(uint64_t tagged) {
  const uint64_t address = tagged - 1;
  bool is_read_only = false;
  const uint32_t mark = marks_of(address, &is_read_only);
  if (__builtin_expect(is_read_only, 0)) {
    /* Always alive, and holds nothing but its like. */
    if (marks_set(mark))
      column_push(&read_only, mark);
    return;
  }
  if (marks_set(mark))
    column_push(&addresses, mark);
  column_push(&into->to, mark);
}

static inline void add_if_strong(uint64_t tagged) {
  if (v8_is_object(tagged))
    add_edge(tagged);
}

/* V8's visitors, called with the visitor itself first. */
static void on_pointers(void *self, uint64_t host, const uint64_t *slot, const uint64_t *end) {
  (void)self, (void)host;
  for (; slot < end; slot++)
    add_if_strong(*slot);
}

static void on_pointer(void *self, uint64_t host, const uint64_t *slot) {
  (void)self, (void)host;
  add_if_strong(*slot);
}

/* Code and bytecode that may be flushed are held by their functions, as in V8's snapshots; the other custom
 * weak references (WeakRefs, lists of contexts) hold nothing. */
static void on_custom_weak_pointers(void *self, uint64_t host, const uint64_t *slot, const uint64_t *end) {
  const int type = v8_type_of(host - 1);
  if (type == v8_layout.shared_function_type || v8_type_is_function(type))
    on_pointers(self, host, slot, end);
}

static void on_custom_weak_pointer(void *self, uint64_t host, const uint64_t *slot) {
  on_custom_weak_pointers(self, host, slot, slot + 1);
}

static void on_ephemeron(void *self, uint64_t host, int index, const uint64_t *key, const uint64_t *value) {
  (void)self, (void)index;
  bool is_key_read_only = false, is_value_read_only = false, is_table_read_only = false;
  if (!v8_is_object(*key) || !v8_is_object(*value))
    return;
  const struct ephemeron found = {.key = marks_of(*key - 1, &is_key_read_only),
                                  .value = marks_of(*value - 1, &is_value_read_only),
                                  .table = marks_of(host - 1, &is_table_read_only)};
  if (is_key_read_only || is_value_read_only)
    return;
  struct ephemeron *entry = list_push(&ephemerons);
  if (entry != NULL)
    *entry = found;
}

/* The first member of a RelocInfo is where the reference stands in the code, unaligned. */
static void add_embedded(const uint64_t *reloc_info) {
  uint64_t tagged;
  memcpy(&tagged, (const void *)reloc_info[0], sizeof tagged);
  add_if_strong(tagged);
}

static void on_embedded_of_code(void *self, uint64_t host, const uint64_t *reloc_info) {
  (void)self, (void)host;
  add_embedded(reloc_info);
}

static void on_embedded(void *self, const uint64_t *reloc_info) {
  (void)self;
  add_embedded(reloc_info);
}

static uintptr_t no_operation(void) { return 0; }

static uintptr_t object_vtable[VTABLE_SLOTS_MAX + 2];

static uintptr_t function_for(enum visitor_slot slot) {
  switch (slot) {
  case SLOT_POINTERS:
  case SLOT_MAYBE_POINTERS: /* weak ones have another tag, and are passed over */
    return (uintptr_t)on_pointers;
  case SLOT_POINTER:
  case SLOT_MAYBE_POINTER:
    return (uintptr_t)on_pointer;
  case SLOT_CUSTOM_WEAK_POINTERS:
    return (uintptr_t)on_custom_weak_pointers;
  case SLOT_CUSTOM_WEAK_POINTER:
    return (uintptr_t)on_custom_weak_pointer;
  case SLOT_EPHEMERON:
    return (uintptr_t)on_ephemeron;
  case SLOT_EMBEDDED_OF_CODE:
    return (uintptr_t)on_embedded_of_code;
  case SLOT_EMBEDDED:
    return (uintptr_t)on_embedded;
  default:
    return (uintptr_t)no_operation;
  }
}

uint32_t heap_words_at(uint64_t address) {
  uint64_t tagged = address + 1;
  const int bytes = ((int (*)(uint64_t *, uint64_t))v8.size_from_map)(&tagged, v8_read(address));
  return (uint32_t)bytes / 8;
}

static void visit_body(uint64_t address, uint32_t words) {
  static const struct { const uintptr_t *vtable; } visitor = {object_vtable + 2};
  uint64_t tagged = address + 1;
  const uint64_t map = v8_read(address);
  if (v8.body == BODY_OF_ISOLATE)
    ((void (*)(uint64_t, uint64_t, uint64_t, const void *))v8.visit_body)(isolate, map, tagged, &visitor);
  else
    ((void (*)(uint64_t *, uint64_t, int, const void *))v8.visit_body)(&tagged, map, (int)words * 8,
                                                                       &visitor);
}

static uint64_t take_outside(uint32_t node, uint64_t address, int type) {
  if (v8_type_is_string(type))
    return v8_external_bytes(address, type);
  if (type == v8_layout.array_buffer_type) {
    const uint64_t start = v8_read(address + (uint64_t)v8_layout.backing_store);
    const uint64_t bytes = v8_read(address + (uint64_t)v8_layout.byte_length);
    struct buffer *buffer = start == 0 || bytes == 0 ? NULL : list_push(&buffers);
    if (buffer != NULL)
      *buffer = (struct buffer){node, start, bytes};
  }
  return 0;
}

/* Visits everything that was found and not visited yet, and what is found by that. */
static void visit_from(uint32_t node) {
  for (; node < addresses.count && !addresses.failed && !into->to.failed; node++) {
    if (node + 8 < addresses.count)
      __builtin_prefetch((const void *)marks_address(addresses.at[node + 8]));
    const uint64_t address = marks_address(addresses.at[node]);
    const uint32_t words = heap_words_at(address);
    column_push(&into->first, (uint32_t)into->to.count);
    into->object_bytes += 8ull * words;
    add_edge(v8_read(address));
    visit_body(address, words);
    const uint64_t outside = take_outside(node, address, v8_type_of(address));
    into->external_bytes += outside;
    column_push(&into->words, words + (uint32_t)((outside + 7) / 8));
  }
}

/* Values of living keys, until nothing new lives. */
static void follow_ephemerons(void) {
  for (bool is_more = true; is_more;) {
    is_more = false;
    struct ephemeron *all = ephemerons.at;
    const uint32_t next = (uint32_t)addresses.count;
    for (size_t i = 0; i < ephemerons.count; i++) {
      if (all[i].is_alive || !marks_has(all[i].key))
        continue;
      all[i].is_alive = true;
      if (marks_set(all[i].value))
        column_push(&addresses, all[i].value);
    }
    is_more = addresses.count > next && !addresses.failed;
    visit_from(next);
  }
}

/* Read-only objects are alive whatever points at them; their bytes are part of the heap. False where one of
 * them leads out of the read-only space: then the space is not what it is taken for. */
static bool follow_read_only(void) {
  const size_t edges = into->to.count, objects = addresses.count;
  for (size_t i = 0; i < read_only.count; i++) {
    const uint64_t address = marks_address(read_only.at[i]);
    const uint32_t words = heap_words_at(address);
    into->object_bytes += 8ull * words;
    add_edge(v8_read(address));
    visit_body(address, words);
  }
  into->to.count = edges;
  return addresses.count == objects;
}

static int by_start(const void *a, const void *b) {
  const struct buffer *one = a, *other = b;
  return one->start < other->start ? -1 : one->start > other->start ? 1 : one->node < other->node ? -1 : 1;
}

/* An edge that no visitor reports. */
struct extra {
  uint32_t from, to;
};

static int by_origin(const void *a, const void *b) {
  const struct extra *one = a, *other = b;
  return one->from < other->from ? -1 : one->from > other->from ? 1 : 0;
}

static void add_extra(struct list *extras, uint32_t from, uint32_t to) {
  struct extra *extra = list_push(extras);
  if (extra != NULL)
    *extra = (struct extra){from, to};
}

/* One node for each memory, however many buffers share it; it is as large as the largest of them says. */
static void add_memories(struct list *extras) {
  struct buffer *all = buffers.at;
  if (buffers.count > 0)
    qsort(all, buffers.count, sizeof *all, by_start);
  for (size_t i = 0; i < buffers.count;) {
    const uint32_t node = into->node_count++;
    const uint64_t start = all[i].start;
    uint64_t bytes = 0;
    for (; i < buffers.count && all[i].start == start; i++) {
      bytes = all[i].bytes > bytes ? all[i].bytes : bytes;
      add_extra(extras, all[i].node, node);
    }
    column_push(&into->memories, (uint32_t)bytes);
    column_push(&into->memories, (uint32_t)(bytes >> 32));
  }
}

/* Puts the extra edges behind those of their nodes, from the last node to the first, in place. */
static bool merge(struct list *extras) {
  struct column *to = &into->to, *first = &into->first;
  struct extra *all = extras->at;
  size_t left = extras->count, place = to->count + left;
  if (left > 0)
    qsort(all, left, sizeof *all, by_origin);
  if (!column_reserve(to, place + 1) || extras->failed)
    return false;
  while (first->count < (size_t)into->node_count + 1)
    column_push(first, (uint32_t)to->count);
  if (first->failed)
    return false;
  to->count = place;
  for (uint32_t node = into->object_count; node-- > 0 && left > 0;) {
    const uint32_t begin = first->at[node], end = first->at[node + 1];
    first->at[node + 1] = (uint32_t)place;
    while (left > 0 && all[left - 1].from == node)
      to->at[--place] = all[--left].to;
    place -= end - begin;
    memmove(&to->at[place], &to->at[begin], (end - begin) * sizeof *to->at);
  }
  for (uint32_t node = into->object_count; node <= into->node_count; node++)
    if (node > into->object_count)
      first->at[node] = (uint32_t)to->count;
  return true;
}

static bool finish(bool like_snapshot) {
  struct list extras = {.size = sizeof(struct extra)};
  bool is_done = marks_rank(&addresses);
  into->object_count = into->node_count = (uint32_t)addresses.count;
  column_push(&into->first, (uint32_t)into->to.count);
  is_done = is_done && !into->to.failed && !into->first.failed && !into->words.failed && !addresses.failed &&
            !read_only.failed && !ephemerons.failed && !buffers.failed;
  for (size_t i = 0; is_done && i < into->to.count; i++) {
    if (i + 16 < into->to.count)
      marks_prefetch(into->to.at[i + 16]);
    into->to.at[i] = marks_node(into->to.at[i]);
  }
  if (is_done) {
    const struct ephemeron *all = ephemerons.at;
    for (size_t i = 0; i < ephemerons.count; i++) {
      if (!all[i].is_alive)
        continue;
      add_extra(&extras, marks_node(all[i].key), marks_node(all[i].value));
      if (like_snapshot)
        add_extra(&extras, marks_node(all[i].table), marks_node(all[i].value));
    }
    add_memories(&extras);
    is_done = merge(&extras) && !into->memories.failed;
  }
  list_free(&extras);
  list_free(&ephemerons);
  list_free(&buffers);
  column_free(&read_only);
  return is_done;
}

static const char *prepare(void) {
#ifndef __x86_64__
  return "the walk was tried on x64 only";
#else
  const char *missing = v8_symbols_find(&v8);
  if (missing != NULL)
    return missing;
  if (!v8_layout_read() || v8_layout.last_function_type < 0)
    return "this V8 does not tell the layout of its objects";
  for (size_t i = 0; i < v8.object_visitor.count; i++)
    object_vtable[i + 2] = function_for(v8.object_visitor.slots[i]);
  isolate = ((uint64_t(*)(void))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv"))();
  return NULL;
#endif
}

static void on_root(uint64_t tagged, bool stays) {
  add_if_strong(tagged);
  while (into->stays.count < into->to.count && !into->stays.failed)
    column_push(&into->stays, stays ? 1 : 0);
}

const char *heap_walk(struct heap_graph *graph, bool like_snapshot) {
  heap_walk_free(graph);
  const char *reason = prepare();
  if (reason != NULL)
    return reason;
  into = graph;
  if (!marks_begin())
    return "/proc/self/maps cannot be read, or there is no memory";
  column_push(&addresses, UINT32_MAX);
  column_push(&graph->first, 0);
  reason = heap_roots_visit(&v8, isolate, on_root, like_snapshot);
  if (reason == NULL) {
    column_push(&graph->words, 0);
    visit_from(1);
    follow_ephemerons();
    if (!follow_read_only())
      reason = "V8's read-only space was not found";
    else if (marks_overflowed() || graph->to.count >= UINT32_MAX)
      reason = "the heap is too large for the walk";
    else if (!finish(like_snapshot))
      reason = "there is no memory for the walk";
  }
  if (reason != NULL)
    heap_walk_free(graph);
  return reason;
}

uint64_t heap_address_of(uint32_t node) {
  return node == 0 || node >= addresses.count ? 0 : marks_address(addresses.at[node]);
}

uint32_t heap_node_at(uint64_t address) {
  const uint32_t mark = marks_find(address);
  return mark == UINT32_MAX || !marks_has(mark) ? UINT32_MAX : marks_node(mark);
}

uint64_t heap_own_bytes(const struct heap_graph *graph, uint32_t node) {
  if (node < graph->object_count)
    return 8ull * graph->words.at[node];
  const size_t at = 2 * (size_t)(node - graph->object_count);
  return graph->memories.at[at] | (uint64_t)graph->memories.at[at + 1] << 32;
}

void heap_walk_free(struct heap_graph *graph) {
  column_free(&graph->words);
  column_free(&graph->first);
  column_free(&graph->to);
  column_free(&graph->stays);
  column_free(&graph->memories);
  memset(graph, 0, sizeof *graph);
  column_free(&addresses);
  column_free(&read_only);
  list_free(&ephemerons);
  list_free(&buffers);
  marks_free();
}
#endif
