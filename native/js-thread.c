#define _GNU_SOURCE
#include "js-thread.h"

#ifdef __linux__
#include "column.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_FIRST = 4096, SEEN_MOST = 1 << 18 };
/* Of the main thread, whose stack grows: mappings are made farther below its end. */
static const uintptr_t MAIN_STACK_BYTES = (uintptr_t)64 << 20;

static pthread_key_t key;
static bool has_key;

static void make_key(void) { has_key = pthread_key_create(&key, free) == 0; }

struct js_thread *js_thread_get(void) {
  return has_key ? pthread_getspecific(key) : NULL;
}

struct js_thread *js_thread_own(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_key);
  struct js_thread *thread = js_thread_get();
  if (thread != NULL || !has_key)
    return thread;
  thread = calloc(1, sizeof *thread);
  if (thread != NULL && pthread_setspecific(key, thread) != 0) {
    free(thread);
    return NULL;
  }
  return thread;
}

static bool find_stack(struct js_thread *thread) {
  pthread_attr_t attributes;
  void *low = NULL;
  size_t bytes = 0;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0)
    return false;
  const bool is_told = pthread_attr_getstack(&attributes, &low, &bytes) == 0;
  pthread_attr_destroy(&attributes);
  thread->stack_high = (uintptr_t)low + bytes;
  thread->stack_low = thread->thread_id == 0 ? thread->stack_high - MAIN_STACK_BYTES : (uintptr_t)low;
  return is_told;
}

bool js_thread_open(struct js_thread *thread) {
  thread->seen = pages_map(SEEN_FIRST * sizeof *thread->seen);
  thread->pending = pages_map(PENDING_MOST * sizeof *thread->pending);
  thread->seen_size = SEEN_FIRST;
  thread->seen_count = thread->pending_count = 0;
  if (thread->seen != NULL && thread->pending != NULL && find_stack(thread))
    return true;
  js_thread_close(thread);
  return false;
}

void js_thread_close(struct js_thread *thread) {
  pages_unmap(thread->seen, thread->seen_size * sizeof *thread->seen);
  pages_unmap(thread->pending, PENDING_MOST * sizeof *thread->pending);
  thread->seen = NULL;
  thread->pending = NULL;
}

static struct seen *place_of(struct seen *table, uint32_t size, uint64_t hash, uint32_t epoch) {
  for (uint32_t at = (uint32_t)hash;; at++) {
    struct seen *place = &table[at & (size - 1)];
    if (place->id == 0 || (place->hash == hash && place->epoch == epoch))
      return place;
  }
}

/* Leaves out what was seen in earlier epochs, and doubles the table where that is not enough. */
static bool make_room(struct js_thread *thread) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < thread->seen_size; i++)
    kept += thread->seen[i].id != 0 && thread->seen[i].epoch == thread->epoch;
  const uint32_t size = kept > thread->seen_size / 4 ? 2 * thread->seen_size : thread->seen_size;
  struct seen *table = size > SEEN_MOST ? NULL : pages_map(size * sizeof *table);
  if (table == NULL)
    return false;
  for (uint32_t i = 0; i < thread->seen_size; i++)
    if (thread->seen[i].id != 0 && thread->seen[i].epoch == thread->epoch)
      *place_of(table, size, thread->seen[i].hash, thread->epoch) = thread->seen[i];
  pages_unmap(thread->seen, thread->seen_size * sizeof *thread->seen);
  thread->seen = table;
  thread->seen_size = size;
  thread->seen_count = kept;
  return true;
}

struct seen *js_thread_seen(struct js_thread *thread, uint64_t hash) {
  struct seen *place = place_of(thread->seen, thread->seen_size, hash, thread->epoch);
  if (place->id != 0)
    return place;
  if (2 * (thread->seen_count + 1) > thread->seen_size) {
    if (!make_room(thread))
      return NULL;
    place = place_of(thread->seen, thread->seen_size, hash, thread->epoch);
  }
  place->hash = hash;
  place->epoch = thread->epoch;
  thread->seen_count++;
  return place;
}
#endif
