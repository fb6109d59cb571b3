#define _GNU_SOURCE
#include "heap-sorts.h"

#ifdef __linux__
#include "v8-functions.h"
#include "v8-layout.h"

#include <string.h>

enum { NAME_SIZE = 64, KNOWN_MAPS = 1 << 14 };

/* Of V8's own types, by name; a star stands for any ending. The first that fits. */
static const struct {
  const char *name;
  enum heap_sort sort;
} SORTS[] = {
    {"SharedFunctionInfo", SORT_SHARED},
    {"Script", SORT_SCRIPT},
    {"ScopeInfo", SORT_DESCRIPTION},
    {"UncompiledData*", SORT_DESCRIPTION},
    {"PreparseData*", SORT_DESCRIPTION},
    {"InterpreterData", SORT_DESCRIPTION},
    {"BytecodeArray", SORT_BYTECODE},
    {"BytecodeWrapper", SORT_BYTECODE},
    {"Code*", SORT_MACHINE_CODE},
    {"InstructionStream", SORT_MACHINE_CODE},
    {"DeoptimizationData*", SORT_MACHINE_CODE},
    {"FeedbackVector", SORT_FEEDBACK_VECTOR},
    {"Feedback*", SORT_FEEDBACK},
    {"ClosureFeedbackCellArray", SORT_FEEDBACK},
    {"AllocationSite", SORT_FEEDBACK},
    {"AllocationMemento", SORT_FEEDBACK},
    {"Map", SORT_MAP},
    {"DescriptorArray*", SORT_SHAPE},
    {"StrongDescriptorArray", SORT_SHAPE},
    {"TransitionArray*", SORT_SHAPE},
    {"EnumCache*", SORT_SHAPE},
    {"PrototypeInfo", SORT_SHAPE},
    {"DependentCode", SORT_SHAPE},
    {"SourceTextModule", SORT_MODULE},
    {"SyntheticModule", SORT_MODULE},
};

/* Node's class, and no class of the application's that is called the same. */
static bool is_cjs_module(uint64_t map) {
  const uint64_t constructor = v8_constructor_of(map);
  char name[NAME_SIZE] = "", script[NAME_SIZE] = "";
  struct text text = {.at = name, .size = sizeof name}, file = {.at = script, .size = sizeof script};
  if (constructor == 0)
    return false;
  v8_add_function_name(&text, constructor);
  if (strcmp(name, "Module") != 0)
    return false;
  v8_add_script(&file, constructor);
  return strcmp(script, "node:internal/modules/cjs/loader") == 0;
}

static bool fits(const char *name, const char *pattern) {
  const size_t length = strlen(pattern);
  return pattern[length - 1] == '*' ? strncmp(name, pattern, length - 1) == 0 : strcmp(name, pattern) == 0;
}

static enum heap_sort sort_of_map(uint64_t map, uint64_t address) {
  const int type = v8_type_of_map(map);
  char name[NAME_SIZE] = "";
  size_t length = 0;
  if (v8_type_is_string(type))
    return SORT_STRING;
  if (type >= v8_layout.first_object_type) {
    if (v8_type_is_function(type))
      return SORT_FUNCTION;
    if (v8_function_at(address) != 0)
      return SORT_SUSPENDED;
    return is_cjs_module(map) ? SORT_CJS_MODULE : SORT_OBJECT;
  }
  if (v8_type_is_context(type))
    return SORT_CONTEXT;
  const char *is = v8_type_name(type, &length);
  if (is == NULL || length >= sizeof name)
    return SORT_INTERNAL;
  memcpy(name, is, length);
  for (size_t i = 0; i < sizeof SORTS / sizeof *SORTS; i++)
    if (fits(name, SORTS[i].name))
      return SORTS[i].sort;
  return SORT_INTERNAL;
}

/* Shapes come again and again: what was found of one is kept. */
enum heap_sort heap_sort_of(uint64_t address) {
  static struct {
    uint64_t map;
    enum heap_sort sort;
  } known[KNOWN_MAPS];
  const uint64_t map = v8_map_of(address);
  const size_t place = (size_t)((map >> 3) * 0x9e3779b97f4a7c15ull >> 32) % KNOWN_MAPS;
  if (known[place].map != map) {
    known[place].sort = sort_of_map(map, address);
    known[place].map = map;
  }
  return known[place].sort;
}
#endif
