#define _GNU_SOURCE
#include "heap-walk.h"

#ifdef __linux__
#include "heap-cached.h"
#include "heap-ephemerons.h"
#include "heap-extras.h"
#include "heap-folded.h"
#include "heap-marks.h"
#include "heap-roots.h"
#include "heap-traced.h"
#include "v8-edges.h"
#include "v8-functions.h"
#include "v8-layout.h"

#include <dlfcn.h>
#include <string.h>

/* A long text is a node: a variable that holds it says more than the function that it is of. */
enum { AHEAD = 8, LONG_TEXT_WORDS = 2048 };

static struct heap_graph *into;
static struct column pending;   /* marks of what was met and not looked into yet; the last one is the next */
static struct column roots;     /* marks of what the roots hold */
static struct column read_only; /* marks of objects of the read-only space */
static struct list buffers = {.size = sizeof(struct buffer)};

/* The heap is gone through twice: first for what there is and what is held more than once, then, as it lies,
 * for the edges. */
static bool is_second;
static bool is_like_snapshot; /* whether what V8's own snapshots leave out is left out */
static bool holds_alone;      /* whether what the object holds may be folded into it */
static uint32_t folded_words; /* of what is folded into the object */
static bool is_listing;       /* whether a described object's edges are asked for once more */
static bool is_caching;       /* whether what is met now is met through V8's cache of compiled code alone */

/* A strong reference, tagged. */
static inline void add_edge(uint64_t tagged) {
  bool is_read_only = false;
  const uint32_t mark = marks_of(tagged - 1, &is_read_only);
  if (__builtin_expect(is_read_only, 0)) {
    /* Always alive, and holds nothing but its like. */
    if (marks_meet(mark))
      column_push(&read_only, mark);
    return;
  }
  if (is_second) {
    if (marks_is_node(mark))
      column_push(&into->to, marks_number(mark));
    else if (!is_listing)
      folded_words += heap_fold(into, marks_address(mark));
    return;
  }
  if (!marks_meet(mark)) {
    marks_make_node(mark);
    return;
  }
  column_push(&pending, mark);
  if (!holds_alone)
    marks_make_node(mark);
}

static inline void add_if_strong(uint64_t tagged) {
  if (v8_is_object(tagged))
    add_edge(tagged);
}

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
  if (!is_second && v8_is_object(*key) && v8_is_object(*value))
    heap_ephemerons_add(host - 1, *key - 1, *value - 1);
}

/* Compiled code holds what it was made for weakly: objects, variables, their shapes and cells. When one of
 * them dies the code is thrown away. */
static void on_embedded(uint64_t tagged) {
  if (!v8_is_object(tagged))
    return;
  const int type = v8_type_of(tagged - 1);
  const bool is_shape =
      type == v8_layout.map_type && v8_type_of_map(tagged - 1) >= v8_layout.first_object_type;
  if (type < v8_layout.first_object_type && !v8_type_is_context(type) && type != v8_layout.cell_type &&
      !is_shape)
    add_edge(tagged);
}

/* V8's snapshots tell of functions alone that they hold code by the table. */
static void on_tabled_code(uint64_t host, uint64_t tagged) {
  if (!is_like_snapshot || v8_type_is_function(v8_type_of(host - 1)))
    add_edge(tagged);
}

static const struct heap_visitor VISITOR = {
    on_pointers,  on_pointer,  on_custom_weak_pointers, on_custom_weak_pointer,
    on_ephemeron, on_embedded, on_tabled_code};

/* All that an object holds by itself. */
static void visit_edges(uint64_t address, int type, uint32_t words) {
  add_edge(v8_read(address));
  if (heap_folded_kind(type) != HEAP_NOT_FOLDED)
    return;
  heap_visit_body(address, words);
  heap_traced_visit(address, type, add_if_strong);
}

static void look_into(uint32_t mark) {
  const uint64_t address = marks_address(mark);
  const int type = v8_type_of(address);
  const uint32_t words = heap_words_at(address);
  into->object_bytes += 8ull * words;
  if (is_caching)
    heap_cached_note(mark);
  holds_alone = true;
  if (heap_folded_kind(type) != HEAP_NOT_FOLDED) {
    if (words >= LONG_TEXT_WORDS && v8_type_is_string(type))
      marks_make_node(mark);
    visit_edges(address, type, words);
    return;
  }
  marks_make_node(mark);
  /* Of a string the class is that of its text: what one holds is told with the other otherwise. */
  holds_alone = !v8_type_is_string(type);
  visit_edges(address, type, words);
}

/* Looks into everything that is pending, and into what is found by that. */
static void visit_pending(void) {
  uint32_t ahead[AHEAD];
  size_t count = 0, next = 0;
  while (!pending.failed) {
    for (; count < AHEAD && pending.count > 0; count++) {
      const uint32_t mark = pending.at[--pending.count];
      __builtin_prefetch((const void *)marks_address(mark));
      ahead[(next + count) % AHEAD] = mark;
    }
    if (count == 0)
      return;
    look_into(ahead[next]);
    next = (next + 1) % AHEAD;
    count--;
  }
}

/* Read-only objects are alive whatever points at them; their bytes are part of the heap. False where one of
 * them leads out of the read-only space: then the space is not what it is taken for. */
