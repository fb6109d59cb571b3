#define _GNU_SOURCE
#include "v8-names.h"

#ifdef __linux__
#include "heap-visitor.h"
#include "v8-fields.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <string.h>

enum {
  STRING_LENGTH = 12,
  STRING_CHARACTERS = 16,
  DEPTH_MAX = 32,
  CONSTRUCTORS_MAX = 1000,
  LOCALS_INLINED = 75
};

void text_add(struct text *text, const char *added) {
  for (; *added != '\0' && text->length + 1 < text->size; added++)
    text->at[text->length++] = *added;
  text->at[text->length] = '\0';
}

/* Whole characters only. */
static void add_character(struct text *text, uint32_t character) {
  char bytes[5] = {0};
  if (character < 0x80)
    bytes[0] = (char)character;
  else if (character < 0x800) {
    bytes[0] = (char)(0xc0 | character >> 6);
    bytes[1] = (char)(0x80 | (character & 63));
  } else if (character >= 0xd800 && character < 0xe000)
    bytes[0] = '?'; /* half of a pair */
  else {
    bytes[0] = (char)(0xe0 | character >> 12);
    bytes[1] = (char)(0x80 | (character >> 6 & 63));
    bytes[2] = (char)(0x80 | (character & 63));
  }
  if (character != 0 && text->length + strlen(bytes) < text->size)
    text_add(text, bytes);
}

static void add_characters(struct text *text, uint64_t from, bool is_one_byte, uint32_t length, size_t end) {
  for (uint32_t i = 0; i < length && text->length < end; i++)
    add_character(text, is_one_byte ? ((const uint8_t *)from)[i] : ((const uint16_t *)from)[i]);
}

/* Where the characters of a flat string lie; 0 of any other. */
static uint64_t characters_of(uint64_t address, int type) {
  const int kind = type & v8_layout.string_representation_mask;
  if (kind == 0)
    return address + STRING_CHARACTERS;
  return kind == v8_layout.external_string ? v8_read(address + (uint64_t)v8_layout.external_resource + 8) : 0;
}

static void add_slice(struct text *text, uint64_t address, uint32_t length, size_t end) {
  const uint32_t offset = (uint32_t)(v8_read(address + 24) >> 32);
  uint64_t parent = v8_read(address + 16) - 1;
  int type = v8_type_of(parent);
  if ((type & v8_layout.string_representation_mask) == v8_layout.thin_string) {
    parent = v8_read(parent + 16) - 1;
    type = v8_type_of(parent);
  }
  const bool is_one_byte = (type & v8_layout.one_byte_string) != 0;
  const uint64_t from = characters_of(parent, type);
  if (from != 0)
    add_characters(text, from + (is_one_byte ? offset : 2ull * offset), is_one_byte, length, end);
}

static void add_string(struct text *text, uint64_t address, size_t end, int depth) {
  const int type = v8_type_of(address);
  if (!v8_type_is_string(type) || depth > DEPTH_MAX || text->length >= end)
    return;
  const uint32_t length = *(const uint32_t *)(address + STRING_LENGTH);
  const int kind = type & v8_layout.string_representation_mask;
  if (kind == v8_layout.cons_string) {
    add_string(text, v8_read(address + 16) - 1, end, depth + 1);
    add_string(text, v8_read(address + 24) - 1, end, depth + 1);
  } else if (kind == v8_layout.thin_string)
    add_string(text, v8_read(address + 16) - 1, end, depth + 1);
  else if (kind == v8_layout.sliced_string)
    add_slice(text, address, length, end);
  else if (characters_of(address, type) != 0)
    add_characters(text, characters_of(address, type), (type & v8_layout.one_byte_string) != 0, length, end);
}

void v8_add_string(struct text *text, uint64_t address, size_t most) {
  add_string(text, address, text->length + most, 0);
}

