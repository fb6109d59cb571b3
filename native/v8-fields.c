#define _GNU_SOURCE
#include "v8-fields.h"

#ifdef __linux__
#include "heap-visitor.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <stdio.h>
#include <string.h>

enum { WORD = 8, ARRAY_HEADER = 2, DESCRIPTOR_WORDS = 3 };

/* Constants of this V8, read once. */
static struct {
  int bit_field3, descriptors, descriptor_header, in_object_start, size_in_words;
  int own_mask, own_shift, index_mask, index_shift, location_mask, location_shift, location_field;
} at;

static void read_constants(void) {
  if (at.bit_field3 != 0)
    return;
  at.bit_field3 = v8_constant("class_Map__bit_field3__", 16);
  at.descriptors = v8_constant("class_Map__instance_descriptors__", 40);
  at.descriptor_header = v8_constant("class_DescriptorArray__header_size__", 24);
  at.in_object_start = v8_constant("class_Map__inobject_properties_start_or_constructor_function_index__", 9);
  at.size_in_words = v8_constant("class_Map__instance_size_in_words__", 8);
  at.own_mask = v8_constant("bit_field3_number_of_own_descriptors_mask", 0);
  at.own_shift = v8_constant("bit_field3_number_of_own_descriptors_shift", 0);
  at.index_mask = v8_constant("prop_index_mask", 0);
  at.index_shift = v8_constant("prop_index_shift", 0);
  at.location_mask = v8_constant("prop_location_mask", 0);
  at.location_shift = v8_constant("prop_location_shift", 0);
  at.location_field = v8_constant("prop_location_Field", 0);
}

static int64_t small_integer(uint64_t tagged) { return (int64_t)tagged >> 32; }
static uint64_t word_at(uint64_t address, uint32_t word) { return v8_read(address + (uint64_t)WORD * word); }
static bool is_string_at(uint64_t tagged) {
  return v8_is_object(tagged) && v8_type_is_string(v8_type_of(tagged - 1));
}

/* `Symbol(kCache)`; a private name as the source has it: `#byId`. */
static void add_symbol(struct text *text, uint64_t description) {
  static const char OPENING[] = "Symbol(";
  const size_t before = text->length, opening = sizeof OPENING - 1;
  text_add(text, OPENING);
  v8_add_string(text, description - 1, 60);
  if (text->length > before + opening && text->at[before + opening] == '#') {
    memmove(text->at + before, text->at + before + opening, text->length - before - opening + 1);
    text->length -= opening;
  } else
    text_add(text, ")");
}

/* A key or a name: a string, a symbol's description, a number. */
static void add_key(struct text *text, uint64_t tagged) {
  char digits[24];
  if ((tagged & 1) == 0) {
    snprintf(digits, sizeof digits, "%lld", (long long)small_integer(tagged));
    text_add(text, digits);
  } else if (is_string_at(tagged))
    v8_add_string(text, tagged - 1, 60);
  else if (v8_is_object(tagged) && v8_type_is(v8_type_of(tagged - 1), "Symbol"))
    for (uint32_t word = 1; word <= 3; word++)
      if (is_string_at(word_at(tagged - 1, word))) {
        add_symbol(text, word_at(tagged - 1, word));
        break;
      }
}

void v8_add_property(struct text *text, uint64_t key) {
  const size_t before = text->length;
  text_add(text, ".");
  add_key(text, key);
  if (text->length == before + 1)
    text->at[text->length = before] = '\0';
}

/* Where an object's fields lie by its map: properties that are fields have an index, the first of them in the
 * object itself. */
struct fields {
  uint64_t descriptors;
  uint32_t count;
  int start, inside; /* in words: where those in the object begin, and how many there are */
};

static struct fields fields_of(uint64_t map) {
  const uint32_t bits = *(const uint32_t *)(map + (uint64_t)at.bit_field3);
  const int start = *(const uint8_t *)(map + (uint64_t)at.in_object_start);
  return (struct fields){.descriptors = v8_read(map + (uint64_t)at.descriptors) - 1,
                         .count = (bits & (uint32_t)at.own_mask) >> at.own_shift,
                         .start = start,
                         .inside = *(const uint8_t *)(map + (uint64_t)at.size_in_words) - start};
}

/* The index of the field that a property is; -1 of one that is none. Its key, tagged, goes into `key`. */
static int field_index(const struct fields *fields, uint32_t property, uint64_t *key) {
  const uint64_t entry =
      fields->descriptors + (uint64_t)at.descriptor_header + (uint64_t)property * WORD * DESCRIPTOR_WORDS;
  const int details = (int)small_integer(v8_read(entry + WORD));
  *key = v8_read(entry);
  if ((details & at.location_mask) >> at.location_shift != at.location_field)
    return -1;
  return (int)((uint32_t)(details & at.index_mask) >> at.index_shift);
}

