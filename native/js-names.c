#define _GNU_SOURCE
#include "js-names.h"

#ifdef __linux__
#include "index.h"
#include "list.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SIZE = 1024, FRAMES_MAX = 512 };

struct stored_frame {
  uint32_t function, file; /* where the text begins */
  int line, column, call_column;
};

struct stored_stack {
  uint32_t from, count;
};

static struct store {
  struct list texts, frames, stacks;
  struct column stack_frames;
  struct index text_at, frame_at, stack_at, stack_of;
} store;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static bool store_make(struct store *new) {
  *new = (struct store){.texts = {.size = 1},
                        .frames = {.size = sizeof(struct stored_frame)},
                        .stacks = {.size = sizeof(struct stored_stack)}};
  return index_make(&new->text_at, FIRST_SIZE) && index_make(&new->frame_at, FIRST_SIZE) &&
         index_make(&new->stack_at, FIRST_SIZE) && index_make(&new->stack_of, FIRST_SIZE);
}

static void store_free(struct store *old) {
  list_free(&old->texts);
  list_free(&old->frames);
  list_free(&old->stacks);
  column_free(&old->stack_frames);
  index_free(&old->text_at);
  index_free(&old->frame_at);
  index_free(&old->stack_at);
  index_free(&old->stack_of);
}

static uint64_t mixed(uint64_t key, uint64_t with) {
  key = (key ^ with) * 0x9e3779b97f4a7c15ull;
  return key ^ key >> 29;
}

static uint32_t text_number(struct store *to, const char *text) {
  const uint64_t key = index_key_of(text);
  const uint32_t known = index_get(&to->text_at, key);
  if (known != INDEX_NONE)
    return known;
  const uint32_t number = (uint32_t)to->texts.count;
  for (const char *at = text;; at++) {
    char *place = list_push(&to->texts);
    if (place == NULL || !(*place = *at))
      break;
  }
  return !to->texts.failed && index_put(&to->text_at, key, number) ? number : INDEX_NONE;
}

static uint32_t frame_number(struct store *to, const struct js_frame *frame) {
  const uint32_t function = text_number(to, frame->function), file = text_number(to, frame->file);
  if (function == INDEX_NONE || file == INDEX_NONE)
    return INDEX_NONE;
  const uint64_t place = (uint64_t)(uint32_t)frame->line << 32 | (uint32_t)frame->column;
  const uint64_t key =
      mixed(mixed(mixed(1, (uint64_t)function << 32 | file), place), (uint32_t)frame->call_column);
  const uint32_t known = index_get(&to->frame_at, key);
  if (known != INDEX_NONE)
    return known;
  struct stored_frame *stored = list_push(&to->frames);
  if (stored == NULL || !index_put(&to->frame_at, key, (uint32_t)to->frames.count - 1))
    return INDEX_NONE;
  *stored = (struct stored_frame){function, file, frame->line, frame->column, frame->call_column};
  return (uint32_t)to->frames.count - 1;
}

static uint32_t stack_number(struct store *to, const uint32_t *frames, size_t count) {
  uint64_t key = mixed(2, count);
  for (size_t i = 0; i < count; i++)
    key = mixed(key, frames[i]);
  const uint32_t known = index_get(&to->stack_at, key);
  if (known != INDEX_NONE)
    return known;
  struct stored_stack *stored = list_push(&to->stacks);
  if (stored == NULL || !index_put(&to->stack_at, key, (uint32_t)to->stacks.count - 1))
    return INDEX_NONE;
  *stored = (struct stored_stack){(uint32_t)to->stack_frames.count, (uint32_t)count};
  for (size_t i = 0; i < count; i++)
    column_push(&to->stack_frames, frames[i]);
  if (to->stack_frames.failed)
    stored->count = 0;
  return (uint32_t)to->stacks.count - 1;
}

static void add_to(struct store *to, uint64_t id, const struct js_frame *frames, size_t count) {
  uint32_t numbers[FRAMES_MAX];
  const size_t kept = count < FRAMES_MAX ? count : FRAMES_MAX;
  for (size_t i = 0; i < kept; i++)
    if ((numbers[i] = frame_number(to, &frames[i])) == INDEX_NONE)
      return;
  const uint32_t stack = stack_number(to, numbers, kept);
  if (stack != INDEX_NONE)
    index_put(&to->stack_of, id, stack);
}

static bool is_made(void) { return store.stack_of.size > 0 || store_make(&store); }

