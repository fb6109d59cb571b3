#define _GNU_SOURCE
#include "mapped.h"

#ifdef __linux__
#include "resident.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* In words of 8 bytes: as much as is looked at of each kind of object. */
enum { BUFFER_WORDS = 16, EXTENSION_WORDS = 10, STORE_WORDS = 14, SWEEPER_WORDS = 40, ISOLATE_WORDS = 32768 };
enum { DESTRUCTOR_WORDS = 8, STORES_MAX = 1 << 26, WAITS_MAX = 80, WAIT_US = 250 };

/* One backing store that V8 mapped. */
struct store {
  uint64_t start, length, address;
  bool is_memory; /* WebAssembly's */
  bool is_shared;
};

struct stores {
  struct store *at;
  size_t count, capacity;
};

/* Of the calling thread's isolate. Offsets are in words. */
static _Thread_local struct {
  bool is_learnt, is_read, has_job, has_memories;
  size_t extension, store, next; /* in a JSArrayBuffer, in an ArrayBufferExtension */
  size_t data, length, flags;    /* in a BackingStore; flags are at a byte */
  uint8_t mapped_mask, memory_mask, shared_mask;
  double memory_bytes; /* of the last reading: of WebAssembly memories */
  uint64_t *sweeper, *isolate;
  size_t young, old, job; /* in the sweeper: the heads of its lists, and the sweep that is under way */
  uint64_t last;          /* the extension of the buffer that was planted last */
  /* Managed pointers of the isolate, newest first: those whose destructor is that of backing stores. */
  size_t memories, memory_next, memory_pointer, memory_destructor;
  uint64_t destructor;
  struct stores known;
} v8;

static _Thread_local struct {
  uint64_t *words, newest;
  uint64_t first_head;
  size_t stores_before;
  int round;
} memories;

/* Copies what may not be mapped; false where it is not. */
static bool copy_words(uint64_t from, uint64_t *to, size_t count) {
  if (from < 4096 || (from & 7) != 0)
    return false;
  struct iovec local = {to, count * sizeof *to}, remote = {(void *)(uintptr_t)from, count * sizeof *to};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)local.iov_len;
}

static uint64_t word_at(uint64_t address, size_t word) {
  return ((const uint64_t *)(uintptr_t)address)[word];
}

static uint64_t data_of(uint64_t tagged) {
  typedef void *(*data_fn)(const void *);
  static data_fn data;
  if (data == NULL)
    data = (data_fn)dlsym(RTLD_DEFAULT, "_ZNK2v811ArrayBuffer4DataEv");
  return data == NULL ? 0 : (uint64_t)(uintptr_t)data(&tagged);
}

/* The planted buffers with what their words are, as far as they are known. */
struct learning {
  const struct planted *planted;
  size_t count;
  uint64_t data[PLANTED_MAX];
  uint64_t buffers[PLANTED_MAX][BUFFER_WORDS];
  uint64_t extensions[PLANTED_MAX], stores[PLANTED_MAX];
  uint64_t store_words[PLANTED_MAX][STORE_WORDS];
};

/* JSArrayBuffer → extension → store → data: the offsets at which all planted buffers lead to their data. */
static bool leads_to_data(struct learning *learning, size_t extension, size_t store, size_t data) {
  for (size_t i = 0; i < learning->count; i++) {
    uint64_t words[EXTENSION_WORDS];
    learning->extensions[i] = learning->buffers[i][extension];
    if (!copy_words(learning->extensions[i], words, EXTENSION_WORDS))
      return false;
    learning->stores[i] = words[store];
    if (!copy_words(learning->stores[i], learning->store_words[i], STORE_WORDS) ||
        learning->store_words[i][data] != learning->data[i])
      return false;
  }
  return true;
}

static bool find_way_to_data(struct learning *learning) {
  for (v8.extension = 1; v8.extension < BUFFER_WORDS; v8.extension++)
    for (v8.store = 0; v8.store < EXTENSION_WORDS; v8.store++)
      for (v8.data = 0; v8.data < STORE_WORDS; v8.data++)
        if (leads_to_data(learning, v8.extension, v8.store, v8.data))
          return true;
  return false;
}

