#define _GNU_SOURCE
#include "native-walk.h"

#ifdef __linux__
#include "allocator.h"
#include "fork-ranges.h"
#include "heap-marks.h"
#include "native-addons.h"
#include "native-caches.h"
#include "native-stores.h"
#include "native-types.h"
#include "v8-layout.h"

#include <dlfcn.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

enum { WORD = 8, PAGE_BYTES = 4096, PAGE_HEADER_WORDS = 64, ISOLATE_WORDS = 32768, SMALL_BYTES_MOST = 32768 };

static const struct heap_graph *graph;
static size_t module_count;
static const char NO_MEMORY[] = "there is no memory for it";
static struct fork_ranges ranges; /* private memory that may be written to */

/* Memory of ArrayBuffers and of strings outside the heap: what stands in it is the service's. */
static void label_javascript(void) {
  for (uint32_t node = 1; node < graph->object_count; node++) {
    const uint64_t address = heap_address_of(node);
    const int type = v8_type_of(address);
    uint64_t start = 0;
    if (type == v8_layout.array_buffer_type)
      start = v8_read(address + (uint64_t)v8_layout.backing_store);
    else if (v8_external_bytes(address, type) > 0)
      start = v8_read(address + (uint64_t)v8_layout.external_resource + WORD);
    struct native_block *block = start == 0 ? NULL : native_block_at(start);
    if (block != NULL)
      block->label = LABEL_JAVASCRIPT;
  }
}

static bool enter_any(struct native_block *block, int owner) {
  (void)owner;
  return block->label == LABEL_NONE;
}

/* Not what is another's by its class. */
static bool enter_if_nobodys(struct native_block *block, int label) {
  const uint32_t type = native_type_at(block);
  const bool is_engine = label < LABEL_ADDONS;
  const bool is_of_other =
      is_engine ? type >= NATIVE_TYPE_ADDON
                : type != NATIVE_NO_TYPE && type != NATIVE_TYPE_ADDON + (uint32_t)(label - LABEL_ADDONS);
  if (block->label != LABEL_NONE || is_of_other)
    return false;
  block->label = (uint16_t)label;
  return true;
}

static uint64_t isolate_of_thread(void) {
  uint64_t (*get)(void) = (uint64_t(*)(void))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  return get == NULL ? 0 : get();
}

static uint64_t environment_of_thread(uint64_t isolate) {
  uint64_t (*context_of)(uint64_t) =
      (uint64_t(*)(uint64_t))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate17GetCurrentContextEv");
  uint64_t (*environment_of)(uint64_t) = (uint64_t(*)(uint64_t))dlsym(
      RTLD_DEFAULT, "_ZN4node21GetCurrentEnvironmentEN2v85LocalINS0_7ContextEEE");
  const uint64_t context = context_of == NULL ? 0 : context_of(isolate);
  return context == 0 || environment_of == NULL ? 0 : environment_of(context);
}

/* The range of written memory that an address lies in; empty where there is none. */
static struct native_range range_at(uint64_t address) {
  for (size_t i = 0; i < ranges.count; i++)
    if (address >= ranges.items[i].start && address < ranges.items[i].end)
      return (struct native_range){ranges.items[i].start, ranges.items[i].end};
  return (struct native_range){0, 0};
}

/* V8's own notes stand at the beginning of each page of its heap. */
static void meet_page_headers(native_enter_fn enter, int owner) {
  uint64_t last = 0;
  for (uint32_t node = 1; node < graph->object_count; node++) {
    const uint64_t page = heap_address_of(node) >> BLOCK_SHIFT << BLOCK_SHIFT;
    if (page == last)
      continue;
    last = page;
    const struct native_range header = {page, page + PAGE_HEADER_WORDS * WORD};
    unsigned char is_there = 0;
    if (mincore((void *)page, PAGE_BYTES, &is_there) == 0)
      native_meet_range(&header, enter, owner);
  }
}

