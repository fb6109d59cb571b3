#define _GNU_SOURCE
#include "heap-marks.h"

#ifdef __linux__
#include <stdio.h>
#include <string.h>

enum { RANGES_MAX = 65536, TABLE_FIRST = 1 << 14 };

struct range {
  uint64_t start, end;
};

/* A block by its key, which is the address without its lower bits; 0: free. */
struct entry {
  uint64_t key;
  uint32_t block;
};

struct marks_block **marks_blocks;
uint64_t *marks_bases;

static struct range *ranges; /* read-only mappings of no file, by address */
static size_t range_count;
static struct entry *table;
static size_t table_size;
static uint8_t *read_only; /* whether some of a block is mapped read-only */
static uint32_t block_count;
static bool overflowed;
static uint64_t last_key;
static uint32_t last_block;
static uint32_t node_count; /* the root among them */

/* For every 64 nodes the word of the first: an address is sought from one to the next. A word's number is
 * that of its block times BLOCK_WORDS, and its place there. */
enum { HINT_SHIFT = 6 };
static uint32_t *hints;
static size_t hint_count;

/* The node that was asked for last, and the bits of its word from it on: most callers ask for the next. */
static struct {
  uint32_t number, word;
  uint64_t bits;
} latest;

/* The lines come in the order of the addresses. */
static bool read_ranges(void) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[512];
  range_count = 0;
  if (maps == NULL)
    return false;
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long start, end;
    char rights[8];
    if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 && strcmp(rights, "r--p") == 0 &&
        strchr(line, '/') == NULL && range_count < RANGES_MAX)
      ranges[range_count++] = (struct range){start, end};
  }
  fclose(maps);
  return true;
}

/* The last range that begins at or before an address, or NULL. */
static const struct range *range_before(uint64_t address) {
  size_t low = 0, high = range_count;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (ranges[middle].start <= address)
      low = middle + 1;
    else
      high = middle;
  }
  return low == 0 ? NULL : &ranges[low - 1];
}

static bool is_in_range(uint64_t address) {
  const struct range *range = range_before(address);
  return range != NULL && address < range->end;
}

bool marks_begin(void) {
  marks_free();
  ranges = pages_map(RANGES_MAX * sizeof *ranges);
  table_size = TABLE_FIRST;
  table = pages_map(table_size * sizeof *table);
  marks_blocks = pages_map(BLOCKS_MAX * sizeof *marks_blocks);
  marks_bases = pages_map(BLOCKS_MAX * sizeof *marks_bases);
  read_only = pages_map(BLOCKS_MAX);
  return ranges != NULL && table != NULL && marks_blocks != NULL && marks_bases != NULL &&
         read_only != NULL && read_ranges();
}

static struct entry *entry_of(struct entry *entries, size_t size, uint64_t key) {
  size_t at = (size_t)(key * 0x9e3779b97f4a7c15ull >> 32) & (size - 1);
  while (entries[at].key != 0 && entries[at].key != key)
    at = (at + 1) & (size - 1);
  return &entries[at];
}

static bool grow_table(void) {
  struct entry *larger = pages_map(2 * table_size * sizeof *table);
  if (larger == NULL)
    return false;
  for (size_t i = 0; i < table_size; i++)
    if (table[i].key != 0)
      *entry_of(larger, 2 * table_size, table[i].key) = table[i];
  pages_unmap(table, table_size * sizeof *table);
  table = larger;
  table_size *= 2;
  return true;
}

/* Blocks come from the kernel a hundred at a time. */
static struct marks_block *new_block(void) {
  enum { AT_A_TIME = 128 };
  static struct marks_block *spare;
  static size_t left;
  if (block_count == 0)
    left = 0;
  if (left == 0) {
    spare = pages_map(AT_A_TIME * sizeof *spare);
    left = spare == NULL ? 0 : AT_A_TIME;
  }
  return left == 0 ? NULL : &spare[--left];
}

static uint32_t add_block(uint64_t key) {
  struct marks_block *block = block_count + 1 < BLOCKS_MAX ? new_block() : NULL;
  if (block == NULL || (2 * (size_t)block_count > table_size && !grow_table())) {
    overflowed = true;
    return last_block;
  }
  const uint64_t base = key << BLOCK_SHIFT;
  const struct range *range = range_before(base + (1 << BLOCK_SHIFT) - 1);
  marks_blocks[block_count] = block;
  marks_bases[block_count] = base;
  read_only[block_count] = range != NULL && range->end > base;
  *entry_of(table, table_size, key) = (struct entry){key, block_count};
  return block_count++;
}

static inline uint32_t mark_in(uint32_t block, uint64_t address) {
  return block << MARK_SHIFT | (uint32_t)((address & ((1 << BLOCK_SHIFT) - 1)) >> 3);
}

uint32_t marks_of(uint64_t address, bool *is_read_only) {
  const uint64_t key = address >> BLOCK_SHIFT;
  if (key != last_key || block_count == 0) {
    const struct entry *entry = entry_of(table, table_size, key);
    last_block = entry->key == 0 ? add_block(key) : entry->block;
    last_key = key;
  }
  *is_read_only = read_only[last_block] != 0 && is_in_range(address);
  return mark_in(last_block, address);
}

