#define _GNU_SOURCE
#include "v8-edges.h"

#ifdef __linux__
#include "heap-walk.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <stdio.h>
#include <string.h>

enum {
  SCRIPT_SIZE = 512,
  WORD = 8,
  ARRAY_HEADER = 2,
  LOCALS_INLINED = 75,
  DESCRIPTOR_WORDS = 3,
  JS_HEADER = 3
};

/* Constants of this V8, read once. */
static struct {
  int bit_field3, descriptors, descriptor_header, in_object_start, size_in_words;
  int own_mask, own_shift, index_mask, index_shift, location_mask, location_shift, location_field;
  int shared, context, script, script_name, cell_name, local_count, context_slots, first_context,
      last_context;
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
  at.shared = v8_constant("class_JSFunction__shared__", 24);
  at.context = v8_constant("class_JSFunction__context__", 32);
  at.script = v8_constant("class_SharedFunctionInfo__script_or_debug_info__HeapObject", -1);
  if (at.script < 0)
    at.script = v8_constant("class_SharedFunctionInfo__raw_script__",
                            v8_constant("class_SharedFunctionInfo__script__", 32));
  at.script_name = v8_constant("class_Script__name__", 16);
  at.cell_name = v8_constant("class_PropertyCell__name__", 8);
  at.local_count = WORD * (1 + v8_constant("scopeinfo_idx_ncontextlocals", 2));
  at.context_slots = v8_constant("context_min_slots", 2);
  at.first_context = v8_constant("FirstContextType", 1);
  at.last_context = v8_constant("LastContextType", 0);
}

static bool is_context(int type) { return type >= at.first_context && type <= at.last_context; }
static int64_t small_integer(uint64_t tagged) { return (int64_t)tagged >> 32; }
static uint64_t word_at(uint64_t address, uint32_t word) { return v8_read(address + (uint64_t)WORD * word); }
static bool is_string_at(uint64_t tagged) {
  return v8_is_object(tagged) && v8_type_is_string(v8_type_of(tagged - 1));
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
        text_add(text, "Symbol(");
        v8_add_string(text, word_at(tagged - 1, word) - 1, 60);
        text_add(text, ")");
        break;
      }
}

static void add_property(struct text *text, uint64_t key) {
  const size_t before = text->length;
  text_add(text, ".");
  add_key(text, key);
  if (text->length == before + 1)
    text->at[text->length = before] = '\0';
}

/* The name of the property whose field has a place: in the object itself, by its word, or outside, by its
 * index. */
static void add_field(struct text *text, uint64_t object, uint32_t place, bool is_in_object) {
  const uint64_t map = v8_map_of(object);
  const uint32_t bits = *(const uint32_t *)(map + (uint64_t)at.bit_field3);
  const uint32_t own = (bits & (uint32_t)at.own_mask) >> at.own_shift;
  const uint64_t descriptors = v8_read(map + (uint64_t)at.descriptors) - 1;
  const int start = *(const uint8_t *)(map + (uint64_t)at.in_object_start);
  const int inside = *(const uint8_t *)(map + (uint64_t)at.size_in_words) - start;
  for (uint32_t i = 0; i < own; i++) {
    const uint64_t entry =
        descriptors + (uint64_t)at.descriptor_header + (uint64_t)i * WORD * DESCRIPTOR_WORDS;
    const int details = (int)small_integer(v8_read(entry + WORD));
    if ((details & at.location_mask) >> at.location_shift != at.location_field)
      continue;
    const int index = (int)((uint32_t)(details & at.index_mask) >> at.index_shift);
    if (is_in_object ? index < inside && start + index == (int)place : index - inside == (int)place) {
      add_property(text, v8_read(entry));
      return;
    }
  }
}

/* The variable of a context's slot: names stand in its ScopeInfo as one run of so many strings. */
static void add_variable(struct text *text, uint64_t context, uint32_t word) {
  const uint64_t scope = word_at(context, ARRAY_HEADER) - 1;
  if (!v8_type_is(v8_type_of(scope), "ScopeInfo"))
    return;
  const uint32_t words = heap_words_at(scope);
  const uint32_t locals = (uint32_t)small_integer(v8_read(scope + (uint64_t)at.local_count));
  if (locals == 0 || locals >= LOCALS_INLINED)
    return;
  for (uint32_t begin = 2; begin + locals <= words; begin++) {
    uint32_t run = 0;
    while (run < locals && is_string_at(word_at(scope, begin + run)))
      run++;
    if (run < locals)
      continue;
    /* Some contexts have one more slot before their variables: a module's, and those of a sloppy eval(). */
    const int64_t before = small_integer(word_at(context, 1)) - locals;
    const int64_t slot =
        (int64_t)word - ARRAY_HEADER - (before > at.context_slots ? before : at.context_slots);
    if (slot >= 0 && slot < (int64_t)locals)
      v8_add_string(text, word_at(scope, begin + (uint32_t)slot) - 1, 60);
    return;
  }
}