static void meet_modules(enum native_module_kind kind, native_enter_fn enter, int owner) {
  for (size_t i = 0; i < module_count; i++)
    if (native_modules[i].kind == kind)
      native_meet_module(&native_modules[i], enter, owner);
}

static void meet_engine(native_enter_fn enter, int owner) {
  const uint64_t isolate = isolate_of_thread();
  meet_modules(MODULE_ENGINE, enter, owner);
  native_meet(isolate, enter, owner);
  native_meet(environment_of_thread(isolate), enter, owner);
  struct native_range range =
      native_block_at(isolate) == NULL ? range_at(isolate) : (struct native_range){0, 0};
  range.start = range.end == 0 ? 0 : isolate;
  if (range.end - range.start > ISOLATE_WORDS * WORD)
    range.end = range.start + ISOLATE_WORDS * WORD;
  native_meet_range(&range, enter, owner);
  meet_page_headers(enter, owner);
}

/* Objects of the heap that hold something else than references: their words as they are. */
static void meet_heap(native_enter_fn enter, int owner) {
  for (uint32_t node = 1; node < graph->object_count; node++) {
    const uint64_t address = heap_address_of(node);
    if (v8_type_is_string(v8_type_of(address)))
      continue;
    const struct native_range object = {address, address + heap_bytes_alone(graph, node, address)};
    native_meet_range(&object, enter, owner);
  }
}

/* Blocks that only data of threads lead to may have been freed by such a thread, which keeps them to use them
 * again. */
static bool is_counted(const struct native_block *block) { return block->label > LABEL_FREE; }

/* The bytes that the allocator counts as live; less is in the caches of threads and looks the same as what is
 * held. */
static double live_bytes(void) {
  double slots[SLOT_COUNT];
  const bool is_jemalloc = allocator_serves_malloc() == 1;
  if ((is_jemalloc ? allocator_read_jemalloc(slots) : allocator_read_glibc(slots)) != 0)
    return NAN;
  static const enum slot FREE[] = {SLOT_TCACHE, SLOT_TCACHE_STASHED, SLOT_OVERCOUNT};
  double bytes = slots[SLOT_ALLOCATED];
  for (size_t i = 0; i < sizeof FREE / sizeof *FREE; i++)
    bytes -= isnan(slots[FREE[i]]) ? 0 : slots[FREE[i]];
  return bytes;
}

static double bytes_each(const struct native_run *run) {
  return (double)(native_block_bytes(native_block(run->first)) - run->unused_bytes);
}

static size_t labelled_in(const struct native_run *run) {
  size_t labelled = 0;
  for (size_t i = run->first; i < run->first + run->count; i++)
    labelled += is_counted(native_block(i)) ? 1 : 0;
  return labelled;
}

/* Pointers that are left over lead to free blocks, too. How many of a run are free is known, and not which;
 * and what is in caches of threads, which are of small blocks, looks like the rest. So each of them counts in
 * part. */
static double share_of_small(double live) {
  const struct native_run *runs = native_runs.at;
  double small = 0, large = 0;
  for (size_t i = 0; i < native_runs.count; i++) {
    const size_t labelled = labelled_in(&runs[i]);
    const double bytes = bytes_each(&runs[i]);
    const double count = (double)(labelled < runs[i].used ? labelled : runs[i].used);
    *(bytes > SMALL_BYTES_MOST ? &large : &small) += bytes * count;
  }
  return small > live - large ? fmax(0, live - large) / small : 1;
}

static struct native_owned *owned_by(struct native_owners *owners, uint16_t label) {
  switch (label) {
  case LABEL_JAVASCRIPT:
    return &owners->javascript;
  case LABEL_ENGINE:
    return &owners->engine;
  case LABEL_OTHER_BUFFERS:
    return &owners->other_buffers;
  case LABEL_OURS:
    return &owners->ours;
  default:
    return &owners->addons[label - LABEL_ADDONS];
  }
}