uint32_t marks_find(uint64_t address) {
  if (table == NULL)
    return UINT32_MAX;
  const struct entry *entry = entry_of(table, table_size, address >> BLOCK_SHIFT);
  return entry->key == 0 ? UINT32_MAX : mark_in(entry->block, address);
}

bool marks_overflowed(void) { return overflowed; }

/* Of a word's bits; the compiler's own is a call where a processor may lack the instruction. */
static inline uint32_t count_bits(uint64_t bits) {
  bits -= bits >> 1 & 0x5555555555555555ull;
  bits = (bits & 0x3333333333333333ull) + (bits >> 2 & 0x3333333333333333ull);
  bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0full;
  return (uint32_t)(bits * 0x0101010101010101ull >> 56);
}

static void forget_hints(void) {
  pages_unmap(hints, hint_count * sizeof *hints);
  hints = NULL;
  hint_count = 0;
  latest.number = 0;
  latest.bits = 0;
}

/* One for every 64 nodes, and the last word. */
static bool make_hints(void) {
  forget_hints();
  hint_count = ((size_t)node_count >> HINT_SHIFT) + 2;
  hints = pages_map(hint_count * sizeof *hints);
  if (hints == NULL)
    return false;
  size_t hint = 0;
  for (uint32_t block = 0; block < block_count; block++)
    for (uint32_t word = 0; word < BLOCK_WORDS; word++) {
      const uint32_t end = marks_blocks[block]->rank[word] + count_bits(marks_blocks[block]->is_node[word]);
      for (; hint << HINT_SHIFT < end; hint++)
        hints[hint] = block * BLOCK_WORDS + word;
    }
  for (; hint < hint_count; hint++)
    hints[hint] = block_count * BLOCK_WORDS - 1;
  return true;
}

uint32_t marks_rank(void) {
  uint32_t rank = 1;
  for (uint32_t block = 0; block < block_count; block++)
    for (size_t word = 0; word < BLOCK_WORDS; word++) {
      marks_blocks[block]->rank[word] = rank;
      rank += count_bits(marks_blocks[block]->is_node[word]);
    }
  node_count = rank;
  return make_hints() ? rank : 0;
}

uint32_t marks_number(uint32_t mark) {
  const struct marks_block *block = marks_blocks[mark >> MARK_SHIFT];
  const uint32_t word = marks_word(mark);
  const uint64_t below = (1ull << (mark & 63)) - 1;
  return block->rank[word] + count_bits(block->is_node[word] & below);
}

static inline uint32_t rank_of_word(uint32_t word) {
  return marks_blocks[word / BLOCK_WORDS]->rank[word % BLOCK_WORDS];
}

/* The last word whose first number is not above the one that is sought. */
static void seek(uint32_t number) {
  uint32_t word = hints[number >> HINT_SHIFT], end = hints[(number >> HINT_SHIFT) + 1] + 1;
  while (end - word > 1) {
    const uint32_t middle = word + (end - word) / 2;
    if (rank_of_word(middle) <= number)
      word = middle;
    else
      end = middle;
  }
  latest.word = word;
  latest.bits = marks_blocks[word / BLOCK_WORDS]->is_node[word % BLOCK_WORDS];
  for (uint32_t left = number - rank_of_word(word); left > 0; left--)
    latest.bits &= latest.bits - 1;
}

uint64_t marks_address_of(uint32_t number) {
  if (number == 0 || number >= node_count)
    return 0;
  const uint64_t after = latest.bits & (latest.bits - 1);
  if (number == latest.number + 1 && after != 0)
    latest.bits = after;
  else if (number != latest.number)
    seek(number);
  latest.number = number;
  return marks_bases[latest.word / BLOCK_WORDS] +
         8ull * (64 * (latest.word % BLOCK_WORDS) + (uint32_t)__builtin_ctzll(latest.bits));
}

void marks_each_node(bool (*visit)(uint64_t address)) {
  for (uint32_t block = 0; block < block_count; block++)
    for (uint32_t word = 0; word < BLOCK_WORDS; word++)
      for (uint64_t bits = marks_blocks[block]->is_node[word]; bits != 0; bits &= bits - 1)
        if (!visit(marks_bases[block] + 8ull * (64 * word + (uint32_t)__builtin_ctzll(bits))))
          return;
}

void marks_free(void) {
  forget_hints();
  /* Blocks are given back with the process: a walk is made once in a twin. */
  pages_unmap(ranges, RANGES_MAX * sizeof *ranges);
  pages_unmap(table, table_size * sizeof *table);
  pages_unmap(marks_blocks, BLOCKS_MAX * sizeof *marks_blocks);
  pages_unmap(marks_bases, BLOCKS_MAX * sizeof *marks_bases);
  pages_unmap(read_only, BLOCKS_MAX);
  ranges = NULL;
  table = NULL;
  marks_blocks = NULL;
  marks_bases = NULL;
  read_only = NULL;
  block_count = 0;
  last_key = 0;
  overflowed = false;
  node_count = 0;
}
#endif
