#define _GNU_SOURCE
#include "mapped.h"

#ifdef __linux__
#include "mapped-layout.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

_Thread_local struct mapped_layout mapped_layout;

bool mapped_copy_words(uint64_t from, uint64_t *to, size_t count) {
  if (from < 4096 || (from & 7) != 0)
    return false;
  struct iovec local = {to, count * sizeof *to}, remote = {(void *)(uintptr_t)from, count * sizeof *to};
  return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)local.iov_len;
}

uint64_t mapped_data_of(uint64_t tagged) {
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
    if (!mapped_copy_words(learning->extensions[i], words, EXTENSION_WORDS))
      return false;
    learning->stores[i] = words[store];
    if (!mapped_copy_words(learning->stores[i], learning->store_words[i], STORE_WORDS) ||
        learning->store_words[i][data] != learning->data[i])
      return false;
  }
  return true;
}

static bool find_way_to_data(struct learning *learning) {
  for (mapped_layout.extension = 1; mapped_layout.extension < BUFFER_WORDS; mapped_layout.extension++)
    for (mapped_layout.store = 0; mapped_layout.store < EXTENSION_WORDS; mapped_layout.store++)
      for (mapped_layout.data = 0; mapped_layout.data < STORE_WORDS; mapped_layout.data++)
        if (leads_to_data(learning, mapped_layout.extension, mapped_layout.store, mapped_layout.data))
          return true;
  return false;
}

static bool find_length(const struct learning *learning) {
  for (mapped_layout.length = 0; mapped_layout.length < STORE_WORDS; mapped_layout.length++) {
    size_t fits = 0;
    while (fits < learning->count &&
           learning->store_words[fits][mapped_layout.length] == learning->planted[fits].length)
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
  for (mapped_layout.flags = 0; mapped_layout.flags < STORE_WORDS * 8; mapped_layout.flags++) {
    const uint8_t resizable = bits_of(learning, mapped_layout.flags, is_resizable);
    const uint8_t wasm = has_wasm ? bits_of(learning, mapped_layout.flags, is_wasm) : 0;
    if (resizable != 0 && (wasm != 0 || !has_wasm) &&
        bits_of(learning, mapped_layout.flags, is_shared) != 0) {
      mapped_layout.mapped_mask = resizable | wasm;
      mapped_layout.memory_mask = wasm;
      mapped_layout.shared_mask = bits_of(learning, mapped_layout.flags, is_shared);
      return true;
    }
  }
  return false;
}

/* New buffers are appended: each of the planted ones has the next as its next. Where V8 took back the lists
 * that another thread had swept, those of them stand between two of the planted ones, and may do so once. */
static bool find_next(const struct learning *learning) {
  for (mapped_layout.next = 0; mapped_layout.next < EXTENSION_WORDS; mapped_layout.next++) {
    size_t others = 0;
    for (size_t i = 0; i + 1 < learning->count; i++)
      others += mapped_word_at(learning->extensions[i], mapped_layout.next) != learning->extensions[i + 1];
    if (others <= 1)
      return true;
  }
  return false;
}

/* The extension that follows one; false where it cannot be read. No more than is needed is: what lies behind
 * the last extension of a page may not be mapped. */
static bool next_of(uint64_t extension, uint64_t *next) {
  uint64_t words[EXTENSION_WORDS];
  if (!mapped_copy_words(extension, words, mapped_layout.next + 1))
    return false;
  *next = words[mapped_layout.next];
  return true;
}

/* Whether `tail` is the end of the list that begins at `head`, and `wanted` is in it. The words may
 * be no list at all, and lead back to themselves: a word that has been met before ends it. */
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
    if (sweeper[word] == mapped_layout.last && sweeper[word - 1] != 0 &&
        is_list(sweeper[word - 1], mapped_layout.last, mapped_layout.last))
      return word - 1;
  return SIZE_MAX;
}

/* V8's Isolate holds its Heap, and that a pointer to the sweeper. */
static bool find_sweeper(void) {
  typedef void *(*current_fn)(void);
  const current_fn current = (current_fn)dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv");
  if (current == NULL)
    return false;
  mapped_layout.isolate = current();
  uint64_t words[SWEEPER_WORDS], page[512];
  for (size_t at = 0; at < ISOLATE_WORDS; at += 512) {
    size_t count = 512;
    if (!mapped_copy_words((uint64_t)(uintptr_t)(mapped_layout.isolate + at), page, count))
      return false;
    for (size_t i = 0; i < count; i++) {
      if (!mapped_copy_words(page[i], words, SWEEPER_WORDS))
        continue;
      mapped_layout.young = list_of_last(words);
      if (mapped_layout.young != SIZE_MAX) {
        mapped_layout.sweeper = (uint64_t *)(uintptr_t)page[i];
        return true;
      }
    }
  }
  return false;
}

const char *mapped_learn(const struct planted *planted, size_t count) {
  static _Thread_local struct learning learning;
  mapped_layout.is_learnt = false;
  learning.planted = planted;
  learning.count = count;
  for (size_t i = 0; i < count; i++) {
    learning.data[i] = mapped_data_of(planted[i].tagged);
    if (learning.data[i] == 0)
      return "V8 does not export ArrayBuffer::Data()";
    if (!mapped_copy_words(planted[i].tagged - 1, learning.buffers[i], BUFFER_WORDS))
      return "the system refuses to read this process's memory (process_vm_readv)";
  }
  if (!find_way_to_data(&learning) || !find_length(&learning) || !find_flags(&learning))
    return "this V8 keeps its backing stores in another form";
  if (!find_next(&learning))
    return "this V8 keeps its buffers in another list";
  mapped_layout.last = learning.extensions[count - 1];
  return find_sweeper() ? NULL : "V8's list of buffers was not found";
}

/* Behind it may be others that grew old at the same time. */
static size_t other_list_of_last(void) {
  for (size_t word = 1; word < SWEEPER_WORDS; word++)
    if (word - 1 != mapped_layout.young && mapped_layout.sweeper[word] != 0 &&
        is_list(mapped_layout.sweeper[word - 1], mapped_layout.sweeper[word], mapped_layout.last))
      return word - 1;
  return SIZE_MAX;
}

const char *mapped_learn_old(void (*ends_sweep)(void *), void *data) {
  uint64_t during[SWEEPER_WORDS];
  memcpy(during, mapped_layout.sweeper, sizeof during);
  mapped_layout.old = SIZE_MAX;
  for (int wait = 0; wait < WAITS_MAX && mapped_layout.old == SIZE_MAX; wait++) {
    ends_sweep(data);
    mapped_layout.old = other_list_of_last();
    if (mapped_layout.old == SIZE_MAX)
      usleep(WAIT_US);
  }
  if (mapped_layout.old == SIZE_MAX)
    return "the planted buffers did not grow old";
  /* A sweep on other threads holds the lists meanwhile; without them there is none. */
  mapped_layout.has_job = false;
  for (size_t word = 0; word < SWEEPER_WORDS && !mapped_layout.has_job; word++) {
    uint64_t unused;
    const bool is_list_word = word == mapped_layout.young || word == mapped_layout.young + 1 ||
                              word == mapped_layout.old || word == mapped_layout.old + 1;
    if (is_list_word || mapped_layout.sweeper[word] != 0 || !mapped_copy_words(during[word], &unused, 1))
      continue;
    mapped_layout.job = word;
    mapped_layout.has_job = true;
  }
  mapped_layout.is_learnt = true;
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
#endif
