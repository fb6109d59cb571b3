/*
 * Included before every source: binds functions that glibc moved or renamed to the versions that its older
 * releases have, so that one binary loads on all of them from 2.17, whichever it was built on.
 *
 * Since 2.34 libpthread and libdl are a part of libc, under new versions; 2.32 has another
 * pthread_sigmask, 2.28 another fcntl, and 2.38 other functions of strtol's kind. What the sources ask of
 * them has not changed.
 */
#define _GNU_SOURCE
#ifdef __linux__
#include <features.h>
#endif

#if defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
#ifdef __x86_64__
#define OLDEST "GLIBC_2.2.5"
#define OLDEST_DLADDR1 "GLIBC_2.3.3"
#define OLDEST_ATTRIBUTES "GLIBC_2.2.5"
#else
#define OLDEST "GLIBC_2.17"
#define OLDEST_DLADDR1 "GLIBC_2.17"
#define OLDEST_ATTRIBUTES "GLIBC_2.17"
#endif

#define BIND(name, old, version) __asm__(".symver " #name "," #old "@" version)
BIND(dladdr, dladdr, OLDEST);
BIND(dladdr1, dladdr1, OLDEST_DLADDR1);
BIND(dlclose, dlclose, OLDEST);
BIND(dlopen, dlopen, OLDEST);
BIND(dlsym, dlsym, OLDEST);
BIND(pthread_attr_getstack, pthread_attr_getstack, OLDEST_ATTRIBUTES);
BIND(pthread_attr_setstacksize, pthread_attr_setstacksize, OLDEST);
BIND(pthread_create, pthread_create, OLDEST);
BIND(pthread_getattr_np, pthread_getattr_np, OLDEST_ATTRIBUTES);
BIND(pthread_getspecific, pthread_getspecific, OLDEST);
BIND(pthread_join, pthread_join, OLDEST);
BIND(pthread_key_create, pthread_key_create, OLDEST);
BIND(pthread_mutex_trylock, pthread_mutex_trylock, OLDEST);
BIND(pthread_once, pthread_once, OLDEST);
BIND(pthread_rwlock_init, pthread_rwlock_init, OLDEST);
BIND(pthread_rwlock_tryrdlock, pthread_rwlock_tryrdlock, OLDEST);
BIND(pthread_rwlock_trywrlock, pthread_rwlock_trywrlock, OLDEST);
BIND(pthread_setspecific, pthread_setspecific, OLDEST);
BIND(pthread_sigmask, pthread_sigmask, OLDEST);
BIND(sem_timedwait, sem_timedwait, OLDEST);
BIND(fcntl64, fcntl, OLDEST);
BIND(__isoc23_strtol, strtol, OLDEST);
BIND(__isoc23_strtoul, strtoul, OLDEST);
BIND(__isoc23_strtoll, strtoll, OLDEST);
BIND(__isoc23_strtoull, strtoull, OLDEST);
#ifdef __x86_64__
BIND(__isoc23_sscanf, __isoc99_sscanf, "GLIBC_2.7");
#else
BIND(__isoc23_sscanf, __isoc99_sscanf, OLDEST);
#endif
#undef BIND
#endif