static bool find_length(const struct learning *learning) {
  for (v8.length = 0; v8.length < STORE_WORDS; v8.length++) {
    size_t fits = 0;
    while (fits < learning->count && learning->store_words[fits][v8.length] == learning->planted[fits].length)
      fits++;
    if (fits == learning->count)
      return true;
  }
  return false;
}

/* Bits that all of `is` have and none of the others, at a byte of the stores. */
static uint8_t bits_of(const struct learning *learning, size_t byte,
                       bool (*is)(const struct planted *planted)) {
  uint8_t all = 0xff, others = 0;
  for (size_t i = 0; i < learning->count; i++) {
    const uint8_t value = ((const uint8_t *)learning->store_words[i])[byte];
    if (is(&learning->planted[i]))
      all &= value;
    else
      others |= value;
  }
  return all & (uint8_t)~others;
}

static bool is_resizable(const struct planted *planted) { return planted->kind == PLANTED_RESIZABLE; }
static bool is_wasm(const struct planted *planted) { return planted->kind == PLANTED_WASM; }
static bool is_shared(const struct planted *planted) { return planted->is_shared; }

/* The byte whose bits say of each planted store whether it is resizable, WebAssembly's and shared. */
static bool find_flags(const struct learning *learning) {
  bool has_wasm = false;
  for (size_t i = 0; i < learning->count; i++)
    has_wasm = has_wasm || is_wasm(&learning->planted[i]);
  for (v8.flags = 0; v8.flags < STORE_WORDS * 8; v8.flags++) {
    const uint8_t resizable = bits_of(learning, v8.flags, is_resizable);
    const uint8_t wasm = has_wasm ? bits_of(learning, v8.flags, is_wasm) : 0;
    if (resizable != 0 && (wasm != 0 || !has_wasm) && bits_of(learning, v8.flags, is_shared) != 0) {
      v8.mapped_mask = resizable | wasm;
      v8.memory_mask = wasm;
      v8.shared_mask = bits_of(learning, v8.flags, is_shared);
      return true;
    }
  }
  return false;
}

/* New buffers are appended: each of the planted ones has the next as its next. Where V8 took back the lists
 * that another thread had swept, those of them stand between two of the planted ones, and may do so once. */
static bool find_next(const struct learning *learning) {
  for (v8.next = 0; v8.next < EXTENSION_WORDS; v8.next++) {
    size_t others = 0;
    for (size_t i = 0; i + 1 < learning->count; i++)
      others += word_at(learning->extensions[i], v8.next) != learning->extensions[i + 1];
    if (others <= 1)
      return true;
  }
  return false;
}

/* The extension that follows one; false where it cannot be read. No more than is needed is: what lies behind
 * the last extension of a page may not be mapped. */
static bool next_of(uint64_t extension, uint64_t *next) {
  uint64_t words[EXTENSION_WORDS];
  if (!copy_words(extension, words, v8.next + 1))
    return false;
  *next = words[v8.next];
  return true;
}

/* Whether `tail` is the end of the list that begins at `head`, and `wanted` is in it. What is asked about may
 * be no list at all, and lead back to itself: a word that has been met before ends it. */
static bool is_list(uint64_t head, uint64_t tail, uint64_t wanted) {
  uint64_t next, met = 0;
  if (!next_of(tail, &next) || next != 0)
    return false;
  bool has_wanted = false;
  for (size_t i = 0, turn = 1; i < STORES_MAX && head != 0 && head != met; i++) {
    if (i == turn) {
      met = head;
      turn *= 2;
    }
    has_wanted = has_wanted || head == wanted;
    if (head == tail)
      return has_wanted;
    if (!next_of(head, &head))
      return false;
  }
  return false;
}

/* Where in the sweeper a list ends with the buffer that was planted last: its head lies before its tail. */
static size_t list_of_last(const uint64_t *sweeper) {
  for (size_t word = 1; word < SWEEPER_WORDS; word++)
    if (sweeper[word] == v8.last && sweeper[word - 1] != 0 && is_list(sweeper[word - 1], v8.last, v8.last))
      return word - 1;
  return SIZE_MAX;
}

