#define _GNU_SOURCE
#include "list.h"

#ifdef __linux__
#include <string.h>

enum { FIRST_STRUCTURES = 256 };

void *list_push(struct list *list) {
  if (list->count == list->capacity) {
    const size_t wanted = list->capacity == 0 ? FIRST_STRUCTURES : 2 * list->capacity;
    void *memory = pages_map(wanted * list->size);
    if (memory == NULL) {
      list->failed = true;
      return NULL;
    }
    if (list->at != NULL)
      memcpy(memory, list->at, list->count * list->size);
    pages_unmap(list->at, list->capacity * list->size);
    list->at = memory;
    list->capacity = wanted;
  }
  return (char *)list->at + list->size * list->count++;
}

void list_free(struct list *list) {
  pages_unmap(list->at, list->capacity * list->size);
  list->at = NULL;
  list->count = list->capacity = 0;
  list->failed = false;
}
#endif
