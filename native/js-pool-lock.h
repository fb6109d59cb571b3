/* The one place through which Node takes the lock of libuv's pool, and what is called there first. */
#ifndef CACHE_ATTRIBUTION_JS_POOL_LOCK_H
#define CACHE_ATTRIBUTION_JS_POOL_LOCK_H

#include <stdbool.h>
#include <stdint.h>

/* The words on the stack of a call, from the last register that was saved on: rbx, rbp, r12, r13, r14, r15
 * and the argument; then the return address, and what the caller has below it. */
enum { LOCK_REGISTERS = 7, LOCK_RETURN = 7, LOCK_WORDS = 24 };

/* Called with the lock that is about to be taken, in the thread that takes it. */
typedef void (*lock_listener)(void *mutex, uintptr_t *words);

/* Finds the executable's slot of pthread_mutex_lock. False where it has none, or several. */
bool pool_lock_find(void);

/* Whether an address lies in code of the executable. */
bool pool_lock_is_code(uintptr_t address);

/* Leads the slot to the listener, or back to what it was. False where the page cannot be written. */
bool pool_lock_listen(lock_listener listener);
bool pool_lock_restore(void);

/* The lock that the listener is called for; every lock while it is NULL. */
void pool_lock_choose(void *mutex);

#endif