static void count_run(struct native_owners *owners, const struct native_run *run, double small_share) {
  const size_t labelled = labelled_in(run);
  const double bytes = bytes_each(run);
  double share = labelled <= run->used ? 1 : (double)run->used / (double)labelled;
  if (bytes <= SMALL_BYTES_MOST)
    share *= small_share;
  for (size_t i = run->first; i < run->first + run->count; i++) {
    const struct native_block *block = native_block(i);
    if (!is_counted(block))
      continue;
    struct native_owned *owned = owned_by(owners, block->label);
    owned->bytes += share * bytes;
    owned->count += share;
  }
}

static void count_all(struct native_owners *owners) {
  const struct native_run *runs = native_runs.at;
  const double small_share = share_of_small(live_bytes());
  for (size_t i = 0; i < native_runs.count; i++)
    count_run(owners, &runs[i], small_share);
}

/* The blocks that are reached at all: only of that the contents say whose it is. */
static void reach_all(void) {
  native_search_begin();
  meet_engine(enter_any, 0);
  for (size_t i = 0; i < module_count; i++)
    native_meet_module(&native_modules[i], enter_any, 0);
  meet_heap(enter_any, 0);
  native_follow(enter_any, 0);
}

/* Addons first, all at once, so that the nearest of them has a block: what Node's data lead to as well, by
 * its lists of objects of addons, is the addon's. */
static void label_natives(const void *node_api) {
  native_search_begin();
  native_addons_meet(module_count, node_api, enter_if_nobodys);
  native_follow_nearest(enter_if_nobodys);
  for (size_t i = 0; i < native_blocks.count; i++)
    if (native_types.at[i] == NATIVE_TYPE_ENGINE)
      native_meet(native_block(i)->start, enter_if_nobodys, LABEL_ENGINE);
  meet_engine(enter_if_nobodys, LABEL_ENGINE);
  meet_modules(MODULE_SYSTEM, enter_if_nobodys, LABEL_ENGINE);
  native_follow(enter_if_nobodys, LABEL_ENGINE);
}

/* The remaining blocks of this library: it is there because somebody asks. */
static void label_ours(void) {
  meet_modules(MODULE_OURS, enter_if_nobodys, LABEL_OURS);
  native_follow(enter_if_nobodys, LABEL_OURS);
}

static const char *label_all(struct native_owners *owners, const void *node_api) {
  module_count = native_modules_find();
  if (module_count == 0)
    return "the loaded libraries cannot be listed";
  const char *reason = native_blocks_find();
  if (reason != NULL)
    return reason;
  if (fork_ranges_add_writable(&ranges) != 0)
    return "/proc/self/maps cannot be read";
  label_javascript();
  if (allocator_serves_malloc() == 1)
    native_caches_label(&ranges);
  reach_all();
  if (!native_types_find())
    return NO_MEMORY;
  native_stores_label(graph);
  label_natives(node_api);
  label_ours();
  if (native_pending.failed)
    return NO_MEMORY;
  count_all(owners);
  return NULL;
}

static sigjmp_buf behind_fault;

static void on_fault(int number) { siglongjmp(behind_fault, number); }

const char *native_walk(struct native_owners *owners, const struct heap_graph *of_graph,
                        const void *node_api) {
  static const int FAULTS[] = {SIGSEGV, SIGBUS};
  const struct sigaction mine = {.sa_handler = on_fault};
  struct sigaction before[2];
  memset(owners, 0, sizeof *owners);
  graph = of_graph;
  for (int i = 0; i < 2; i++)
    sigaction(FAULTS[i], &mine, &before[i]);
  const char *reason =
      sigsetjmp(behind_fault, 1) == 0 ? label_all(owners, node_api) : "it read what is not there";
  for (int i = 0; i < 2; i++)
    sigaction(FAULTS[i], &before[i], NULL);
  fork_ranges_free(&ranges);
  native_blocks_free();
  native_types_free();
  column_free(&native_pending);
  return reason;
}
#endif
