#define _GNU_SOURCE
#include "native-addons.h"

#ifdef __linux__
#include "native-types.h"

#include <string.h>

enum { TINY_WORDS = 8, SMALL_WORDS = 128, PATH_MAX_LENGTH = 1024 };

/* The addon of an environment of Node-API, by the file that it notes; -1: none of them. */
static int addon_of_environment(const struct native_block *environment) {
  static const char SCHEME[] = "file://";
  for (size_t word = 1; word < environment->words; word++) {
    const uint64_t at = native_word(environment, word);
    const struct native_block *text = native_block_at(at);
    if (text == NULL || text->start != at || native_block_bytes(text) < 8)
      continue;
    const char *path = (const char *)at;
    const size_t most =
        native_block_bytes(text) < PATH_MAX_LENGTH ? native_block_bytes(text) : PATH_MAX_LENGTH;
    if (memchr(path, '\0', most) == NULL)
      continue;
    if (strncmp(path, SCHEME, sizeof SCHEME - 1) == 0)
      path += sizeof SCHEME - 1;
    const int addon = path[0] == '/' ? native_module_with_path(path) : -1;
    if (addon >= 0)
      return addon;
  }
  return -1;
}

static struct column
    records; /* block → 1 + the place of the addon that gave what a record of Node-API holds */
static struct column found; /* records whose neighbours were not looked at yet */

static bool leads_to(const struct native_block *from, const struct native_block *to) {
  for (size_t word = 0; word < from->words; word++) {
    const uint64_t at = native_word(from, word);
    if (at >= to->start && at < to->start + native_block_bytes(to))
      return true;
  }
  return false;
}

/* Those of no class are pairs and triples; what is larger names the environment by accident. */
static bool is_record(const struct native_block *block) {
  const size_t most = native_type_at(block) == NATIVE_NO_TYPE ? TINY_WORDS : SMALL_WORDS;
  return block->label == LABEL_NONE && block->seen != 0 && block->words <= most &&
         native_type_at(block) < NATIVE_TYPE_ADDON;
}

static void take_record(const struct native_block *record, int addon) {
  uint32_t *of = &records.at[native_place_of(record)];
  if (*of != 0)
    return;
  *of = (uint32_t)addon + 1;
  column_push(&found, (uint32_t)native_place_of(record));
}

/* Records stand in lists that begin in the environment: each leads to the one before and the one behind it.
 */
static void take_neighbours(const struct native_block *block, int addon) {
  for (size_t word = 0; word < block->words; word++) {
    const struct native_block *other = native_block_at(native_word(block, word));
    if (other != NULL && other != block && is_record(other) && native_type_at(other) == NATIVE_TYPE_ENGINE &&
        leads_to(other, block))
      take_record(other, addon);
  }
}

/* Others name the environment. */
static void take_if_named(const struct native_block *record, uint64_t environment_class) {
  for (size_t word = 0; word < record->words; word++) {
    const struct native_block *other = native_block_from(native_word(record, word));
    if (other == NULL || native_word(other, 0) != environment_class)
      continue;
    const int addon = addon_of_environment(other);
    if (addon >= 0)
      take_record(record, addon);
    return;
  }
}

/* Where records of a class have what was given: learnt by records whose data are known. */
struct record_class {
  uint64_t first_word;
  uint64_t words; /* one bit for each */
};
enum { CLASSES_MOST = 16 };
static struct record_class classes[CLASSES_MOST];
static size_t class_count;
char native_planted[NATIVE_PLANTED];

static bool is_planted(uint64_t word) {
  const uint64_t start = (uint64_t)(uintptr_t)native_planted;
  return word >= start && word < start + NATIVE_PLANTED;
}

static const struct record_class *class_of(uint64_t first_word) {
  for (size_t i = 0; i < class_count; i++)
    if (classes[i].first_word == first_word)
      return &classes[i];
  return NULL;
}

static void learn_class(const struct native_block *record) {
  uint64_t words = 0;
  for (size_t word = 1; word < record->words && word < 64; word++)
    words |= is_planted(native_word(record, word)) ? 1ull << word : 0;
  if (words == 0)
    return;
  struct record_class *known = (struct record_class *)class_of(native_word(record, 0));
  if (known != NULL)
    known->words |= words;
  else if (class_count < CLASSES_MOST)
    classes[class_count++] = (struct record_class){native_word(record, 0), words};
}

static void learn_classes(void) {
  class_count = 0;
  for (size_t i = 0; i < native_blocks.count; i++)
    if (native_types.at[i] == NATIVE_TYPE_ENGINE && native_block(i)->words <= SMALL_WORDS)
      learn_class(native_block(i));
}

/* Behind the end of a record stands what is left of an earlier use of its block: of a class that is not known
 * the last word is not taken. */
static void meet_given(const struct native_block *record, native_enter_fn enter, int addon) {
  const struct record_class *class = class_of(native_word(record, 0));
  for (size_t word = 1; word < record->words; word++)
    if (class == NULL ? word + 1 < record->words : word < 64 && (class->words >> word & 1) != 0)
      native_meet(native_word(record, word), enter, LABEL_ADDONS + addon);
}

/* Memory that an addon gave to Node-API (data of wrapped objects, externals, finalizers, its own threads'
 * calls) stands in records of Node's that belong to its environment. */
static void meet_records(uint64_t environment_class, native_enter_fn enter) {
  if (!column_make(&records, native_blocks.count))
    return;
  learn_classes();
  for (size_t i = 0; i < native_blocks.count; i++) {
    const struct native_block *block = native_block(i);
    const bool is_environment =
        native_types.at[i] == NATIVE_TYPE_ENGINE && native_word(block, 0) == environment_class;
    const int addon = is_environment ? addon_of_environment(block) : -1;
    if (addon >= 0)
      take_neighbours(block, addon);
    else if (is_record(block))
      take_if_named(block, environment_class);
  }
  while (found.count > 0) {
    const size_t place = found.at[--found.count];
    const int addon = (int)records.at[place] - 1;
    meet_given(native_block(place), enter, addon);
    take_neighbours(native_block(place), addon);
  }
  column_free(&records);
  column_free(&found);
}

void native_addons_meet(size_t module_count, const void *node_api, native_enter_fn enter) {
  const struct native_block *environment = native_block_at((uint64_t)(uintptr_t)node_api);
  for (size_t i = 0; i < native_blocks.count; i++)
    if (native_types.at[i] >= NATIVE_TYPE_ADDON)
      native_meet(native_block(i)->start, enter,
                  LABEL_ADDONS + (int)(native_types.at[i] - NATIVE_TYPE_ADDON));
  for (size_t i = 0; i < module_count; i++)
    if (native_modules[i].kind == MODULE_ADDON)
      native_meet_module(&native_modules[i], enter, LABEL_ADDONS + (int)i);
  if (environment != NULL)
    meet_records(native_word(environment, 0), enter);
}
#endif
