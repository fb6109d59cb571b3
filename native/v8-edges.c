#define _GNU_SOURCE
#include "v8-edges.h"

#ifdef __linux__
#include "heap-sorts.h"
#include "heap-visitor.h"
#include "v8-fields.h"
#include "v8-layout.h"
#include "v8-symbols.h"

#include <string.h>

enum { SCRIPT_SIZE = 512, WORD = 8, ARRAY_HEADER = 2, LOCALS_INLINED = 75, JS_HEADER = 3 };

/* Constants of this V8, read once. */
static struct { int context, cell_name, local_count, context_slots; } at;

static void read_constants(void) {
  if (at.context != 0)
    return;
  at.context = v8_constant("class_JSFunction__context__", 32);
  at.cell_name = v8_constant("class_PropertyCell__name__", 8);
  at.local_count = WORD * (1 + v8_constant("scopeinfo_idx_ncontextlocals", 2));
  at.context_slots = v8_constant("context_min_slots", 2);
}

static int64_t small_integer(uint64_t tagged) { return (int64_t)tagged >> 32; }
static uint64_t word_at(uint64_t address, uint32_t word) { return v8_read(address + (uint64_t)WORD * word); }
static bool is_string_at(uint64_t tagged) {
  return v8_is_object(tagged) && v8_type_is_string(v8_type_of(tagged - 1));
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
static void add_entry(struct text *text, const struct v8_walker *walker, uint32_t word, uint64_t to) {
  const uint64_t owner = walker->holder, table = walker->at;
  const int type = v8_type_of(owner);
  const bool is_map = v8_type_is(type, "JSMap"), is_set = v8_type_is(type, "JSSet");
  if (is_map && walker->is_in_events && is_string_at(word_at(table, word - 1))) {
    v8_add_property(text, word_at(table, word - 1));
    return;
  }
  if (is_map || is_set) {
    text_add(text, "[*]");
    return;
  }
  if (v8_type_is(v8_type_of(to), "PropertyCell"))
    v8_add_property(text, v8_read(to + (uint64_t)at.cell_name));
  else if (word_at(owner, 1) == table + 1 && word > 2)
    v8_add_property(text, word_at(table, word - 1));
}

static uint32_t word_of(uint64_t from, uint64_t to) {
  const uint32_t words = heap_words_at(from);
  for (uint32_t word = 1; word < words; word++)
    if (word_at(from, word) == to + 1)
      return word;
  return 0;
}

static void add_step(struct text *text, const struct v8_walker *walker, uint64_t to) {
  const uint64_t holder = walker->holder, from = walker->at;
  const int type = v8_type_of(from);
  const uint32_t word = word_of(from, to);
  if (word == 0)
    return; /* its map, or a key of a weak table */
  if (type >= v8_layout.first_object_type) {
    if (v8_type_is_function(type) && (int)(word * WORD) <= at.context && word < 6 &&
        !v8_type_is_function(v8_type_of(to)))
      return; /* its context, code, properties: the next step has the name */
    if (word >= JS_HEADER || v8_type_is_function(type))
      v8_add_field(text, from, word, true);
  } else if (v8_type_is_context(type)) {
    if (word >= (uint32_t)(ARRAY_HEADER + 1))
      add_variable(text, from, word);
  } else if (v8_type_is(type, "PropertyArray")) {
    if (holder != 0 && v8_type_of(holder) >= v8_layout.first_object_type)
      v8_add_field(text, holder, word - ARRAY_HEADER, false);
  } else if (holder != 0 && v8_type_of(holder) >= v8_layout.first_object_type) {
    if (word_at(holder, 2) == from + 1)
      text_add(text, "[*]");
    else
      add_entry(text, walker, word, to);
  }
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

uint64_t v8_shared_of_module(uint64_t module) {
  const uint32_t words = heap_words_at(module);
  for (uint32_t word = 1; word < words; word++) {
    const uint64_t code = word_at(module, word);
    if (!v8_is_object(code))
      continue;
    const bool is_described = v8_type_of(code - 1) == v8_layout.shared_function_type;
    const uint64_t shared = is_described ? code - 1 : v8_function_behind(code - 1);
    if (shared != 0)
      return shared;
  }
  return 0;
}

bool v8_is_application_module(uint64_t address) {
  static const char OF_NODE[] = "node:";
  char script[sizeof OF_NODE] = "";
  struct text text = {.at = script, .size = sizeof script};
  const enum heap_sort sort = heap_sort_of(address);
  if (sort != SORT_MODULE)
    return sort == SORT_CJS_MODULE;
  const uint64_t shared = v8_shared_of_module(address);
  if (shared != 0)
    v8_add_script(&text, shared);
  return script[0] != '\0' && strcmp(script, OF_NODE) != 0;
}

static void clear(struct text *text) {
  text->length = 0;
  text->at[0] = '\0';
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

void v8_add_export_of(struct text *text, uint64_t module, uint64_t value) {
  static const char DEFAULT[] = "default";
  const uint64_t exports = v8_type_is(v8_type_of(module), "SourceTextModule") ? word_at(module, 1) : 0;
  const uint32_t words = v8_is_object(exports) ? heap_words_at(exports - 1) : 0;
  for (uint32_t word = ARRAY_HEADER + 1; word < words && text->length == 0; word++) {
    const uint64_t cell = word_at(exports - 1, word);
    if (!v8_is_object(cell) || !v8_type_is(v8_type_of(cell - 1), "Cell") ||
        word_at(cell - 1, 1) != value + 1 || !is_string_at(word_at(exports - 1, word - 1)))
      continue;
    v8_add_string(text, word_at(exports - 1, word - 1) - 1, 60);
    if (strcmp(text->at, DEFAULT) == 0)
      clear(text);
  }
}

/* The class of an object; nothing where that says no more than that it is one. */
static void add_class_name(struct text *text, uint64_t address) {
  static const char *const NAMELESS[] = {"Object", "Array", "Map", "Set", "Promise", "Error"};
  const int type = v8_type_of(address);
  char name[100] = "";
  struct text class = {.at = name, .size = sizeof name};
  if (type < v8_layout.first_object_type || v8_type_is_function(type) || v8_type_is(type, "JSGlobalObject") ||
      v8_type_is(type, "JSGlobalProxy"))
    return;
  v8_add_class(&class, v8_map_of(address));
  for (size_t i = 0; i < sizeof NAMELESS / sizeof *NAMELESS; i++)
    if (strcmp(name, NAMELESS[i]) == 0)
      return;
  text_add(text, name);
}

/* Node's handles know the object that they are of by this symbol: it says where, and what holds the handle
 * does not. */
static bool is_of_handle(const char *segment) { return strcmp(segment, ".Symbol(owner_symbol)") == 0; }

/* Has the script be that of a function; false where it is a builtin, which has none. */
static bool take_script(struct text *script, uint64_t shared) {
  char name[SCRIPT_SIZE] = "";
  struct text of_function = {.at = name, .size = script->size < sizeof name ? script->size : sizeof name};
  v8_add_script(&of_function, shared);
  if (name[0] == '\0')
    return false;
  clear(script);
  text_add(script, name);
  return true;
}

/* The variables of a suspended call are its own, no matter which code keeps the promise that it awaits. A
 * module that awaits is a call too; those of its variables that no function uses have no name. */
static bool begin_call(uint64_t shared, bool is_module, struct text *segment, struct text *script) {
  if (!take_script(script, shared))
    return false;
  char name[100] = "";
  struct text of_call = {.at = name, .size = sizeof name};
  v8_add_function_name(&of_call, shared);
  clear(segment);
  text_add(segment, is_module ? "(top level)" : name[0] == '\0' ? "(anonymous)()" : name);
  if (!is_module && name[0] != '\0')
    text_add(segment, "()");
  return true;
}

bool v8_step(struct v8_walker *walker, uint64_t address, struct text *segment, struct text *script) {
  read_constants();
  const int type = v8_type_of(address);
  bool begins = false, of_class = false;
  if (walker->at != 0) {
    const int from = v8_type_of(walker->at);
    if (v8_type_is_context(from) && !v8_type_is_context(type)) {
      char variable[100] = "";
      struct text name = {.at = variable, .size = sizeof variable};
      add_step(&name, walker, address);
      begins = variable[0] != '\0';
      if (begins) {
        add_scope(segment, walker->at);
        text_add(segment, variable);
      }
    } else {
      add_step(segment, walker, address);
      begins = v8_type_is(from, "JSGlobalObject") && segment->length > 0;
    }
    if (is_of_handle(segment->at)) {
      clear(segment);
      clear(script);
      add_class_name(segment, address);
      begins = of_class = true;
    }
    if (segment->length > 0)
      walker->is_in_events = strcmp(segment->at, ".Symbol(kEvents)") == 0;
  } else {
    add_class_name(segment, address);
    begins = of_class = segment->length > 0;
  }
  if (type >= v8_layout.first_object_type && heap_sort_of(address) == SORT_CJS_MODULE) {
    clear(script);
    clear(segment);
    const uint64_t file = v8_field_of(address, "filename");
    if (is_string_at(file))
      v8_add_string(script, file - 1, script->size);
    begins = script->length > 0;
  } else if (v8_type_is(type, "SourceTextModule")) {
    clear(script);
    const uint64_t shared = v8_shared_of_module(address);
    if (shared != 0)
      v8_add_script(script, shared);
    begins = true;
  } else if (v8_type_is(type, "Cell") && walker->holder != 0 &&
             v8_type_is(v8_type_of(walker->holder), "SourceTextModule")) {
    add_export(segment, walker->holder, address);
    begins = segment->length > 0;
  } else if (!v8_type_is_function(type) && v8_function_at(address) != 0) {
    const bool is_module = walker->at != 0 && v8_type_is(v8_type_of(walker->at), "SourceTextModule");
    begins = begin_call(v8_function_behind(address), is_module, segment, script);
  } else if (v8_type_is_function(type)) {
    take_script(script, v8_shared_of(address));
  } else if (v8_type_is(type, "JSGlobalObject"))
    clear(script);
  if (begins)
    walker->begins_with_class = of_class;
  walker->holder = walker->at;
  walker->at = address;
  return begins;
}

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
