/* Properties of JavaScript's objects by V8's own books. Reads memory alone: no getter, no proxy is asked. */
#ifndef CACHE_ATTRIBUTION_V8_FIELDS_H
#define CACHE_ATTRIBUTION_V8_FIELDS_H

#include "v8-names.h"

/* Appends `.key`: of a string, a symbol's description or a number. */
void v8_add_property(struct text *text, uint64_t key);

/* Appends the name of the property whose field has a place: in the object itself, by its word, or outside, by
 * its index. */
void v8_add_field(struct text *text, uint64_t object, uint32_t place, bool is_in_object);

/* The value of an object's own property, tagged; 0 where it has none that is data. `name` is a constant: it
 * is known by its address. */
uint64_t v8_field_of(uint64_t object, const char *name);

/* Calls `visit` with the value, tagged, of each own property that is a field or of a dictionary; what else V8
 * keeps beside them comes too. */
void v8_each_value(uint64_t object, void (*visit)(uint64_t tagged, void *data), void *data);

/* Whether objects of a type are nothing but properties, elements and entries: a plain object or an instance
 * of a class, an array, a Map, a Set. */
bool v8_type_is_plain(int type);

/* Writes over every named property of a plain object, private ones too, and returns how many there were;
 * those of a dictionary stay. In a twin only: no code of the service may meet the object again. */
uint32_t v8_drop_fields(uint64_t object, uint64_t undefined);

#endif