/* The function's name stands among a ScopeInfo's fields behind the names of its locals. */
void v8_add_scope_name(struct text *text, uint64_t scope) {
  const uint32_t words = heap_words_at(scope);
  const uint64_t count_at = 8ull * (1 + (uint64_t)v8_constant("scopeinfo_idx_ncontextlocals", 2));
  const uint32_t locals = (uint32_t)(v8_read(scope + count_at) >> 32);
  uint32_t to_pass = locals < LOCALS_INLINED ? locals : 0;
  for (uint32_t i = 3; i < words; i++) {
    const uint64_t field = v8_read(scope + 8ull * i);
    if (!v8_is_object(field) || !v8_type_is_string(v8_type_of(field - 1)))
      continue;
    if (to_pass > 0)
      to_pass--;
    else {
      v8_add_string(text, field - 1, 80);
      return;
    }
  }
}

void v8_add_function_name(struct text *text, uint64_t shared) {
  static int name_at;
  if (name_at == 0)
    name_at = v8_constant("class_SharedFunctionInfo__name_or_scope_info__", 16);
  const uint64_t name = v8_read(shared + (uint64_t)name_at);
  if (!v8_is_object(name))
    return;
  const int type = v8_type_of(name - 1);
  if (v8_type_is_string(type))
    v8_add_string(text, name - 1, 80);
  else if (v8_type_is(type, "ScopeInfo"))
    v8_add_scope_name(text, name - 1);
}

/* Whether a map's objects were made by `new` of the constructor itself: those of a subclass are not, and have
 * the map of what it extends. */
static bool is_of_base(uint64_t map) {
  static int bits_at;
  if (bits_at == 0)
    bits_at = v8_constant("class_Map__bit_field3__", 0) - 1;
  return bits_at <= 0 || (*(const uint8_t *)(map + (uint64_t)bits_at) & 1) != 0;
}

/* The class that a map's prototype names as its constructor; 0 where it names none. */
static uint64_t constructor_by_prototype(uint64_t map) {
  static int prototype_at;
  static const char NAME[] = "constructor";
  if (prototype_at == 0)
    prototype_at = v8_constant("class_Map__prototype__", -1);
  const uint64_t prototype = prototype_at <= 0 ? 0 : v8_read(map + (uint64_t)prototype_at);
  if (!v8_is_object(prototype) || v8_type_of(prototype - 1) < v8_layout.first_object_type)
    return 0;
  const uint64_t constructor = v8_field_of(prototype - 1, NAME);
  return v8_is_object(constructor) && v8_type_is_function(v8_type_of(constructor - 1)) ? constructor - 1 : 0;
}

/* Maps point back to the map that they came from, and the first of them to the constructor. */
uint64_t v8_constructor_function_of(uint64_t map) {
  static int constructor_at;
  if (constructor_at == 0)
    constructor_at = v8_constant("class_Map__constructor_or_back_pointer__", 32);
  uint64_t constructor = v8_read(map + (uint64_t)constructor_at);
  for (int i = 0;
       i < CONSTRUCTORS_MAX && v8_is_object(constructor) && v8_type_is(v8_type_of(constructor - 1), "Map");
       i++)
    constructor = v8_read(constructor - 1 + (uint64_t)constructor_at);
  if (!v8_is_object(constructor) || !v8_type_is_function(v8_type_of(constructor - 1)))
    return 0;
  const uint64_t subclass = is_of_base(map) ? 0 : constructor_by_prototype(map);
  return subclass != 0 ? subclass : constructor - 1;
}

uint64_t v8_constructor_of(uint64_t map) {
  static int shared_at;
  if (shared_at == 0)
    shared_at = v8_constant("class_JSFunction__shared__", 24);
  const uint64_t constructor = v8_constructor_function_of(map);
  return constructor == 0 ? 0 : v8_read(constructor + (uint64_t)shared_at) - 1;
}

