#define _GNU_SOURCE
#include "v8-functions.h"

#ifdef __linux__
#include "heap-visitor.h"
#include "v8-layout.h"
#include "v8-symbols.h"

enum { WORD = 8, ARRAY_HEADER = 2, JS_HEADER = 3 };

/* Constants of this V8, read once. */
static struct { int shared, context, script, script_name, first_context, last_context; } at;

static void read_constants(void) {
  if (at.shared != 0)
    return;
  at.shared = v8_constant("class_JSFunction__shared__", 24);
  at.context = v8_constant("class_JSFunction__context__", 32);
  at.script = v8_constant("class_SharedFunctionInfo__script_or_debug_info__HeapObject", -1);
  if (at.script < 0)
    at.script = v8_constant("class_SharedFunctionInfo__raw_script__",
                            v8_constant("class_SharedFunctionInfo__script__", 32));
  at.script_name = v8_constant("class_Script__name__", 16);
  at.first_context = v8_constant("FirstContextType", 1);
  at.last_context = v8_constant("LastContextType", 0);
}

static uint64_t word_at(uint64_t address, uint32_t word) { return v8_read(address + (uint64_t)WORD * word); }

uint64_t v8_shared_of(uint64_t function) {
  read_constants();
  return v8_read(function + (uint64_t)at.shared) - 1;
}

uint64_t v8_context_of(uint64_t function) {
  read_constants();
  return v8_read(function + (uint64_t)at.context) - 1;
}

/* The plain kind has no name for debuggers; it stands right before that of async functions. */
static bool is_suspended(int type) {
  size_t length = 0;
  return v8_type_is(type, "JSAsyncFunctionObject") || v8_type_is(type, "JSAsyncGeneratorObject") ||
         (v8_type_name(type, &length) == NULL && v8_type_is(type + 1, "JSAsyncFunctionObject"));
}

uint64_t v8_function_at(uint64_t address) {
  const int type = v8_type_of(address);
  if (v8_type_is_function(type))
    return address;
  if (type < v8_layout.first_object_type || !is_suspended(type))
    return 0;
  const uint64_t function = word_at(address, JS_HEADER);
  return v8_is_object(function) && v8_type_is_function(v8_type_of(function - 1)) ? function - 1 : 0;
}

uint64_t v8_function_behind(uint64_t address) {
  const uint64_t function = v8_function_at(address);
  return function == 0 ? 0 : v8_shared_of(function);
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

uint64_t v8_script_of(uint64_t shared) {
  read_constants();
  uint64_t script = v8_read(shared + (uint64_t)at.script);
  /* Where code is debugged or its coverage is taken, some versions keep the script behind what the debugger
   * knows. */
  if (v8_is_object(script) && v8_type_is(v8_type_of(script - 1), "DebugInfo"))
    script = script_in(script - 1);
  return v8_is_object(script) && v8_type_is(v8_type_of(script - 1), "Script") ? script - 1 : 0;
}

void v8_add_script_name(struct text *text, uint64_t script) {
  read_constants();
  const uint64_t name = script == 0 ? 0 : v8_read(script + (uint64_t)at.script_name);
  if (v8_is_object(name) && v8_type_is_string(v8_type_of(name - 1)))
    v8_add_string(text, name - 1, text->size);
}

void v8_add_script(struct text *text, uint64_t shared) { v8_add_script_name(text, v8_script_of(shared)); }

uint64_t v8_scope_of(uint64_t context) { return word_at(context, ARRAY_HEADER) - 1; }

bool v8_type_is_context(int type) {
  read_constants();
  return type >= at.first_context && type <= at.last_context;
}
#endif
