/* Several threads look for import slots while objects come and go; under ThreadSanitizer a race ends it. */
#include "../../native/wait-slots.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>

static int least_seen = 0;

static void *looks(void *way) {
  for (int i = 0; i < 200; i++) {
    void *library = way == NULL ? NULL : dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);
    if (wait_slots_find() < 0)
      __atomic_store_n(&least_seen, -1, __ATOMIC_SEQ_CST);
    if (library != NULL)
      dlclose(library);
  }
  return NULL;
}

int main(void) {
  pthread_t threads[4];
  for (size_t i = 0; i < 4; i++)
    pthread_create(&threads[i], NULL, looks, i % 2 == 0 ? NULL : &threads[i]);
  for (size_t i = 0; i < 4; i++)
    pthread_join(threads[i], NULL);
  printf("%d\n", least_seen);
  return 0;
}