static bool follow_read_only(void) {
  for (size_t i = 0; i < read_only.count; i++) {
    const uint64_t address = marks_address(read_only.at[i]);
    const uint32_t words = heap_words_at(address);
    into->read_only_bytes += 8ull * words;
    add_edge(v8_read(address));
    heap_visit_body(address, words);
  }
  into->object_bytes += into->read_only_bytes;
  return pending.count == 0;
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

/* The second time: a node's edges, and what is folded into it. */
static bool describe(uint64_t address) {
  const uint32_t node = (uint32_t)into->words.count, words = heap_words_at(address);
  const int type = v8_type_of(address);
  column_push(&into->first, (uint32_t)into->to.count);
  folded_words = 0;
  if (heap_folded_kind(type) == HEAP_NOT_FOLDED)
    visit_edges(address, type, words);
  if (v8_is_application_module(address))
    column_push(&into->modules, node);
  const uint64_t outside = take_outside(node, address, type);
  into->external_bytes += outside;
  column_push(&into->words, words + folded_words + (uint32_t)((outside + 7) / 8));
  return !into->to.failed && !into->first.failed && !into->words.failed && !into->modules.failed &&
         into->to.count < UINT32_MAX;
}

static const char *describe_all(bool like_snapshot) {
  static const char NO_MEMORY[] = "there is no memory for the walk";
  if (marks_overflowed())
    return "the heap is too large for the walk";
  if (pending.failed || roots.failed || read_only.failed || heap_ephemerons()->failed)
    return NO_MEMORY;
  column_free(&pending);
  column_free(&read_only);
  into->object_count = into->node_count = marks_rank();
  if (into->object_count == 0)
    return NO_MEMORY;
  is_second = true;
  column_push(&into->first, 0);
  column_push(&into->words, 0);
  for (size_t i = 0; i < roots.count; i++) {
    column_push(&into->to, marks_number(roots.at[i]));
    if (into->stays.at[i] != 0)
      column_push(&into->rooted, marks_number(roots.at[i]));
  }
  column_free(&roots);
  marks_each_node(describe);
  if (into->to.count >= UINT32_MAX)
    return "the heap is too large for the walk";
  column_push(&into->first, (uint32_t)into->to.count);
  return !into->to.failed && !into->first.failed && !into->words.failed && !into->rooted.failed &&
                 !buffers.failed && into->words.count == into->object_count &&
                 heap_extras_add(into, heap_ephemerons(), &buffers, like_snapshot) && heap_cached_cut(into)
             ? NULL
             : NO_MEMORY;
}

static void add_root(uint32_t mark, bool stays) {
  marks_make_node(mark);
  if (marks_meet(mark))
    column_push(&pending, mark);
  column_push(&roots, mark);
  column_push(&into->stays, stays ? 1 : 0);
}

static void on_root(const struct heap_root *root) {
  bool is_read_only = false;
  if (!v8_is_object(root->tagged))
    return;
  const uint32_t mark = marks_of(root->tagged - 1, &is_read_only);
  if (is_read_only)
    add_edge(root->tagged);
  else if (root->kind == ROOT_CACHE && !is_like_snapshot)
    heap_cached_add_table(mark);
  else if (root->kind != ROOT_TRACED || is_like_snapshot || !heap_traced_add(root->slot))
    add_root(mark, root->kind == ROOT_STAYS || root->kind == ROOT_TRACED);
}

static void follow(void) {
  do
    visit_pending();
  while (!pending.failed && heap_ephemerons_follow(&pending));
}

/* Follows what the roots hold; then what objects of V8's C++ heap hold for which no JavaScript object was
 * met, and at last what is left in V8's cache of compiled code. */
static void follow_roots(void) {
  bool is_read_only = false;
  follow();
  for (size_t i = 0; i < heap_traced_count(); i++) {
    const uint64_t tagged = heap_traced_loose(i);
    if (!v8_is_object(tagged))
      continue;
    add_root(marks_of(tagged - 1, &is_read_only), true);
    follow();
  }
  is_caching = true;
  for (size_t i = 0; i < heap_cached_tables()->count; i++)
    add_root(heap_cached_tables()->at[i], false);
  follow();
  is_caching = false;
}

/* Frees what only the walk itself uses; the marks stay, by which nodes have addresses. */
static void tidy_up(void) {
  column_free(&pending);
  column_free(&roots);
  column_free(&read_only);
  heap_ephemerons_free();
  list_free(&buffers);
}

const char *heap_walk(struct heap_graph *graph, bool like_snapshot) {
  const char *reason = heap_visitor_prepare(&VISITOR);
  if (reason != NULL)
    return reason;
  heap_walk_free(graph);
  into = graph;
  is_second = false;
  is_like_snapshot = like_snapshot;
  if (!marks_begin())
    return "/proc/self/maps cannot be read, or there is no memory";
  reason = heap_roots_visit(heap_visitor_symbols(), heap_visitor_isolate(), on_root, like_snapshot);
  if (reason == NULL) {
    follow_roots();
    reason = follow_read_only() ? describe_all(like_snapshot) : "V8's read-only space was not found";
  }
  tidy_up();
  if (reason != NULL)
    heap_walk_free(graph);
  return reason;
}

uint64_t heap_table_bytes(void) {
  struct v8_symbols v8;
  uint64_t (*get_isolate)(void) = (uint64_t(*)(void))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  return v8_symbols_find(&v8) == NULL && get_isolate != NULL ? heap_roots_table_bytes(&v8, get_isolate()) : 0;
}

const struct column *heap_edges_of(uint32_t node) {
  const uint64_t address = heap_address_of(node);
  is_listing = true;
  into->to.count = 0;
  visit_edges(address, v8_type_of(address), heap_words_at(address));
  is_listing = false;
  for (size_t i = 0; i < into->to.count; i++)
    if (!heap_cached_holds(node, into->to.at[i]))
      into->to.at[i] = node;
  return &into->to;
}

void heap_walk_free(struct heap_graph *graph) {
  heap_graph_free(graph);
  tidy_up();
  heap_cached_clear();
  heap_traced_clear();
  marks_free();
}
#endif
