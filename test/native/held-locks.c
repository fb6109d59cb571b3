/* A thread that holds locks for as long as the process lives, as one of V8's may at the instant of a fork.
 *
 *   hold()          starts it, and comes back when it has them
 *   takeAll()       takes and gives back each of them, twice; returns how often that worked
 *   takeAgain()     takes a recursive lock that hold() left taken by the calling thread; 0 or an errno
 *   waitsFor(what)  "condition" or "semaphore": waits for what only another thread could bring about */
#define _GNU_SOURCE
#include <node_api.h>
#include <pthread.h>
#include <semaphore.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { MUTEXES = 4 };
static const int kinds[MUTEXES] = {PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_ERRORCHECK,
                                   PTHREAD_MUTEX_ADAPTIVE_NP};
static pthread_mutex_t mutexes[MUTEXES], own;
static pthread_rwlock_t read_lock = PTHREAD_RWLOCK_INITIALIZER, write_lock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t held, nothing;

static void make_mutex(pthread_mutex_t *mutex, int kind) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, kind);
  pthread_mutex_init(mutex, &attributes);
  pthread_mutexattr_destroy(&attributes);
}

static void *holder(void *unused) {
  (void)unused;
  for (int i = 0; i < MUTEXES; i++)
    pthread_mutex_lock(&mutexes[i]);
  pthread_rwlock_rdlock(&read_lock);
  pthread_rwlock_wrlock(&write_lock);
  sem_post(&held);
  for (;;)
    pause();
}

static napi_value number_of(napi_env env, int number) {
  napi_value value;
  napi_create_int32(env, number, &value);
  return value;
}

static napi_value hold(napi_env env, napi_callback_info info) {
  (void)info;
  pthread_t thread;
  for (int i = 0; i < MUTEXES; i++)
    make_mutex(&mutexes[i], kinds[i]);
  make_mutex(&own, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_lock(&own);
  sem_init(&held, 0, 0);
  sem_init(&nothing, 0, 0);
  const int failed = pthread_create(&thread, NULL, holder, NULL);
  if (failed == 0)
    sem_wait(&held);
  return number_of(env, failed);
}

static napi_value take_all(napi_env env, napi_callback_info info) {
  (void)info;
  int taken = 0;
  for (int time = 0; time < 2; time++) {
    for (int i = 0; i < MUTEXES; i++)
      taken += pthread_mutex_lock(&mutexes[i]) == 0 && pthread_mutex_unlock(&mutexes[i]) == 0;
    taken += pthread_rwlock_wrlock(&read_lock) == 0 && pthread_rwlock_unlock(&read_lock) == 0;
    taken += pthread_rwlock_rdlock(&write_lock) == 0 && pthread_rwlock_unlock(&write_lock) == 0;
  }
  return number_of(env, taken);
}

static napi_value take_again(napi_env env, napi_callback_info info) {
  (void)info;
  int failed = pthread_mutex_lock(&own);
  for (int i = 0; i < 2 && failed == 0; i++)
    failed = pthread_mutex_unlock(&own);
  return number_of(env, failed);
}

static napi_value waits_for(napi_env env, napi_callback_info info) {
  char what[16];
  size_t length, count = 1;
  napi_value argument;
  napi_get_cb_info(env, info, &count, &argument, NULL, NULL);
  napi_get_value_string_utf8(env, argument, what, sizeof what, &length);
  if (strcmp(what, "semaphore") == 0)
    return number_of(env, sem_wait(&nothing));
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  pthread_mutex_lock(&mutex);
  return number_of(env, pthread_cond_wait(&condition, &mutex));
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor properties[] = {
      {"hold", NULL, hold, NULL, NULL, NULL, napi_enumerable, NULL},
      {"takeAll", NULL, take_all, NULL, NULL, NULL, napi_enumerable, NULL},
      {"takeAgain", NULL, take_again, NULL, NULL, NULL, napi_enumerable, NULL},
      {"waitsFor", NULL, waits_for, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  napi_define_properties(env, exports, sizeof properties / sizeof *properties, properties);
  return exports;
}
