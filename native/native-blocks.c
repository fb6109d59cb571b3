#define _GNU_SOURCE
#include "native-blocks.h"

#ifdef __linux__
#include "allocator.h"
#include "fork-ranges.h"
#include "index.h"
#include "native-modules.h"
#include "purge.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_SHIFT = 12, REGION_SHIFT = 30, REGION_PAGES = 1 << (REGION_SHIFT - PAGE_SHIFT), WORD = 8 };
enum { REGIONS_MAX = 4096, BLOCKS_MOST = 1 << 28 };
enum { IS_MAPPED = 2, CHUNK_FLAGS = 7, CHUNK_LEAST = 32, CHUNK_HEADER = 16, IS_NEXT_TO_USED = 1 };
enum { THREAD_DATA_MOST = 65536 };
enum { MAPPED_LEAST = 65536, LARGE_LEAST = 16384 };
enum { ARENA_ALIGNMENT = 64 * 1024 * 1024, ARENA_SIZE_WORD = 2 };
static const uint64_t PAGE = 1ull << PAGE_SHIFT;

struct list native_blocks = {.size = sizeof(struct native_block)};
struct list native_runs = {.size = sizeof(struct native_run)};
static uint32_t padding; /* of jemalloc's large blocks, which begin anywhere in their first page */

/* For each region of 1 GiB that has blocks: page → place + 1 of the first block that has a part there. */
static struct index regions;
static uint32_t *pages_of_region[REGIONS_MAX];
static uint32_t region_count;
static const uint32_t NO_BLOCKS = UINT32_MAX - 1; /* of a region that jemalloc knows nothing of */

static mallctl_fn mallctl_of_jemalloc;

/* The facts that jemalloc has of a page: the run of blocks that it belongs to. */
struct run {
  size_t free, blocks, size;
};

static uint32_t *region_at(uint64_t address) {
  const uint32_t place = index_get(&regions, (address >> REGION_SHIFT) + 1);
  return place == INDEX_NONE || place == NO_BLOCKS ? NULL : pages_of_region[place];
}

static uint32_t *make_region(uint64_t address) {
  uint32_t *pages = region_at(address);
  if (pages != NULL || region_count == REGIONS_MAX)
    return pages;
  pages = pages_map(REGION_PAGES * sizeof *pages);
  if (pages == NULL || !index_put(&regions, (address >> REGION_SHIFT) + 1, region_count))
    return NULL;
  return pages_of_region[region_count++] = pages;
}

static uint32_t *page_of(uint32_t *pages, uint64_t address) {
  return &pages[(address >> PAGE_SHIFT) & (REGION_PAGES - 1)];
}

static bool add_block(uint64_t start, uint64_t bytes) {
  if (native_blocks.count == BLOCKS_MOST || bytes / WORD > UINT32_MAX)
    return false;
  struct native_block *block = list_push(&native_blocks);
  if (block == NULL)
    return false;
  *block = (struct native_block){.start = start, .words = (uint32_t)(bytes / WORD)};
  for (uint64_t page = start & ~(PAGE - 1); page < start + bytes; page += PAGE) {
    uint32_t *pages = make_region(page);
    if (pages == NULL)
      return false;
    uint32_t *first = page_of(pages, page);
    if (*first == 0)
      *first = (uint32_t)native_blocks.count;
  }
  return true;
}

static bool note_run(size_t first, size_t used, uint32_t unused_bytes) {
  struct native_run *run = list_push(&native_runs);
  if (run == NULL)
    return false;
  *run = (struct native_run){(uint32_t)first, (uint32_t)(native_blocks.count - first), (uint32_t)used,
                             unused_bytes};
  return true;
}

static bool add_block_alone(uint64_t start, uint64_t bytes, uint32_t unused_bytes) {
  return add_block(start, bytes) && note_run(native_blocks.count - 1, 1, unused_bytes);
}

static struct native_range thread_data; /* jemalloc's, of the calling thread */
static char kept_data[THREAD_DATA_MOST];

/* False where it cannot be put back. */
static bool find_thread_data(void) {
  const int module = native_module_at((uint64_t)(uintptr_t)mallctl_of_jemalloc);
  thread_data = module < 0 ? (struct native_range){0, 0} : native_modules[module].thread_data;
  const uint64_t bytes = thread_data.end - thread_data.start;
  return bytes > 0 && bytes <= sizeof kept_data;
}

static sigjmp_buf behind_fault;

static void on_fault(int number) { siglongjmp(behind_fault, number); }

