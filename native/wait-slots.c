#define _GNU_SOURCE
#include "wait-slots.h"

#include "imports.h"
#include "open-guard.h"
#include "twin-exit.h"

#ifdef __linux__
#include <errno.h>
#include <features.h>

#ifndef __GLIBC__
/* The locks of another C library are not known well enough; a twin is refused before it is forked. */
int wait_slots_find(void) { return 0; }
int wait_slots_replace(void) { return ENOSYS; }
#else
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The functions below are called in the child alone.
 *
 * The thread that held a lock at the fork does not exist here and never gives it back: the lock is free. What
 * it guards may be half changed, as when its holder died. That is rare (a thread must be stopped in the few
 * instructions between the two calls), and a twin that breaks by it is made again; one that waits never ends.
 *
 * A release may make threads here, as libuv's pool does for its first work. They are let run as far as their
 * first wait, which is their last, since nobody is woken: libuv waits for them to have begun.
 */

/* The bits of glibc's __kind that are the type, and those that make a lock no plain one of this process:
 * robust, priority-inheriting or -protecting, shared with other processes. */
enum { KIND_TYPE = 3, KIND_SPECIAL = 0xf0 };

/* The number that this thread had before the fork; each thread notes its own. */
static _Thread_local pid_t forked_from;

/* glibc's, noted while this object's own slot still leads to it. */
static int (*waits_for_mutex)(pthread_mutex_t *);

static pid_t this_thread(void) { return (pid_t)syscall(SYS_gettid); }

/* Whether another thread of the twin's own has the lock, and will give it back. It enters itself a moment
 * after it took it; numbers of threads of the parent are none of this process. */
static bool has_living_owner(const pthread_mutex_t *mutex) {
  enum { LOOKS = 100 };
  for (int look = 0; look < LOOKS && mutex->__data.__lock != 0; look++) {
    const pid_t owner = mutex->__data.__owner;
    if (owner != 0)
      return owner != this_thread() && syscall(SYS_tgkill, getpid(), owner, 0) == 0;
    sched_yield();
  }
  return false;
}

static int locks_mutex(pthread_mutex_t *mutex) {
  const int failed = pthread_mutex_trylock(mutex);
  if (failed != EBUSY)
    return failed;
  if (has_living_owner(mutex))
    return waits_for_mutex(mutex);
  const int kind = mutex->__data.__kind;
  if ((kind & KIND_SPECIAL) != 0)
    return waits_for_mutex(mutex);
  /* This very thread has it, and had another number when it took it. */
  const bool is_own =
      (kind & KIND_TYPE) == PTHREAD_MUTEX_RECURSIVE_NP && mutex->__data.__owner == forked_from;
  const unsigned count = is_own ? mutex->__data.__count : 0;
  mutex->__data.__lock = 0;
  mutex->__data.__owner = 0;
  mutex->__data.__count = 0;
  mutex->__data.__nusers = 0;
  const int taken = pthread_mutex_trylock(mutex);
  mutex->__data.__count += count;
  return taken;
}

static int locks_to_read(pthread_rwlock_t *lock) {
  if (pthread_rwlock_tryrdlock(lock) == 0)
    return 0;
  pthread_rwlock_init(lock, NULL);
  return pthread_rwlock_tryrdlock(lock);
}

static int locks_to_write(pthread_rwlock_t *lock) {
  if (pthread_rwlock_trywrlock(lock) == 0)
    return 0;
  pthread_rwlock_init(lock, NULL);
  return pthread_rwlock_trywrlock(lock);
}

static int wakes_nobody(pthread_cond_t *condition) {
  (void)condition;
  return 0;
}

/* The thread that the fork left is the only one that matters. */
static int waits_in_vain(pthread_cond_t *condition, pthread_mutex_t *mutex) {
  (void)condition;
  if (this_thread() == getpid())
    _exit(TWIN_EXIT_WAITS);
  pthread_mutex_unlock(mutex);
  for (;;)
    pause();
}

/* Only a thread that was made here, and is about to begin, gives one. */
static int takes_or_ends(sem_t *semaphore) {
  enum { BEGINS_WITHIN_S = 2 };
  struct timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += BEGINS_WITHIN_S;
  while (sem_timedwait(semaphore, &deadline) != 0)
    if (errno != EINTR)
      _exit(TWIN_EXIT_WAITS);
  return 0;
}

