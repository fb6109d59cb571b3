#define _GNU_SOURCE
#include "heap-roots.h"

#ifdef __linux__
#include <dlfcn.h>
#include <string.h>

enum { KINDS_MAX = 64, RUNNING_CODE = KINDS_MAX - 1, SKIP_BITS = 14 };

static void (*taking)(const struct heap_root *root);
static bool is_counting;
static bool takes[KINDS_MAX];
static enum heap_root_kind kinds[KINDS_MAX];
static uint64_t counts[KINDS_MAX];
static uintptr_t vtable[VTABLE_SLOTS_MAX + 2];

static inline void take_root(int kind, const uint64_t *slot) {
  if (kind < 0 || kind >= KINDS_MAX)
    return;
  counts[kind]++;
  if (is_counting || !takes[kind])
    return;
  const struct heap_root root = {kinds[kind], (uint64_t)(uintptr_t)slot, *slot};
  taking(&root);
}

static void on_root_pointers(void *self, int kind, const char *description, const uint64_t *slot,
                             const uint64_t *end) {
  (void)self, (void)description;
  for (; slot < end; slot++)
    take_root(kind, slot);
}

static void on_root_pointer(void *self, int kind, const char *description, const uint64_t *slot) {
  (void)self, (void)description;
  take_root(kind, slot);
}

/* Node 20 passes the code and, where it moved, its instructions. */
static void on_running_code(void *self, const uint64_t *code, const uint64_t *instructions) {
  (void)self;
  take_root(RUNNING_CODE, code);
  take_root(RUNNING_CODE, instructions);
}

static uintptr_t no_operation(void) { return 0; }

static void make_vtable(const struct v8_vtable *original) {
  for (size_t i = 0; i < original->count; i++)
    switch (original->slots[i]) {
    case SLOT_ROOT_POINTERS:
      vtable[i + 2] = (uintptr_t)on_root_pointers;
      break;
    case SLOT_ROOT_POINTER:
      vtable[i + 2] = (uintptr_t)on_root_pointer;
      break;
    case SLOT_RUNNING_CODE:
      vtable[i + 2] = (uintptr_t)on_running_code;
      break;
    case SLOT_OF_EXTRACTOR:
      vtable[i + 2] = (uintptr_t)no_operation;
      break;
    default:
      vtable[i + 2] = original->functions[i];
    }
}

static void iterate(const struct v8_symbols *v8, uint64_t heap, int skipped) {
  static const struct { const uintptr_t *vtable; } visitor = {vtable + 2};
  if (v8->iterate_roots_has_mode)
    ((void (*)(uint64_t, const void *, int, int))v8->iterate_roots)(heap, &visitor, skipped, 0);
  else
    ((void (*)(uint64_t, const void *, int))v8->iterate_roots)(heap, &visitor, skipped);
}

static void count(const struct v8_symbols *v8, uint64_t heap, int skipped) {
  memset(counts, 0, sizeof counts);
  is_counting = true;
  iterate(v8, heap, skipped);
  is_counting = false;
}

/* Only of a kind that was visited: V8 ends the process where it is asked for another. */
static bool is_named(const struct v8_symbols *v8, int kind, const char *name) {
  const char *is = ((const char *(*)(int))v8->root_name)(kind);
  return is != NULL && strcmp(is, name) == 0;
}

static int kind_named(const struct v8_symbols *v8, const char *name) {
  for (int kind = 0; kind < RUNNING_CODE; kind++)
    if (counts[kind] > 0 && is_named(v8, kind, name))
      return kind;
  return -1;
}

/* V8 visits each place of its table, the empty ones too. */
static uint64_t bytes_of_table(int strings) { return strings < 0 ? 0 : counts[strings] * sizeof(uint64_t); }

static uint64_t heap_of(const struct v8_symbols *v8, uint64_t isolate) {
  void *get_profiler = dlsym(RTLD_DEFAULT, "_ZN2v87Isolate15GetHeapProfilerEv");
  if (get_profiler == NULL)
    return 0;
  const uint64_t profiler = ((uint64_t(*)(uint64_t))get_profiler)(isolate);
  return ((uint64_t(*)(uint64_t))v8->heap_of_profiler)(profiler);
}

uint64_t heap_roots_table_bytes(const struct v8_symbols *v8, uint64_t isolate) {
  const uint64_t heap = heap_of(v8, isolate);
  if (heap == 0)
    return 0;
  make_vtable(&v8->root_visitor);
  count(v8, heap, 0);
  return bytes_of_table(kind_named(v8, "(Internalized strings)"));
}

/* Which bit leaves out the weak roots differs between versions: it is the one with which the table of strings
 * is not visited, and handles and builtins are. */
static int find_weak_bit(const struct v8_symbols *v8, uint64_t heap, int tables[2]) {
  count(v8, heap, 0);
  const int strings = tables[0] = kind_named(v8, "(Internalized strings)");
  tables[1] = kind_named(v8, "(External strings)");
  const int handles = kind_named(v8, "(Handle scope)"), globals = kind_named(v8, "(Global handles)");
  const int builtins = kind_named(v8, "(Builtins)");
  if (strings < 0 || handles < 0 || globals < 0 || builtins < 0)
    return -1;
  uint64_t all[KINDS_MAX];
  memcpy(all, counts, sizeof all);
  for (int bit = 0; bit < SKIP_BITS; bit++) {
    count(v8, heap, 1 << bit);
    if (counts[strings] == 0 && counts[handles] == all[handles] && counts[builtins] == all[builtins] &&
        counts[globals] > 0 && counts[globals] <= all[globals])
      return bit;
  }
  return -1;
}

static enum heap_root_kind kind_of(const struct v8_symbols *v8, int kind) {
  if (is_named(v8, kind, "(Handle scope)") || is_named(v8, kind, "(Stack roots)"))
    return ROOT_RUNNING;
  if (is_named(v8, kind, "(Compilation cache)"))
    return ROOT_CACHE;
  return is_named(v8, kind, "(Traced handles)") ? ROOT_TRACED : ROOT_STAYS;
}

const char *heap_roots_visit(const struct v8_symbols *v8, uint64_t isolate,
                             void (*take)(const struct heap_root *root), bool with_tables) {
  const uint64_t heap = heap_of(v8, isolate);
  int tables[2];
  if (heap == 0)
    return "V8's Isolate::GetHeapProfiler() is not exported";
  make_vtable(&v8->root_visitor);
  const int weak_bit = find_weak_bit(v8, heap, tables);
  if (weak_bit < 0)
    return "the roots of this V8 are not understood";
  taking = take;
  kinds[RUNNING_CODE] = ROOT_RUNNING;
  for (int kind = 0; kind < RUNNING_CODE; kind++)
    kinds[kind] = counts[kind] > 0 ? kind_of(v8, kind) : ROOT_STAYS;
  for (int kind = 0; kind < KINDS_MAX; kind++)
    takes[kind] = true;
  iterate(v8, heap, 1 << weak_bit);
  if (with_tables) {
    for (int kind = 0; kind < KINDS_MAX; kind++)
      takes[kind] = kind == tables[0] || kind == tables[1];
    iterate(v8, heap, 0);
  }
  return NULL;
}
#endif
