/* Where V8's lists of buffers are found: beside words that are no list, and with buffers of others among the
 * planted ones. */
#include "../../native/mapped-learning.c"

#include <stdio.h>

static void nothing(void *data) { (void)data; }

/* A list of planted buffers, of which `others` pairs have a buffer of somebody else's between them. */
static const char *planted_with(size_t others) {
  static uint64_t words[2 * PLANTED_MAX][EXTENSION_WORDS];
  struct learning learning = {.count = PLANTED_MAX};
  memset(words, 0, sizeof words);
  for (size_t i = 0; i < PLANTED_MAX; i++) {
    uint64_t *own = words[2 * i], *between = words[2 * i + 1];
    learning.extensions[i] = (uint64_t)(uintptr_t)own;
    if (i + 1 == PLANTED_MAX)
      continue;
    const uint64_t next = (uint64_t)(uintptr_t)words[2 * i + 2];
    own[3] = i < others ? (uint64_t)(uintptr_t)between : next;
    between[3] = next;
  }
  return find_next(&learning) && mapped_layout.next == 3 ? "found" : "not found";
}

int main(void) {
  printf("%s, %s, %s\n", planted_with(0), planted_with(1), planted_with(2));
  mapped_layout.next = 0;
  static uint64_t sweeper[SWEEPER_WORDS], loop[3][EXTENSION_WORDS], list[2][EXTENSION_WORDS];
  for (size_t i = 0; i < 3; i++)
    loop[i][0] = (uint64_t)(uintptr_t)loop[(i + 1) % 3];
  list[0][0] = (uint64_t)(uintptr_t)list[1];
  mapped_layout.sweeper = sweeper;
  mapped_layout.last = (uint64_t)(uintptr_t)list[1];
  mapped_layout.young = SWEEPER_WORDS - 2;
  /* The pair ends as a list does, and its head leads into the loop. */
  sweeper[0] = (uint64_t)(uintptr_t)loop[0];
  sweeper[1] = (uint64_t)(uintptr_t)list[1];
  const char *missing = mapped_learn_old(nothing, NULL);
  printf("%s\n", missing == NULL ? "found a list in a loop" : missing);
  sweeper[4] = (uint64_t)(uintptr_t)list[0];
  sweeper[5] = (uint64_t)(uintptr_t)list[1];
  missing = mapped_learn_old(nothing, NULL);
  printf("%s, word %zu\n", missing == NULL ? "found" : missing, mapped_layout.old);
  return 0;
}