/* Of a table behind an object: a dictionary of properties, or the table of a Map or Set. */
static void add_entry(struct text *text, uint64_t owner, uint64_t table, uint32_t word, uint64_t to) {
  const int type = v8_type_of(owner);
  const bool is_map = v8_type_is(type, "JSMap"), is_set = v8_type_is(type, "JSSet");
  if (is_map || is_set) {
    text_add(text, "[*]");
    return;
  }
  if (v8_type_is(v8_type_of(to), "PropertyCell"))
    add_property(text, v8_read(to + (uint64_t)at.cell_name));
  else if (word_at(owner, 1) == table + 1 && word > 2)
    add_property(text, word_at(table, word - 1));
}

static uint32_t word_of(uint64_t from, uint64_t to) {
  const uint32_t words = heap_words_at(from);
  for (uint32_t word = 1; word < words; word++)
    if (word_at(from, word) == to + 1)
      return word;
  return 0;
}

static void add_step(struct text *text, uint64_t holder, uint64_t from, uint64_t to) {
  const int type = v8_type_of(from);
  const uint32_t word = word_of(from, to);
  if (word == 0)
    return; /* its map, or a key of a weak table */
  if (type >= v8_layout.first_object_type) {
    if (v8_type_is_function(type) && (int)(word * WORD) <= at.context && word < 6 &&
        !v8_type_is_function(v8_type_of(to)))
      return; /* its context, code, properties: the next step has the name */
    if (word >= JS_HEADER || v8_type_is_function(type))
      add_field(text, from, word, true);
  } else if (is_context(type)) {
    if (word >= (uint32_t)(ARRAY_HEADER + 1))
      add_variable(text, from, word);
  } else if (v8_type_is(type, "PropertyArray")) {
    if (holder != 0 && v8_type_of(holder) >= v8_layout.first_object_type)
      add_field(text, holder, word - ARRAY_HEADER, false);
  } else if (holder != 0 && v8_type_of(holder) >= v8_layout.first_object_type) {
    if (word_at(holder, 2) == from + 1)
      text_add(text, "[*]");
    else
      add_entry(text, holder, from, word, to);
  }
}

uint64_t v8_shared_of(uint64_t function) {
  read_constants();
  return v8_read(function + (uint64_t)at.shared) - 1;
}

/* The first script among the fields of an object, tagged; 0 where there is none. */
static uint64_t script_in(uint64_t address) {
  const uint32_t words = heap_words_at(address);
  for (uint32_t word = 1; word < words; word++) {
    const uint64_t field = word_at(address, word);
    if (v8_is_object(field) && v8_type_is(v8_type_of(field - 1), "Script"))
      return field;
  }
  return 0;
}

void v8_add_script(struct text *text, uint64_t shared) {
  read_constants();
  uint64_t script = v8_read(shared + (uint64_t)at.script);
  /* Where code is debugged or its coverage is taken, some versions keep the script behind what the debugger
   * knows. */
  if (v8_is_object(script) && v8_type_is(v8_type_of(script - 1), "DebugInfo"))
    script = script_in(script - 1);
  if (v8_is_object(script) && v8_type_is(v8_type_of(script - 1), "Script"))
    script = v8_read(script - 1 + (uint64_t)at.script_name);
  if (is_string_at(script))
    v8_add_string(text, script - 1, text->size);
}

/* A function whose variable comes next: the scope that declares it. */
static void add_scope(struct text *text, uint64_t context) {
  const uint64_t scope = word_at(context, ARRAY_HEADER) - 1;
  char name[100] = "";
  struct text scope_name = {.at = name, .size = sizeof name};
  if (v8_type_is(v8_type_of(scope), "ScopeInfo"))
    v8_add_scope_name(&scope_name, scope);
  if (name[0] == '\0')
    return;
  text_add(text, name);
  text_add(text, "() \u203a ");
}