/* Kinds as V8's own snapshots name them. */
static const char *const COMPILED[] = {"Code",
                                       "InstructionStream",
                                       "BytecodeArray",
                                       "SharedFunctionInfo",
                                       "Script",
                                       "FeedbackVector",
                                       "FeedbackMetadata",
                                       "FeedbackCell",
                                       "ScopeInfo",
                                       "PreparseData",
                                       "CodeWrapper",
                                       "InterpreterData",
                                       "BytecodeWrapper",
                                       "AllocationSite",
                                       "ClosureFeedbackCellArray",
                                       "UncompiledData",
                                       "CodeDataContainer",
                                       "SharedFunctionInfoWrapper"};
static const char *const SHAPES[] = {
    "Map",       "DescriptorArray", "StrongDescriptorArray", "TransitionArray",
    "EnumCache", "DependentCode",   "PrototypeInfo",         "PropertyCell"};
static const char *const ARRAYS[] = {"Array",   "Dictionary", "Table", "HashMap",
                                     "HashSet", "Elements",   "List"};

static bool is_any_of(const char *name, const char *const *names, size_t count, bool is_part) {
  for (size_t i = 0; i < count; i++)
    if (is_part ? strstr(name, names[i]) != NULL : strncmp(name, names[i], strlen(names[i])) == 0)
      return true;
  return false;
}

static const char *kind_of(int type) {
  char name[80];
  size_t length = 0;
  if (type == v8_layout.realm_type && type != 0)
    return "system / NativeContext";
  if (v8_type_is_string(type)) {
    const int kind = type & v8_layout.string_representation_mask;
    return kind == v8_layout.cons_string     ? "(concatenated string)"
           : kind == v8_layout.sliced_string ? "(sliced string)"
                                             : "(string)";
  }
  const char *is = v8_type_name(type, &length);
  if (is == NULL) {
    const bool is_context =
        type >= v8_constant("FirstContextType", 0) && type <= v8_constant("LastContextType", -1);
    /* Tables that V8 does not name for debuggers: they are arrays, as its snapshots have them. */
    return is_context ? "system / Context" : "(array)";
  }
  length = length < sizeof name - 1 ? length : sizeof name - 1;
  memcpy(name, is, length);
  name[length] = '\0';
  if (strcmp(name, "HeapNumber") == 0)
    return "(number)";
  if (strcmp(name, "BigInt") == 0)
    return "(bigint)";
  if (strcmp(name, "Symbol") == 0)
    return "(symbol)";
  if (is_any_of(name, COMPILED, sizeof COMPILED / sizeof *COMPILED, false))
    return "(compiled code)";
  if (is_any_of(name, SHAPES, sizeof SHAPES / sizeof *SHAPES, false))
    return "(object shape)";
  return is_any_of(name, ARRAYS, sizeof ARRAYS / sizeof *ARRAYS, true) ? "(array)" : "(hidden)";
}

/* Of a prototype the map's constructor is the class whose prototype it is, of which it is no instance. The
 * bit stands before that of dictionaries (test/twin/tools.test.ts counts instances). */
static bool is_prototype_map(uint64_t map) {
  static int bits_at, bit;
  if (bits_at == 0) {
    bits_at = v8_constant("class_Map__bit_field3__", 0);
    bit = v8_constant("bit_field3_is_dictionary_map_shift", 0) - 1;
  }
  return bits_at > 0 && bit >= 0 && (*(const uint32_t *)(map + (uint64_t)bits_at) >> bit & 1) != 0;
}

void v8_add_class(struct text *text, uint64_t map) {
  const int type = v8_type_of_map(map);
  const size_t before = text->length;
  if (type < v8_layout.first_object_type) {
    text_add(text, kind_of(type));
    return;
  }
  if (v8_type_is_function(type)) {
    text_add(text, "(closure)");
    return;
  }
  if (v8_type_is(type, "JSRegExp")) {
    text_add(text, "(regexp)");
    return;
  }
  const uint64_t constructor = is_prototype_map(map) ? 0 : v8_constructor_of(map);
  if (constructor != 0)
    v8_add_function_name(text, constructor);
  if (text->length == before)
    text_add(text, "Object");
}
#endif
