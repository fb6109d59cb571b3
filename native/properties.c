/* Which own properties of an object run code when they are read: JavaScript's getters, and V8's native
 * accessors, which JavaScript cannot tell from data: reading their descriptor runs them already.
 *
 * Node-API has no call for that; V8's own functions are called by the names under which Node exports them for
 * addons. */
#define _GNU_SOURCE
#include "properties.h"

#include <stdint.h>

#ifdef __linux__
#include <dlfcn.h>

/* v8::KeyCollectionMode, v8::PropertyFilter, v8::IndexFilter, v8::KeyConversionMode */
enum { OWN_ONLY = 0, ALL_PROPERTIES = 0, SKIP_INDICES = 1, KEEP_NUMBERS = 0 };

/* v8::Maybe<bool> is returned in a register. */
struct maybe_bool {
  bool has_value;
  bool value;
};

/* A v8::Local, as a napi_value, points to a slot that holds a tagged pointer. */
typedef void *(*current_isolate_fn)(void);
typedef void *(*current_context_fn)(void *isolate);
typedef bool (*has_interceptor_fn)(napi_value object);
typedef napi_value (*property_names_fn)(napi_value object, void *context, int mode, int filter, int indices,
                                        int conversion);
typedef struct maybe_bool (*is_callback_fn)(napi_value object, void *context, napi_value name);

static struct {
  current_isolate_fn isolate;
  current_context_fn context;
  has_interceptor_fn named_interceptor, indexed_interceptor;
  property_names_fn names;
  is_callback_fn is_callback;
  /* The facts that V8 tells debuggers about its objects: where a map holds the type, and the first type
   * beyond the special receivers. */
  const int *map_offset, *type_offset, *tag, *primitive_wrapper;
} v8;

static bool look_up(void) {
  static const struct {
    void **target;
    const char *name;
  } symbols[] = {
      {(void **)&v8.isolate, "_ZN2v87Isolate10GetCurrentEv"},
      {(void **)&v8.context, "_ZN2v87Isolate17GetCurrentContextEv"},
      {(void **)&v8.named_interceptor, "_ZNK2v86Object25HasNamedLookupInterceptorEv"},
      {(void **)&v8.indexed_interceptor, "_ZNK2v86Object27HasIndexedLookupInterceptorEv"},
      {(void **)&v8.names,
       "_ZN2v86Object16GetPropertyNamesENS_5LocalINS_7ContextEEENS_17KeyCollectionModeENS_"
       "14PropertyFilterENS_11IndexFilterENS_17KeyConversionModeE"},
      {(void **)&v8.is_callback,
       "_ZN2v86Object28HasRealNamedCallbackPropertyENS_5LocalINS_7ContextEEENS1_INS_4NameEEE"},
      {(void **)&v8.map_offset, "v8dbg_class_HeapObject__map__Map"},
      {(void **)&v8.type_offset, "v8dbg_class_Map__instance_type__uint16_t"},
      {(void **)&v8.tag, "v8dbg_HeapObjectTag"},
      {(void **)&v8.primitive_wrapper, "v8dbg_type_JSPrimitiveWrapper__JS_PRIMITIVE_WRAPPER_TYPE"},
  };
  for (size_t at = 0; at < sizeof symbols / sizeof *symbols; at++) {
    *symbols[at].target = dlsym(RTLD_DEFAULT, symbols[at].name);
    if (*symbols[at].target == NULL)
      return false;
  }
  /* Where pointers are compressed a map cannot be read this way. */
  enum { TYPE_OFFSET_UNCOMPRESSED = 12 };
  return *v8.type_offset == TYPE_OFFSET_UNCOMPRESSED;
}

bool properties_are_told(void) {
  static int answer = -1;
  if (answer < 0)
    answer = look_up();
  return answer == 1;
}

static int type_of(napi_value object) {
  const uintptr_t tagged = *(const uintptr_t *)object;
  const uintptr_t map = *(const uintptr_t *)(tagged - (uintptr_t)*v8.tag + (uintptr_t)*v8.map_offset);
  return *(const uint16_t *)(map - (uintptr_t)*v8.tag + (uintptr_t)*v8.type_offset);
}

/* Special receivers, as V8 calls them: objects with interceptors or access checks, the globals of contexts,
 * which forward to whatever a context was made of, proxies, namespaces of modules. Their types come before
 * all others. HasNamedLookupInterceptor() alone would not do: in Node 20 (V8 11.3) it is always false. */
static bool is_special(napi_env env, napi_value object) {
  if (type_of(object) >= *v8.primitive_wrapper && !v8.named_interceptor(object) &&
      !v8.indexed_interceptor(object))
    return false;
  napi_value global;
  bool is_own = false;
  napi_get_global(env, &global);
  napi_strict_equals(env, object, global, &is_own);
  return !is_own;
}

/* accessorKeys(object) → undefined: every property by name is plain data; an array: those that are not; null:
 * even to list them may run code */
static napi_value AccessorKeys(napi_env env, napi_callback_info info) {
  napi_value object, nothing, found;
  size_t count = 1;
  napi_valuetype type = napi_undefined;
  napi_get_cb_info(env, info, &count, &object, NULL, NULL);
  if (count < 1 || napi_typeof(env, object, &type) != napi_ok ||
      (type != napi_object && type != napi_function)) {
    napi_throw_type_error(env, NULL, "an object was expected");
    return NULL;
  }
  napi_get_null(env, &nothing);
  if (!properties_are_told() || is_special(env, object))
    return nothing;
  void *context = v8.context(v8.isolate());
  const napi_value names = v8.names(object, context, OWN_ONLY, ALL_PROPERTIES, SKIP_INDICES, KEEP_NUMBERS);
  uint32_t length = 0, kept = 0;
  if (names == NULL || napi_get_array_length(env, names, &length) != napi_ok)
    return nothing;
  napi_get_undefined(env, &found);
  for (uint32_t at = 0; at < length; at++) {
    napi_value name;
    napi_get_element(env, names, at, &name);
    const struct maybe_bool told = v8.is_callback(object, context, name);
    if (!told.has_value)
      return nothing;
    if (!told.value)
      continue;
    if (kept == 0)
      napi_create_array(env, &found);
    napi_set_element(env, found, kept++, name);
  }
  return found;
}
#else
bool properties_are_told(void) { return false; }

static napi_value AccessorKeys(napi_env env, napi_callback_info info) {
  (void)info;
  napi_value nothing;
  napi_get_null(env, &nothing);
  return nothing;
}
#endif

void properties_define(napi_env env, napi_value exports) {
  napi_value function, told;
  napi_create_function(env, "accessorKeys", NAPI_AUTO_LENGTH, AccessorKeys, NULL, &function);
  napi_set_named_property(env, exports, "accessorKeys", function);
  napi_get_boolean(env, properties_are_told(), &told);
  napi_set_named_property(env, exports, "tellsAccessors", told);
}