static bool ask(uint64_t page, struct run *run) {
  const void *asked = (const void *)page;
  size_t size = sizeof *run;
  return mallctl_of_jemalloc("experimental.utilization.batch_query", run, &size, &asked, sizeof asked) == 0;
}

/* jemalloc follows a tree to what it knows of a page, and trusts that there is a branch for it: asked for an
 * address far from all of its own it reads where nothing is, and has noted that branch in its data of this
 * thread by then. So these are put back. Asked once for each region. */
static bool is_known_region(uint64_t page) {
  static const int faults[] = {SIGSEGV, SIGBUS};
  struct sigaction mine = {.sa_handler = on_fault}, before[2];
  struct run run;
  if (region_at(page) != NULL)
    return true;
  if (index_get(&regions, (page >> REGION_SHIFT) + 1) == NO_BLOCKS)
    return false;
  memcpy(kept_data, (const void *)thread_data.start, thread_data.end - thread_data.start);
  for (int i = 0; i < 2; i++)
    sigaction(faults[i], &mine, &before[i]);
  const bool is_known = sigsetjmp(behind_fault, 1) == 0 && ask(page, &run);
  for (int i = 0; i < 2; i++)
    sigaction(faults[i], &before[i], NULL);
  if (!is_known) {
    memcpy((void *)thread_data.start, kept_data, thread_data.end - thread_data.start);
    index_put(&regions, (page >> REGION_SHIFT) + 1, NO_BLOCKS);
  }
  return is_known && make_region(page) != NULL;
}

/* Pages that the allocator gave back to the system are not resident; of a block that is held at least the
 * first page was written. */
static bool is_resident(uint64_t page) {
  unsigned char is = 0;
  return mincore((void *)page, PAGE, &is) == 0 && (is & 1) != 0;
}

static bool add_run(uint64_t start, const struct run *run) {
  if (run->blocks == 1 && run->free == 0)
    return !is_resident(start) ||
           add_block_alone(start, run->size, run->size >= LARGE_LEAST + padding ? padding : 0);
  if (run->free == run->blocks)
    return true;
  const size_t size = run->size / run->blocks, first = native_blocks.count;
  for (size_t i = 0; i < run->blocks; i++)
    if (!add_block(start + i * size, size))
      return false;
  return note_run(first, run->blocks - run->free, 0);
}

/* Runs lie one behind the other: behind the end of one begins the next, or nothing of jemalloc's. */
static bool add_runs(const struct fork_range *range) {
  for (uint64_t page = range->start; page < range->end;) {
    struct run run = {0};
    if (!is_known_region(page)) {
      page = ((page >> REGION_SHIFT) + 1) << REGION_SHIFT;
      continue;
    }
    if (!ask(page, &run))
      return false;
    const bool is_run =
        run.size >= PAGE && run.blocks > 0 && run.size % PAGE == 0 && run.size / WORD <= UINT32_MAX;
    if (is_run && !add_run(page, &run))
      return false;
    page += is_run ? run.size : PAGE;
  }
  return true;
}

/* glibc's blocks that were mapped by themselves: the flag alone stands beside their size. The kernel tells
 * them as one with what is mapped beside them. */
static bool add_mapped_chunks(const struct fork_range *range) {
  for (uint64_t at = range->start; at + PAGE <= range->end;) {
    const uint64_t *words = (const uint64_t *)at;
    const uint64_t size = is_resident(at) ? words[1] & ~(uint64_t)CHUNK_FLAGS : 0;
    if (size < MAPPED_LEAST || size % PAGE != 0 || size > range->end - at || words[0] != 0 ||
        (words[1] & CHUNK_FLAGS) != IS_MAPPED) {
      at += PAGE;
      continue;
    }
    if (!add_block_alone(at + CHUNK_HEADER, size - CHUNK_HEADER, 0))
      return false;
    at += size;
  }
  return true;
}

static uint64_t chunk_size(uint64_t chunk) { return ((const uint64_t *)chunk)[1] & ~(uint64_t)CHUNK_FLAGS; }

/* Chunks of glibc up to an address: one is free where the one behind it says so. */
static bool add_chunks(uint64_t start, uint64_t end) {
  for (uint64_t at = start; at + CHUNK_LEAST <= end;) {
    const uint64_t size = chunk_size(at);
    if (size < CHUNK_LEAST || size % CHUNK_HEADER != 0 || size >= end - at)
      return true; /* the last one, or what another has put there */
    const bool is_used = (((const uint64_t *)(at + size))[1] & IS_NEXT_TO_USED) != 0;
    if (is_used && !add_block_alone(at + CHUNK_HEADER, size - WORD, 0))
      return false;
    at += size;
  }
  return true;
}

