/* V8's own functions and constants, found by their names in the symbol table of the object that holds V8.
 *
 * Rule: nothing is assumed of V8 that a name does not say. A mangled name carries the types of all arguments,
 * so a function whose arguments changed is missing; V8 reports its layouts in constants for debuggers
 * (v8dbg_…). */
#ifndef CACHE_ATTRIBUTION_V8_SYMBOLS_H
#define CACHE_ATTRIBUTION_V8_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How this V8 visits the references of one object. */
enum v8_body {
  BODY_MISSING,
  BODY_OF_MAP,        /* HeapObject::IterateBody(Map, int, ObjectVisitor *), Node 20 */
  BODY_OF_TAGGED_MAP, /* the same with Tagged<Map>, Node 22 */
  BODY_OF_ISOLATE     /* VisitObjectBody(Isolate *, Tagged<Map>, Tagged<HeapObject>, ObjectVisitor *) */
};

/* The role of a slot of V8's own visitor of references; the rest of them is of no interest. */
enum visitor_slot {
  SLOT_OTHER,
  SLOT_POINTERS,
  SLOT_MAYBE_POINTERS,
  SLOT_POINTER,
  SLOT_MAYBE_POINTER,
  SLOT_CUSTOM_WEAK_POINTERS,
  SLOT_CUSTOM_WEAK_POINTER,
  SLOT_EPHEMERON,
  SLOT_EMBEDDED_OF_CODE, /* VisitEmbeddedPointer(InstructionStream, RelocInfo *) */
  SLOT_EMBEDDED,         /* VisitEmbeddedPointer(RelocInfo *), Node 20 */
  SLOT_TABLED_CODE,      /* VisitJSDispatchTableEntry(HeapObject, handle), from Node 24 */
  SLOT_ROOT_POINTERS,
  SLOT_ROOT_POINTER,
  SLOT_RUNNING_CODE,
  SLOT_OF_EXTRACTOR /* overridden by V8's own visitor, whose members it uses */
};

/* The slots of a virtual table, in its order. */
enum { VTABLE_SLOTS_MAX = 64 };
struct v8_vtable {
  size_t count;
  uintptr_t functions[VTABLE_SLOTS_MAX];
  enum visitor_slot slots[VTABLE_SLOTS_MAX];
};

struct v8_symbols {
  enum v8_body body;
  uintptr_t visit_body;
  uintptr_t size_from_map;
  uintptr_t iterate_roots;
  bool iterate_roots_has_mode; /* a third argument, from Node 22 */
  uintptr_t heap_of_profiler;
  uintptr_t root_name;
  uintptr_t
      code_table; /* gives where the table begins by which functions hold their code; 0: there is none */
  struct v8_vtable object_visitor;
  struct v8_vtable root_visitor;
};

/* Finds them, once. Returns NULL, or what is missing, in words that stay valid. */
const char *v8_symbols_find(struct v8_symbols *symbols);

/* The value of the constant v8dbg_<name>, or of the first whose name begins so where `name` ends with "__";
 * `absent` where there is none. Only after v8_symbols_find(). */
int v8_constant(const char *name, int absent);

/* Whether an address lies in the object that holds V8: what Node keeps there is not on any heap. */
bool v8_image_holds(uintptr_t address);

/* Calls `visit` for every constant of v8dbg_type_<Class>__<TYPE>, with Class. */
void v8_each_type(void (*visit)(const char *class_name, size_t length, int type, void *data), void *data);

#endif