/* V8's Isolate holds its Heap, and that a pointer to the sweeper. */
static bool find_sweeper(void) {
  typedef void *(*current_fn)(void);
  const current_fn current = (current_fn)dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  if (current == NULL)
    return false;
  v8.isolate = current();
  uint64_t words[SWEEPER_WORDS], page[512];
  for (size_t at = 0; at < ISOLATE_WORDS; at += 512) {
    size_t count = 512;
    if (!copy_words((uint64_t)(uintptr_t)(v8.isolate + at), page, count))
      return false;
    for (size_t i = 0; i < count; i++) {
      if (!copy_words(page[i], words, SWEEPER_WORDS))
        continue;
      v8.young = list_of_last(words);
      if (v8.young != SIZE_MAX) {
        v8.sweeper = (uint64_t *)(uintptr_t)page[i];
        return true;
      }
    }
  }
  return false;
}

const char *mapped_learn(const struct planted *planted, size_t count) {
  static _Thread_local struct learning learning;
  v8.is_learnt = false;
  learning.planted = planted;
  learning.count = count;
  for (size_t i = 0; i < count; i++) {
    learning.data[i] = data_of(planted[i].tagged);
    if (learning.data[i] == 0)
      return "V8 does not export ArrayBuffer::Data()";
    if (!copy_words(planted[i].tagged - 1, learning.buffers[i], BUFFER_WORDS))
      return "the system refuses to read this process's memory (process_vm_readv)";
  }
  if (!find_way_to_data(&learning) || !find_length(&learning) || !find_flags(&learning))
    return "this V8 keeps its backing stores in another form";
  if (!find_next(&learning))
    return "this V8 keeps its buffers in another list";
  v8.last = learning.extensions[count - 1];
  return find_sweeper() ? NULL : "V8's list of buffers was not found";
}

/* Behind it may be others that grew old at the same time. */
static size_t other_list_of_last(void) {
  for (size_t word = 1; word < SWEEPER_WORDS; word++)
    if (word - 1 != v8.young && v8.sweeper[word] != 0 &&
        is_list(v8.sweeper[word - 1], v8.sweeper[word], v8.last))
      return word - 1;
  return SIZE_MAX;
}

/* While V8's threads sweep buffers they have the lists. A settled process has none at work: it is a matter of
 * taking the lists back, which happens when a buffer is made. */
static bool is_swept(void (*ends_sweep)(void *), void *data) {
  for (int wait = 0; wait < WAITS_MAX; wait++) {
    ends_sweep(data);
    if (!v8.has_job || v8.sweeper[v8.job] == 0)
      return true;
    usleep(WAIT_US);
  }
  return false;
}

const char *mapped_learn_old(void (*ends_sweep)(void *), void *data) {
  uint64_t during[SWEEPER_WORDS];
  memcpy(during, v8.sweeper, sizeof during);
  v8.old = SIZE_MAX;
  for (int wait = 0; wait < WAITS_MAX && v8.old == SIZE_MAX; wait++) {
    ends_sweep(data);
    v8.old = other_list_of_last();
    if (v8.old == SIZE_MAX)
      usleep(WAIT_US);
  }
  if (v8.old == SIZE_MAX)
    return "the planted buffers did not grow old";
  /* A sweep on other threads holds the lists meanwhile; without them there is none. */
  v8.has_job = false;
  for (size_t word = 0; word < SWEEPER_WORDS && !v8.has_job; word++) {
    uint64_t unused;
    const bool is_list_word =
        word == v8.young || word == v8.young + 1 || word == v8.old || word == v8.old + 1;
    if (is_list_word || v8.sweeper[word] != 0 || !copy_words(during[word], &unused, 1))
      continue;
    v8.job = word;
    v8.has_job = true;
  }
  v8.is_learnt = true;
  return NULL;
}

static bool add_store(struct stores *stores, uint64_t address) {
  const uint8_t flags = address == 0 ? 0 : ((const uint8_t *)(uintptr_t)address)[v8.flags];
  if ((flags & v8.mapped_mask) == 0)
    return true;
  if (stores->count == stores->capacity) {
    const size_t capacity = stores->capacity == 0 ? 64 : 2 * stores->capacity;
    struct store *at = realloc(stores->at, capacity * sizeof *at);
    if (at == NULL)
      return false;
    stores->at = at;
    stores->capacity = capacity;
  }
  stores->at[stores->count++] =
      (struct store){word_at(address, v8.data), word_at(address, v8.length), address,
                     (flags & v8.memory_mask) != 0, (flags & v8.shared_mask) != 0};
  return true;
}