static bool is_chain(uint64_t start, uint64_t end) {
  uint64_t at = start, size = CHUNK_LEAST;
  for (; at + CHUNK_LEAST <= end && size >= CHUNK_LEAST && size % CHUNK_HEADER == 0; at += size)
    size = chunk_size(at);
  return at == end && end - start >= CHUNK_LEAST;
}

/* Where the chunks begin in a heap of an arena that belongs to threads, behind glibc's notes: from there to
 * the end that it notes lies one behind the other. 0: it is no such heap. */
static uint64_t chunks_of_arena(const struct fork_range *range, uint64_t *end) {
  if (range->start % ARENA_ALIGNMENT != 0)
    return 0;
  const uint64_t *notes = (const uint64_t *)range->start;
  const uint64_t size = notes[ARENA_SIZE_WORD];
  if (size == 0 || size % PAGE != 0 || size > range->end - range->start)
    return 0;
  *end = range->start + size;
  for (uint64_t offset = CHUNK_LEAST; offset < PAGE; offset += CHUNK_HEADER)
    if (is_chain(range->start + offset, *end))
      return range->start + offset;
  return 0;
}

static bool add_blocks_of(const struct fork_range *range, uint64_t heap_end) {
  uint64_t end = 0;
  if (mallctl_of_jemalloc != NULL)
    return add_runs(range);
  const bool is_heap = heap_end > range->start && heap_end <= range->end;
  const uint64_t start = is_heap ? range->start : chunks_of_arena(range, &end);
  end = is_heap ? heap_end : start == 0 ? range->start : end;
  /* The kernel tells what is mapped behind as one with it. */
  const struct fork_range behind = {(end + PAGE - 1) & ~(PAGE - 1), range->end};
  return (start == 0 || add_chunks(start, end)) && add_mapped_chunks(&behind);
}

const char *native_blocks_find(void) {
  struct fork_ranges ranges = {0};
  struct run run;
  void *asked_first = NULL;
  native_blocks_free();
  mallctl_of_jemalloc = allocator_serves_malloc() == 1 ? allocator_mallctl() : NULL;
  if (mallctl_of_jemalloc == NULL && !allocator_has_mallinfo2())
    return "this allocator does not list its blocks";
  purge_allocator();
  if (!index_make(&regions, 1 << 12))
    return "there is no memory for it";
  asked_first = malloc(PAGE);
  const bool is_told =
      asked_first != NULL && (mallctl_of_jemalloc == NULL || ask((uint64_t)(uintptr_t)asked_first, &run));
  free(asked_first);
  if (!is_told || (mallctl_of_jemalloc != NULL && !find_thread_data()))
    return "this jemalloc does not tell of its pages (experimental.utilization.batch_query)";
  bool is_padded = false;
  size_t size = sizeof is_padded;
  if (mallctl_of_jemalloc != NULL &&
      mallctl_of_jemalloc("opt.cache_oblivious", &is_padded, &size, NULL, 0) != 0)
    mallctl_of_jemalloc("config.cache_oblivious", &is_padded, &size, NULL, 0);
  padding = is_padded ? (uint32_t)PAGE : 0;
  const uint64_t heap_end = (uint64_t)(uintptr_t)sbrk(0);
  bool is_done = fork_ranges_add_writable(&ranges) == 0;
  for (size_t i = 0; is_done && i < ranges.count; i++)
    is_done = add_blocks_of(&ranges.items[i], heap_end);
  fork_ranges_free(&ranges);
  return is_done ? NULL : "there is no memory for it";
}

struct native_block *native_block_at(uint64_t address) {
  const uint32_t *pages = region_at(address);
  const uint32_t first = pages == NULL ? 0 : pages[(address >> PAGE_SHIFT) & (REGION_PAGES - 1)];
  if (first == 0)
    return NULL;
  struct native_block *all = native_blocks.at;
  size_t low = first - 1, step = 1;
  if (all[low].start > address)
    return NULL;
  /* Blocks of one page: doubling steps, then halves. */
  while (low + step < native_blocks.count && all[low + step].start <= address) {
    low += step;
    step *= 2;
  }
  for (; step > 0; step /= 2)
    if (low + step < native_blocks.count && all[low + step].start <= address)
      low += step;
  return address < all[low].start + native_block_bytes(&all[low]) ? &all[low] : NULL;
}

void native_blocks_free(void) {
  for (uint32_t i = 0; i < region_count; i++)
    pages_unmap(pages_of_region[i], REGION_PAGES * sizeof *pages_of_region[i]);
  region_count = 0;
  index_free(&regions);
  list_free(&native_blocks);
  list_free(&native_runs);
}
#endif
