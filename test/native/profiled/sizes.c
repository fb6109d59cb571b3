// Allocates from threads, in many sizes, from functions that a profile must tell apart; frees a part of it
// again.
//
// usage: sizes THREADS ROUNDS SEED. Run under jemalloc with prof:true,prof_final:true.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT 4096

typedef struct {
  uint64_t state;
  int rounds;
  void *kept[KEPT];
} worker;

static uint64_t next_random(worker *w) {
  w->state ^= w->state << 13;
  w->state ^= w->state >> 7;
  w->state ^= w->state << 17;
  return w->state;
}

static void keep(worker *w, void *block) {
  void **slot = &w->kept[next_random(w) % KEPT];
  free(*slot);
  *slot = block;
}

__attribute__((noinline)) void small_blocks(worker *w) { keep(w, malloc(8 + next_random(w) % 200)); }

__attribute__((noinline)) void zeroed_blocks(worker *w) { keep(w, calloc(1 + next_random(w) % 16, 64)); }

__attribute__((noinline)) void large_blocks(worker *w) { keep(w, malloc(4096 + next_random(w) % 200000)); }

__attribute__((noinline)) void grown_blocks(worker *w) {
  char *block = malloc(100);
  for (size_t size = 200; size < 5000; size *= 2)
    block = realloc(block, size);
  keep(w, block);
}

__attribute__((noinline)) void aligned_blocks(worker *w) {
  void *block = NULL;
  if (posix_memalign(&block, 4096, 1 + next_random(w) % 30000) == 0)
    keep(w, block);
}

__attribute__((noinline)) void nested(worker *w, int depth) {
  if (depth > 0)
    nested(w, depth - 1);
  keep(w, malloc(1000));
  // Nothing after the call may turn it into a jump.
  __asm__ volatile("" ::: "memory");
}

static void *work(void *argument) {
  worker *w = argument;
  void (*const kinds[])(worker *) = {small_blocks, zeroed_blocks, large_blocks, grown_blocks, aligned_blocks};
  for (int round = 0; round < w->rounds; round++) {
    kinds[next_random(w) % 5](w);
    if (round % 7 == 0)
      nested(w, (int)(next_random(w) % 12));
  }
  return NULL;
}

int main(int argc, char **argv) {
  if (argc != 4)
    return 2;
  int threads = atoi(argv[1]);
  pthread_t *ids = calloc((size_t)threads, sizeof *ids);
  for (int index = 0; index < threads; index++) {
    worker *w = calloc(1, sizeof *w);
    w->state = (uint64_t)atoi(argv[3]) * 7919 + (uint64_t)index + 1;
    w->rounds = atoi(argv[2]);
    if (pthread_create(&ids[index], NULL, work, w) != 0)
      return 1;
  }
  for (int index = 0; index < threads; index++)
    pthread_join(ids[index], NULL);
  return 0;
}
