#define _GNU_SOURCE
#include "heap-sorts.h"

#ifdef __linux__
#include "v8-fields.h"
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

/* Classes of Node's: by the name of the constructor and the script that it stands in, so that no class of the
 * application's is taken for one. Those of its C++ stand in none. */
static const struct {
  const char *name, *script;
  enum heap_sort sort;
} CLASSES[] = {
    {"Module", "node:internal/modules/cjs/loader", SORT_CJS_MODULE},
    {"Timeout", "node:internal/timers", SORT_TIMER},
    {"Immediate", "node:internal/timers", SORT_IMMEDIATE},
    {"Immediate", "node:timers", SORT_IMMEDIATE},
    {"Socket", "node:net", SORT_SOCKET},
    {"Socket", "node:dgram", SORT_SOCKET},
    {"TLSSocket", "node:_tls_wrap", SORT_SOCKET},
    {"TLSSocket", "node:internal/tls/wrap", SORT_SOCKET},
    {"ClientRequest", "node:_http_client", SORT_REQUEST},
    {"IncomingMessage", "node:_http_incoming", SORT_REQUEST},
    {"ServerResponse", "node:_http_server", SORT_REQUEST},
    {"Http2ServerRequest", "node:internal/http2/compat", SORT_REQUEST},
    {"Http2ServerResponse", "node:internal/http2/compat", SORT_REQUEST},
    {"ClientHttp2Stream", "node:internal/http2/core", SORT_REQUEST},
    {"ServerHttp2Stream", "node:internal/http2/core", SORT_REQUEST},
    {"ClientHttp2Session", "node:internal/http2/core", SORT_SOCKET},
    {"ServerHttp2Session", "node:internal/http2/core", SORT_SOCKET},
    {"Client", "node:internal/deps/undici/undici", SORT_CLIENT},
    {"Request", "node:internal/deps/undici/undici", SORT_REQUEST},
    {"Agent", "node:_http_agent", SORT_HANDLE},
    {"TCP", "", SORT_HANDLE},
    {"Pipe", "", SORT_HANDLE},
    {"UDP", "", SORT_HANDLE},
    {"TLSWrap", "", SORT_HANDLE},
    {"HTTPParser", "", SORT_HANDLE},
    {"Http2Session", "", SORT_HANDLE},
    {"Http2Stream", "", SORT_HANDLE},
    {"WriteWrap", "", SORT_HANDLE},
};

static enum heap_sort sort_of_class(uint64_t map, uint64_t address) {
  const uint64_t constructor = v8_constructor_of(map);
  char name[NAME_SIZE] = "", script[NAME_SIZE] = "";
  struct text text = {.at = name, .size = sizeof name}, file = {.at = script, .size = sizeof script};
  if (constructor != 0) {
    v8_add_function_name(&text, constructor);
    v8_add_script(&file, constructor);
    const bool is_native = v8_script_of(constructor) == 0;
    for (size_t i = 0; i < sizeof CLASSES / sizeof *CLASSES; i++)
      if (strcmp(name, CLASSES[i].name) == 0 && strcmp(script, CLASSES[i].script) == 0 &&
          (script[0] != '\0' || is_native))
        return CLASSES[i].sort;
  }
  if (v8_type_is(v8_type_of_map(map), "JSPromise"))
    return SORT_PROMISE;
  return v8_field_of(address, "_readableState") != 0 || v8_field_of(address, "_writableState") != 0
             ? SORT_STREAM
             : SORT_OBJECT;
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
    return sort_of_class(map, address);
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