static const struct {
  const char *name;
  void *function;
  bool wakes;
} replacements[] = {
    {"pthread_cond_signal", (void *)wakes_nobody, true},
    {"pthread_cond_broadcast", (void *)wakes_nobody, true},
    {"pthread_cond_wait", (void *)waits_in_vain, false},
    {"pthread_mutex_lock", (void *)locks_mutex, false},
    {"pthread_rwlock_rdlock", (void *)locks_to_read, false},
    {"pthread_rwlock_wrlock", (void *)locks_to_write, false},
    {"sem_wait", (void *)takes_or_ends, false},
};

struct slot {
  void **at;
  void *function;
};

/* The findings of one search, and how often objects had been loaded and unloaded by then. */
struct search {
  struct slot *slots;
  size_t count, capacity;
  int wakes_of_executable;
  unsigned long long loaded, unloaded;
};

/* The last search that came to its end; it does not change any more, so that a fork in the middle of another
 * thread's search finds it whole. It is exchanged, and the one before it freed, under the lock alone. */
static _Atomic(struct search *) found;
static pthread_mutex_t searching = PTHREAD_MUTEX_INITIALIZER;

static bool note_slot(struct search *search, void **at, void *function) {
  if (search->count == search->capacity) {
    const size_t capacity = search->capacity == 0 ? 256 : 2 * search->capacity;
    struct slot *slots = realloc(search->slots, capacity * sizeof *slots);
    if (slots == NULL)
      return false;
    search->slots = slots;
    search->capacity = capacity;
  }
  search->slots[search->count++] = (struct slot){at, function};
  return true;
}

/* NULL of a function that stays as it is. */
static void *replacement_of(const char *name, bool *wakes) {
  for (size_t which = 0; which < sizeof replacements / sizeof *replacements; which++) {
    if (strcmp(name, replacements[which].name) != 0)
      continue;
    *wakes = replacements[which].wakes;
    return replacements[which].function;
  }
  for (size_t which = 0; which < open_guards_count; which++)
    if (strcmp(name, open_guards[which].name) == 0)
      return open_guards[which].function;
  return NULL;
}

/* Stops the search with what it returns: -1 without memory. */
static int search_object(struct dl_phdr_info *object, size_t size, void *data) {
  struct imports imports;
  struct search *search = data;
  (void)size;
  search->loaded = object->dlpi_adds;
  search->unloaded = object->dlpi_subs;
  if (!imports_find(object, &imports))
    return 0;
  const bool is_executable = object->dlpi_name == NULL || object->dlpi_name[0] == '\0';
  for (int table = 0; table < 2; table++) {
    for (size_t i = 0; imports.tables[table] != NULL && i < imports.counts[table]; i++) {
      const ElfW(Rela) *entry = &imports.tables[table][i];
      const char *name = imports_name(&imports, entry);
      bool wakes = false;
      void *function = name == NULL ? NULL : replacement_of(name, &wakes);
      if (function == NULL)
        continue;
      if (!note_slot(search, (void **)(object->dlpi_addr + entry->r_offset), function))
        return -1;
      search->wakes_of_executable += is_executable && wakes;
    }
  }
  return 0;
}

/* Stops at the first object: the counts are the same in all. */
static int is_known(struct dl_phdr_info *object, size_t size, void *data) {
  const struct search *search = data;
  (void)size;
  return search->loaded == object->dlpi_adds && search->unloaded == object->dlpi_subs ? 1 : 2;
}

static void discard(struct search *search) {
  if (search != NULL)
    free(search->slots);
  free(search);
}

/* The last search, made again where objects came or went since; NULL without memory. Under the lock. */
static const struct search *search_known(void) {
  struct search *last = atomic_load(&found);
  if (last != NULL && dl_iterate_phdr(is_known, last) == 1)
    return last;
  struct search *search = calloc(1, sizeof *search);
  if (search == NULL || dl_iterate_phdr(search_object, search) != 0) {
    discard(search);
    return NULL;
  }
  atomic_store(&found, search);
  discard(last);
  return search;
}

int wait_slots_find(void) {
  pthread_mutex_lock(&searching);
  const struct search *search = search_known();
  const int wakes = search == NULL ? -1 : search->wakes_of_executable;
  forked_from = this_thread();
  waits_for_mutex = pthread_mutex_lock;
  pthread_mutex_unlock(&searching);
  return wakes;
}

int wait_slots_replace(void) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  uintptr_t writable = 0;
  const struct search *search = atomic_load(&found);
  for (size_t i = 0; search != NULL && i < search->count; i++) {
    const uintptr_t start = (uintptr_t)search->slots[i].at & ~(page - 1);
    if (start != writable && mprotect((void *)start, page, PROT_READ | PROT_WRITE) != 0)
      return errno;
    writable = start;
    *search->slots[i].at = search->slots[i].function;
  }
  return 0;
}
#endif
#endif