void js_names_add(uint64_t id, const struct js_frame *frames, size_t count) {
  pthread_mutex_lock(&lock);
  if (is_made())
    add_to(&store, id, frames, count);
  pthread_mutex_unlock(&lock);
}

size_t js_names_count(void) {
  pthread_mutex_lock(&lock);
  const size_t count = store.stack_of.count;
  pthread_mutex_unlock(&lock);
  return count;
}

static const char *text_in(const struct store *from, uint32_t at) {
  return (const char *)from->texts.at + at;
}

static const struct stored_stack *stack_in(const struct store *from, uint32_t number) {
  return (const struct stored_stack *)from->stacks.at + number;
}

static const struct stored_frame *frame_in(const struct store *from, uint32_t number) {
  return (const struct stored_frame *)from->frames.at + number;
}

static void copy_token(struct store *to, const struct store *from, uint64_t id, uint32_t number) {
  struct js_frame frames[FRAMES_MAX];
  const struct stored_stack *stack = stack_in(from, number);
  for (uint32_t i = 0; i < stack->count; i++) {
    const struct stored_frame *frame = frame_in(from, from->stack_frames.at[stack->from + i]);
    frames[i] = (struct js_frame){text_in(from, frame->function), text_in(from, frame->file), frame->line,
                                  frame->column, frame->call_column};
  }
  add_to(to, id, frames, stack->count);
}

void js_names_forget(js_names_wanted is_wanted, void *data) {
  struct store kept;
  pthread_mutex_lock(&lock);
  if (store_make(&kept)) {
    for (size_t i = 0; i < store.stack_of.size; i++)
      if (store.stack_of.numbers[i] != INDEX_NONE && is_wanted(store.stack_of.keys[i], data))
        copy_token(&kept, &store, store.stack_of.keys[i], store.stack_of.numbers[i]);
    store_free(&store);
    store = kept;
  } else {
    store_free(&kept);
  }
  pthread_mutex_unlock(&lock);
}

/* A word without blanks and line ends: other bytes as %XX. */
static void put_word(FILE *out, const char *text) {
  if (*text == '\0')
    fputc('-', out);
  for (const char *at = text; *at != '\0'; at++) {
    const unsigned char byte = (unsigned char)*at;
    if (byte <= ' ' || byte == '%' || byte == 0x7f || (byte == '-' && text[1] == '\0'))
      fprintf(out, "%%%02x", byte);
    else
      fputc(byte, out);
  }
}

static void put_stack(FILE *out, uint8_t *is_written, uint32_t number) {
  const struct stored_stack *stack = stack_in(&store, number);
  for (uint32_t i = 0; i < stack->count; i++) {
    const uint32_t at = store.stack_frames.at[stack->from + i];
    const struct stored_frame *frame = frame_in(&store, at);
    if (is_written[at])
      continue;
    is_written[at] = 1;
    fprintf(out, "# js frame %u %d %d %d ", at, frame->line, frame->column, frame->call_column);
    put_word(out, text_in(&store, frame->file));
    fputc(' ', out);
    put_word(out, text_in(&store, frame->function));
    fputc('\n', out);
  }
  fprintf(out, "# js stack %u", number);
  for (uint32_t i = 0; i < stack->count; i++)
    fprintf(out, " %u", store.stack_frames.at[stack->from + i]);
  fputc('\n', out);
}

static void put_all(FILE *out, js_names_wanted is_wanted, void *data) {
  uint8_t *frames = calloc(store.frames.count + 1, 1), *stacks = calloc(store.stacks.count + 1, 1);
  for (size_t i = 0; frames != NULL && stacks != NULL && i < store.stack_of.size; i++) {
    const uint32_t stack = store.stack_of.numbers[i];
    if (stack == INDEX_NONE || !is_wanted(store.stack_of.keys[i], data))
      continue;
    if (!stacks[stack])
      put_stack(out, frames, stack);
    stacks[stack] = 1;
    fprintf(out, "# js token %llx %u\n", (unsigned long long)store.stack_of.keys[i], stack);
  }
  free(frames);
  free(stacks);
}

char *js_names_text(js_names_wanted is_wanted, void *data, size_t *length) {
  char *text = NULL;
  FILE *out = open_memstream(&text, length);
  if (out == NULL)
    return NULL;
  pthread_mutex_lock(&lock);
  if (is_made())
    put_all(out, is_wanted, data);
  pthread_mutex_unlock(&lock);
  fclose(out);
  return text;
}
#endif
