#define _GNU_SOURCE
#include "mapped.h"

#ifdef __linux__
#include "mapped-layout.h"
#include "mapped-stores.h"
#include "resident.h"

#include <stdlib.h>
#include <unistd.h>

/* Of the last reading in this thread. */
static _Thread_local struct mapped_stores known;
static _Thread_local double memory_bytes_read; /* of WebAssembly memories */
static _Thread_local bool is_read;

/* Shared memory that this isolate let go, and another thread still holds. A store that was freed has lost its
 * memory, even where what it said can still be read. */
static bool add_held_elsewhere(struct mapped_stores *stores) {
  const size_t own = stores->count;
  for (size_t i = 0, at = 0; i < known.count; i++) {
    const struct mapped_store *store = &known.at[i];
    uint64_t words[STORE_WORDS];
    while (at < own && stores->at[at].start < store->start)
      at++;
    if (at < own && stores->at[at].start == store->start)
      continue;
    if (!store->is_shared || !is_mapped(store->start, store->length) ||
        !mapped_copy_words(store->address, words, STORE_WORDS) || words[mapped_layout.data] != store->start ||
        (((const uint8_t *)words)[mapped_layout.flags] & mapped_layout.mapped_mask) == 0)
      continue;
    if (!mapped_stores_add(stores, store->address))
      return false;
  }
  return true;
}

/* While V8's threads sweep buffers they have the lists. A settled process has none at work: it is a matter of
 * taking the lists back, which happens when a buffer is made. */
static bool is_swept(void (*ends_sweep)(void *), void *data) {
  for (int wait = 0; wait < WAITS_MAX; wait++) {
    ends_sweep(data);
    if (!mapped_layout.has_job || mapped_layout.sweeper[mapped_layout.job] == 0)
      return true;
    usleep(WAIT_US);
  }
  return false;
}

double mapped_read(void (*ends_sweep)(void *), void *data, const char **reason) {
  struct mapped_stores stores = {0};
  if (!mapped_layout.is_learnt)
    *reason = "V8's lists of buffers are not known";
  else if (!is_swept(ends_sweep, data))
    *reason = "V8 was sweeping its buffers";
  else if (!mapped_stores_list(&stores))
    *reason = "V8's list of buffers ends otherwise than it says";
  else {
    mapped_stores_make_unique(&stores);
    if (add_held_elsewhere(&stores)) {
      mapped_stores_make_unique(&stores);
      double bytes = 0, memory_bytes = 0;
      for (size_t i = 0; i < stores.count && bytes >= 0; i++) {
        const double resident = resident_bytes(stores.at[i].start, stores.at[i].length);
        bytes = resident < 0 ? -1 : bytes + resident;
        if (stores.at[i].is_memory)
          memory_bytes += resident;
      }
      resident_end();
      free(known.at);
      known = stores;
      memory_bytes_read = memory_bytes;
      is_read = true;
      if (bytes < 0)
        *reason = "the system does not tell which pages are resident";
      return bytes;
    }
    *reason = "there was no memory for the list of buffers";
  }
  free(stores.at);
  return -1;
}

double mapped_memory_bytes(void) { return memory_bytes_read; }

bool mapped_has(uint64_t tagged) { return mapped_begins_at(mapped_data_of(tagged)); }

bool mapped_begins_at(uint64_t start) { return mapped_stores_find(&known, start) != NULL; }

bool mapped_is_known(void) { return is_read; }
#else
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