static bool add_list(struct stores *stores, size_t list) {
  const uint64_t tail = v8.sweeper[list + 1];
  uint64_t last = 0;
  for (uint64_t extension = v8.sweeper[list]; extension != 0; extension = word_at(extension, v8.next)) {
    last = extension;
    if (!add_store(stores, word_at(extension, v8.store)))
      return false;
  }
  return last == tail;
}

static bool add_memories(struct stores *stores) {
  if (!v8.has_memories)
    return true;
  for (uint64_t at = v8.isolate[v8.memories]; at != 0; at = word_at(at, v8.memory_next)) {
    if (word_at(at, v8.memory_destructor) != v8.destructor)
      continue;
    const uint64_t pointer = word_at(at, v8.memory_pointer);
    if (pointer != 0 && !add_store(stores, word_at(pointer, 0)))
      return false;
  }
  return true;
}

static int by_start(const void *a, const void *b) {
  const struct store *one = a, *other = b;
  return one->start < other->start ? -1 : one->start > other->start;
}

/* Several buffers may have one store: the same SharedArrayBuffer, handed over more than once. */
static void make_unique(struct stores *stores) {
  if (stores->count == 0)
    return;
  size_t kept = 0;
  qsort(stores->at, stores->count, sizeof *stores->at, by_start);
  for (size_t i = 0; i < stores->count; i++) {
    if (kept > 0 && stores->at[kept - 1].start == stores->at[i].start) {
      if (stores->at[i].length > stores->at[kept - 1].length)
        stores->at[kept - 1] = stores->at[i];
    } else
      stores->at[kept++] = stores->at[i];
  }
  stores->count = kept;
}

/* Shared memory that this isolate let go, and another thread still holds. A store that was freed has lost its
 * memory, even where what it said can still be read. */
static bool add_held_elsewhere(struct stores *stores) {
  const size_t own = stores->count;
  for (size_t i = 0, at = 0; i < v8.known.count; i++) {
    const struct store *known = &v8.known.at[i];
    uint64_t words[STORE_WORDS];
    while (at < own && stores->at[at].start < known->start)
      at++;
    if (at < own && stores->at[at].start == known->start)
      continue;
    if (!known->is_shared || !is_mapped(known->start, known->length) ||
        !copy_words(known->address, words, STORE_WORDS) || words[v8.data] != known->start ||
        (((const uint8_t *)words)[v8.flags] & v8.mapped_mask) == 0)
      continue;
    if (!add_store(stores, known->address))
      return false;
  }
  return true;
}

static bool list_stores(struct stores *stores) {
  return add_list(stores, v8.young) && add_list(stores, v8.old) && add_memories(stores);
}

double mapped_read(void (*ends_sweep)(void *), void *data, const char **reason) {
  struct stores stores = {0};
  if (!v8.is_learnt)
    *reason = "V8's lists of buffers are not known";
  else if (!is_swept(ends_sweep, data))
    *reason = "V8 was sweeping its buffers";
  else if (!list_stores(&stores))
    *reason = "V8's list of buffers ends otherwise than it says";
  else {
    make_unique(&stores);
    if (add_held_elsewhere(&stores)) {
      make_unique(&stores);
      double bytes = 0, memory_bytes = 0;
      for (size_t i = 0; i < stores.count && bytes >= 0; i++) {
        const double resident = resident_bytes(stores.at[i].start, stores.at[i].length);
        bytes = resident < 0 ? -1 : bytes + resident;
        if (stores.at[i].is_memory)
          memory_bytes += resident;
      }
      resident_end();
      free(v8.known.at);
      v8.known = stores;
      v8.memory_bytes = memory_bytes;
      v8.is_read = true;
      if (bytes < 0)
        *reason = "the system does not tell which pages are resident";
      return bytes;
    }
    *reason = "there was no memory for the list of buffers";
  }
  free(stores.at);
  return -1;
}

double mapped_memory_bytes(void) { return v8.memory_bytes; }

bool mapped_has(uint64_t tagged) { return mapped_begins_at(data_of(tagged)); }

bool mapped_begins_at(uint64_t start) {
  const struct store wanted = {.start = start};
  return v8.known.count > 0 && bsearch(&wanted, v8.known.at, v8.known.count, sizeof wanted, by_start) != NULL;
}

