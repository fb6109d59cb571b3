/* Where V8 keeps what of an object, by its constants for debuggers, and reading it: memory is read, no
 * JavaScript runs and nothing is allocated on V8's heap. Addresses are untagged. */
#ifndef CACHE_ATTRIBUTION_V8_LAYOUT_H
#define CACHE_ATTRIBUTION_V8_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct v8_layout {
  int instance_type; /* of a Map */
  int first_nonstring;
  int string_representation_mask, cons_string, external_string, sliced_string, thin_string;
  int one_byte_string;
  int external_resource;
  int backing_store, byte_length; /* of a JSArrayBuffer */
  int array_buffer_type, shared_function_type;
  int number_type, bigint_type; /* of HeapNumber and BigInt; -1 where V8 does not say */
  int map_type, cell_type;      /* of Map and PropertyCell; likewise */
  int first_function_type, last_function_type;
  int first_object_type; /* the least type of what JavaScript calls an object */
  int realm_type; /* of a NativeContext, which has the built-ins of a context; 0 where it is not known */
};
extern struct v8_layout v8_layout;

/* Fills it; only after v8_symbols_find(). False where a constant is missing that nothing goes without. */
bool v8_layout_read(void);

/* Widens the range of function types by a function's: Node 20 tells none. */
void v8_layout_note_function(uint64_t tagged);

/* Takes the type of a realm from a function that is built in. */
void v8_layout_note_builtin(uint64_t tagged);

/* The name of an instance type, or NULL; `length` is set with it. */
const char *v8_type_name(int type, size_t *length);
bool v8_type_is(int type, const char *name);

static inline uint64_t v8_read(uint64_t address) { return *(const uint64_t *)address; }
static inline bool v8_is_object(uint64_t tagged) { return (tagged & 3) == 1; }
static inline uint64_t v8_map_of(uint64_t address) { return v8_read(address) - 1; }
static inline int v8_type_of_map(uint64_t map) {
  return *(const uint16_t *)(map + (uint64_t)v8_layout.instance_type);
}
static inline int v8_type_of(uint64_t address) { return v8_type_of_map(v8_map_of(address)); }
static inline bool v8_type_is_string(int type) { return type < v8_layout.first_nonstring; }
static inline bool v8_type_is_function(int type) {
  return type >= v8_layout.first_function_type && type <= v8_layout.last_function_type;
}

/* Bytes that an external string has outside V8's heap; 0 of any other, and where they lie in the executable.
 */
uint64_t v8_external_bytes(uint64_t address, int type);

#endif
