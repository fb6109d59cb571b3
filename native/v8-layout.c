#define _GNU_SOURCE
#include "v8-layout.h"

#ifdef __linux__
#include "v8-symbols.h"

#include <string.h>

enum { TYPES_MAX = 4096, STRING_LENGTH = 12, FUNCTION_TYPE_NONE = 1 << 20 };

struct v8_layout v8_layout;

static struct {
  const char *name;
  size_t length;
} types[TYPES_MAX];

static void take_type(const char *name, size_t length, int type, void *data) {
  (void)data;
  if (type < 0 || type >= TYPES_MAX)
    return;
  const struct {
    const char *name;
    int *type;
  } wanted[] = {{"HeapNumber", &v8_layout.number_type},
                {"BigInt", &v8_layout.bigint_type},
                {"Map", &v8_layout.map_type},
                {"PropertyCell", &v8_layout.cell_type}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (length == strlen(wanted[i].name) && strncmp(name, wanted[i].name, length) == 0)
      *wanted[i].type = type;
  types[type].name = name;
  types[type].length = length;
  /* Proxies come before all other objects of JavaScript's in some versions, behind V8's own types in none. */
  if (type >= v8_layout.first_nonstring && strncmp(name, "JS", 2) == 0 && type < v8_layout.first_object_type)
    v8_layout.first_object_type = type;
}

bool v8_layout_read(void) {
  struct v8_layout *layout = &v8_layout;
  if (layout->first_object_type != 0)
    return true;
  layout->instance_type = v8_constant("class_Map__instance_type__", -1);
  layout->first_nonstring = v8_constant("FirstNonstringType", -1);
  layout->string_representation_mask = v8_constant("StringRepresentationMask", -1);
  layout->cons_string = v8_constant("ConsStringTag", -1);
  layout->external_string = v8_constant("ExternalStringTag", -1);
  layout->sliced_string = v8_constant("SlicedStringTag", 3);
  layout->thin_string = v8_constant("ThinStringTag", 5);
  layout->one_byte_string = v8_constant("OneByteStringTag", -1);
  layout->external_resource = v8_constant("class_ExternalString__resource__", -1);
  layout->backing_store = v8_constant("class_JSArrayBuffer__backing_store__", -1);
  layout->byte_length = v8_constant("class_JSArrayBuffer__byte_length__", -1);
  layout->array_buffer_type = v8_constant("type_JSArrayBuffer__JS_ARRAY_BUFFER_TYPE", -1);
  layout->shared_function_type = v8_constant("type_SharedFunctionInfo__SHARED_FUNCTION_INFO_TYPE", -1);
  layout->first_function_type = v8_constant("FirstJSFunctionType", FUNCTION_TYPE_NONE);
  layout->last_function_type = v8_constant("LastJSFunctionType", -1);
  const int needed[] = {
      layout->instance_type,     layout->first_nonstring,     layout->string_representation_mask,
      layout->cons_string,       layout->external_string,     layout->one_byte_string,
      layout->external_resource, layout->backing_store,       layout->byte_length,
      layout->array_buffer_type, layout->shared_function_type};
  for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
    if (needed[i] < 0)
      return false;
  layout->first_object_type = TYPES_MAX;
  layout->number_type = layout->bigint_type = layout->map_type = layout->cell_type = -1;
  v8_each_type(take_type, NULL);
  return layout->first_object_type < TYPES_MAX;
}

void v8_layout_note_function(uint64_t tagged) {
  if (!v8_is_object(tagged))
    return;
  const int type = v8_type_of(tagged - 1);
  if (type < v8_layout.first_function_type)
    v8_layout.first_function_type = type;
  if (type > v8_layout.last_function_type)
    v8_layout.last_function_type = type;
}

void v8_layout_note_builtin(uint64_t tagged) {
  const int context_at = v8_constant("class_JSFunction__context__", -1);
  const uint64_t context =
      v8_is_object(tagged) && context_at > 0 ? v8_read(tagged - 1 + (uint64_t)context_at) : 0;
  v8_layout.realm_type = v8_is_object(context) ? v8_type_of(context - 1) : 0;
}

const char *v8_type_name(int type, size_t *length) {
  if (type < 0 || type >= TYPES_MAX || types[type].name == NULL)
    return NULL;
  *length = types[type].length;
  return types[type].name;
}

bool v8_type_is(int type, const char *name) {
  size_t length = 0;
  const char *is = v8_type_name(type, &length);
  return is != NULL && length == strlen(name) && strncmp(is, name, length) == 0;
}

uint64_t v8_external_bytes(uint64_t address, int type) {
  if (!v8_type_is_string(type) || (type & v8_layout.string_representation_mask) != v8_layout.external_string)
    return 0;
  const uint32_t length = *(const uint32_t *)(address + STRING_LENGTH);
  /* Behind the resource stands where its data begins; an uncached one has none. */
  const size_t size = (size_t)v8_layout.external_resource + 2 * sizeof(uint64_t);
  const bool is_cached = (type & 0x10) == 0;
  const uint64_t data = is_cached ? v8_read(address + size - sizeof(uint64_t)) : 0;
  if (data == 0 || v8_image_holds(data))
    return 0;
  return (type & v8_layout.one_byte_string) != 0 ? length : 2ull * length;
}
#endif