void v8_add_field(struct text *text, uint64_t object, uint32_t place, bool is_in_object) {
  read_constants();
  const struct fields fields = fields_of(v8_map_of(object));
  for (uint32_t i = 0; i < fields.count; i++) {
    uint64_t key = 0;
    const int index = field_index(&fields, i, &key);
    if (index < 0)
      continue;
    if (is_in_object ? index < fields.inside && fields.start + index == (int)place
                     : index - fields.inside == (int)place) {
      v8_add_property(text, key);
      return;
    }
  }
}

/* The index of a map's field by name, or -1; shapes come again and again, so the last ones are kept. */
static int index_of(uint64_t map, const struct fields *fields, const char *name) {
  enum { KNOWN = 4096 };
  static struct {
    uint64_t map;
    const char *name;
    int index;
  } known[KNOWN];
  const size_t place = ((size_t)(map >> 3) ^ (size_t)(uintptr_t)name) % KNOWN;
  if (known[place].map == map && known[place].name == name)
    return known[place].index;
  int found = -1;
  for (uint32_t i = 0; i < fields->count && found < 0; i++) {
    uint64_t key = 0;
    const int index = field_index(fields, i, &key);
    char is[64] = "";
    struct text text = {.at = is, .size = sizeof is};
    if (index >= 0)
      add_key(&text, key);
    if (strcmp(is, name) == 0)
      found = index;
  }
  known[place].map = map;
  known[place].name = name;
  known[place].index = found;
  return found;
}

static bool is_called(uint64_t key, const char *name) {
  char is[64] = "";
  struct text text = {.at = is, .size = sizeof is};
  if (is_string_at(key))
    v8_add_string(&text, key - 1, sizeof is);
  return strcmp(is, name) == 0;
}

/* Of an object that is kept as a dictionary: a value stands behind its key. */
static uint64_t entry_of(uint64_t dictionary, const char *name) {
  const uint32_t words = heap_words_at(dictionary);
  for (uint32_t word = ARRAY_HEADER; word + 1 < words; word++)
    if (is_called(word_at(dictionary, word), name))
      return word_at(dictionary, word + 1);
  return 0;
}

static bool is_dictionary(uint64_t map) {
  static int bit;
  if (bit == 0)
    bit = v8_constant("bit_field3_is_dictionary_map_shift", -1);
  return bit > 0 && (*(const uint32_t *)(map + (uint64_t)at.bit_field3) >> bit & 1) != 0;
}

uint64_t v8_field_of(uint64_t object, const char *name) {
  read_constants();
  const uint64_t map = v8_map_of(object);
  if (is_dictionary(map)) {
    const uint64_t dictionary = word_at(object, 1);
    return v8_is_object(dictionary) ? entry_of(dictionary - 1, name) : 0;
  }
  const struct fields fields = fields_of(map);
  const int index = index_of(map, &fields, name);
  if (index < 0)
    return 0;
  if (index < fields.inside)
    return word_at(object, (uint32_t)(fields.start + index));
  const uint64_t outside = word_at(object, 1);
  return v8_is_object(outside) && v8_type_is(v8_type_of(outside - 1), "PropertyArray")
             ? word_at(outside - 1, (uint32_t)(ARRAY_HEADER + index - fields.inside))
             : 0;
}

void v8_each_value(uint64_t object, void (*visit)(uint64_t tagged, void *data), void *data) {
  read_constants();
  const uint64_t map = v8_map_of(object), outside = word_at(object, 1);
  const struct fields fields = fields_of(map);
  if (!is_dictionary(map))
    for (int index = 0; index < fields.inside; index++)
      visit(word_at(object, (uint32_t)(fields.start + index)), data);
  /* A dictionary has keys among them, and counts before. */
  const uint32_t words = v8_is_object(outside) ? heap_words_at(outside - 1) : 0;
  for (uint32_t word = ARRAY_HEADER; word < words; word++)
    visit(word_at(outside - 1, word), data);
}

bool v8_type_is_plain(int type) {
  return v8_type_is(type, "JSObject") || v8_type_is(type, "JSArray") || v8_type_is(type, "JSMap") ||
         v8_type_is(type, "JSSet");
}

uint32_t v8_drop_fields(uint64_t object, uint64_t undefined) {
  read_constants();
  const struct fields fields = fields_of(v8_map_of(object));
  const uint64_t outside = word_at(object, 1);
  const bool has_outside = v8_is_object(outside) && v8_type_is(v8_type_of(outside - 1), "PropertyArray");
  uint32_t dropped = 0;
  for (uint32_t property = 0; property < fields.count; property++) {
    uint64_t key;
    const int index = field_index(&fields, property, &key);
    if (index < 0 || (index >= fields.inside && !has_outside))
      continue;
    const uint64_t field =
        index < fields.inside
            ? object + (uint64_t)WORD * (uint64_t)(fields.start + index)
            : outside - 1 + (uint64_t)WORD * (uint64_t)(ARRAY_HEADER + index - fields.inside);
    *(uint64_t *)field = undefined;
    dropped++;
  }
  return dropped;
}
#endif