bool mapped_is_known(void) { return v8.is_read; }

static size_t count_stores(void) {
  struct stores stores = {0};
  const size_t count = list_stores(&stores) ? stores.count : SIZE_MAX;
  free(stores.at);
  return count;
}

void mapped_before_memory(void) {
  memories.stores_before = count_stores();
  if (memories.words == NULL)
    memories.words = malloc(ISOLATE_WORDS * sizeof *memories.words);
  if (memories.words != NULL && !copy_words((uint64_t)(uintptr_t)v8.isolate, memories.words, ISOLATE_WORDS)) {
    free(memories.words);
    memories.words = NULL;
  }
}

/* Whether a word of a managed pointer leads to a store of `length` bytes. */
static bool leads_to_store(uint64_t pointer, uint64_t length) {
  uint64_t store, words[STORE_WORDS];
  return copy_words(pointer, &store, 1) && copy_words(store, words, STORE_WORDS) &&
         words[v8.length] == length && words[v8.data] != 0 &&
         (((const uint8_t *)words)[v8.flags] & v8.mapped_mask) != 0;
}

/* The head of the isolate's list of managed pointers has just been set to that of the new memory. */
static bool find_newest(uint64_t length) {
  uint64_t managed[DESTRUCTOR_WORDS];
  for (size_t i = 0; memories.words != NULL && i < ISOLATE_WORDS; i++) {
    const uint64_t head = v8.isolate[i];
    if (head == memories.words[i] || !copy_words(head, managed, DESTRUCTOR_WORDS))
      continue;
    for (size_t word = 0; word < DESTRUCTOR_WORDS; word++) {
      if (!leads_to_store(managed[word], length))
        continue;
      v8.memories = i;
      v8.memory_pointer = word;
      memories.newest = head;
      return true;
    }
  }
  return false;
}

/* With two of them: the newer has the older as its next, and both the same function of V8 as their
 * destructor. */
static bool compare_newest(uint64_t older) {
  Dl_info info;
  v8.memory_next = v8.memory_destructor = SIZE_MAX;
  for (size_t word = 0; word < DESTRUCTOR_WORDS; word++) {
    const uint64_t value = word_at(memories.newest, word);
    if (value == older)
      v8.memory_next = word;
    else if (value != 0 && value == word_at(older, word) && dladdr((void *)(uintptr_t)value, &info) != 0) {
      v8.memory_destructor = word;
      v8.destructor = value;
    }
  }
  return v8.memory_next != SIZE_MAX && v8.memory_destructor != SIZE_MAX;
}

const char *mapped_after_memory(uint64_t length) {
  static const char overlooked[] =
      "WebAssembly memories whose buffer nobody asked for are not found in this V8";
  const size_t count = count_stores();
  const uint64_t older = memories.newest;
  if (count == SIZE_MAX || memories.stores_before == SIZE_MAX)
    return overlooked;
  if (count > memories.stores_before && memories.round == 0)
    return NULL; /* it has a buffer from the beginning */
  const bool is_found = find_newest(length);
  const bool is_second = memories.round++ == 1;
  if (is_second || !is_found) {
    free(memories.words);
    memories.words = NULL;
    memories.round = 0;
  }
  if (!is_found || (is_second && !compare_newest(older)))
    return overlooked;
  v8.has_memories = is_second;
  return NULL;
}
#else
const char *mapped_learn(const struct planted *planted, size_t count) {
  (void)planted, (void)count;
  return "resident memory of V8's buffers is read on Linux only";
}
const char *mapped_learn_old(void (*ends_sweep)(void *), void *data) {
  (void)ends_sweep, (void)data;
  return "resident memory of V8's buffers is read on Linux only";
}
void mapped_before_memory(void) {}
const char *mapped_after_memory(uint64_t length) {
  (void)length;
  return NULL;
}
double mapped_read(void (*ends_sweep)(void *), void *data, const char **reason) {
  (void)ends_sweep, (void)data;
  *reason = "resident memory of V8's buffers is read on Linux only";
  return -1;
}
double mapped_memory_bytes(void) { return 0; }
bool mapped_has(uint64_t tagged) {
  (void)tagged;
  return false;
}
#endif
