/* Words beside V8's lists of buffers that are no list, and lead back to themselves. */
#include "../../native/mapped.c"

#include <stdio.h>

static void nothing(void *data) { (void)data; }

int main(void) {
  static uint64_t sweeper[SWEEPER_WORDS], loop[3][EXTENSION_WORDS], list[2][EXTENSION_WORDS];
  for (size_t i = 0; i < 3; i++)
    loop[i][0] = (uint64_t)(uintptr_t)loop[(i + 1) % 3];
  list[0][0] = (uint64_t)(uintptr_t)list[1];
  v8.sweeper = sweeper;
  v8.last = (uint64_t)(uintptr_t)list[1];
  v8.young = SWEEPER_WORDS - 2;
  /* The pair ends as a list does, and its head leads into the loop. */
  sweeper[0] = (uint64_t)(uintptr_t)loop[0];
  sweeper[1] = (uint64_t)(uintptr_t)list[1];
  const char *missing = mapped_learn_old(nothing, NULL);
  printf("%s\n", missing == NULL ? "found a list in a loop" : missing);
  sweeper[4] = (uint64_t)(uintptr_t)list[0];
  sweeper[5] = (uint64_t)(uintptr_t)list[1];
  missing = mapped_learn_old(nothing, NULL);
  printf("%s, word %zu\n", missing == NULL ? "found" : missing, v8.old);
  return 0;
}