/* The script of a module of its own kind: what runs it is its function, described or made, or the generator
 * of it. */
static void add_script_of_module(struct text *script, uint64_t module) {
  const uint32_t words = heap_words_at(module);
  for (uint32_t word = 1; word < words; word++) {
    const uint64_t code = word_at(module, word);
    if (!v8_is_object(code))
      continue;
    const bool is_described = v8_type_of(code - 1) == v8_layout.shared_function_type;
    const uint64_t shared = is_described ? code - 1 : v8_function_behind(code - 1);
    if (shared != 0) {
      v8_add_script(script, shared);
      return;
    }
  }
}

/* The name under which a module exports what a cell holds: its table of exports has the name before the cell.
 */
static void add_export(struct text *text, uint64_t module, uint64_t cell) {
  const uint64_t exports = word_at(module, 1);
  if (!v8_is_object(exports))
    return;
  const uint32_t words = heap_words_at(exports - 1);
  for (uint32_t word = ARRAY_HEADER + 1; word < words; word++)
    if (word_at(exports - 1, word) == cell + 1 && is_string_at(word_at(exports - 1, word - 1))) {
      v8_add_string(text, word_at(exports - 1, word - 1) - 1, 60);
      return;
    }
}

static void clear(struct text *text) {
  text->length = 0;
  text->at[0] = '\0';
}

bool v8_step(struct v8_walker *walker, uint64_t address, struct text *segment, struct text *script) {
  read_constants();
  const int type = v8_type_of(address);
  bool begins = false;
  if (walker->at != 0) {
    const int from = v8_type_of(walker->at);
    if (is_context(from) && !is_context(type)) {
      char variable[100] = "";
      struct text name = {.at = variable, .size = sizeof variable};
      add_step(&name, walker->holder, walker->at, address);
      begins = variable[0] != '\0';
      if (begins) {
        add_scope(segment, walker->at);
        text_add(segment, variable);
      }
    } else {
      add_step(segment, walker->holder, walker->at, address);
      begins = v8_type_is(from, "JSGlobalObject") && segment->length > 0;
    }
  }
  if (v8_type_is(type, "SourceTextModule")) {
    clear(script);
    add_script_of_module(script, address);
    begins = true;
  } else if (v8_type_is(type, "Cell") && walker->holder != 0 &&
             v8_type_is(v8_type_of(walker->holder), "SourceTextModule")) {
    add_export(segment, walker->holder, address);
    begins = segment->length > 0;
  } else if (v8_type_is_function(type)) {
    /* A builtin has no script: what leads to it has. */
    char name[SCRIPT_SIZE] = "";
    struct text of_function = {.at = name, .size = script->size < sizeof name ? script->size : sizeof name};
    v8_add_script(&of_function, v8_shared_of(address));
    if (name[0] != '\0') {
      clear(script);
      text_add(script, name);
    }
  } else if (v8_type_is(type, "JSGlobalObject"))
    clear(script);
  walker->holder = walker->at;
  walker->at = address;
  return begins;
}

/* The plain kind has no name for debuggers; it stands right before that of async functions. */
static bool is_suspended(int type) {
  size_t length = 0;
  return v8_type_is(type, "JSAsyncFunctionObject") || v8_type_is(type, "JSAsyncGeneratorObject") ||
         (v8_type_name(type, &length) == NULL && v8_type_is(type + 1, "JSAsyncFunctionObject"));
}

uint64_t v8_function_behind(uint64_t address) {
  const int type = v8_type_of(address);
  if (v8_type_is_function(type))
    return v8_shared_of(address);
  if (!is_suspended(type))
    return 0;
  const uint64_t function = word_at(address, JS_HEADER);
  return v8_is_object(function) && v8_type_is_function(v8_type_of(function - 1)) ? v8_shared_of(function - 1)
                                                                                 : 0;
}

uint64_t v8_scope_of(uint64_t context) { return word_at(context, ARRAY_HEADER) - 1; }

int64_t v8_entries_of(uint64_t address) {
  const int type = v8_type_of(address);
  if (v8_type_is(type, "JSArray")) {
    const uint64_t length = word_at(address, JS_HEADER);
    return (length & 1) == 0 ? small_integer(length) : -1;
  }
  if (!v8_type_is(type, "JSMap") && !v8_type_is(type, "JSSet"))
    return -1;
  const uint64_t table = word_at(address, JS_HEADER) - 1;
  return small_integer(word_at(table, ARRAY_HEADER));
}
#endif
