/* What sort of thing an object of V8's heap is, as far as it matters to who it belongs to. */
#ifndef CACHE_ATTRIBUTION_HEAP_SORTS_H
#define CACHE_ATTRIBUTION_HEAP_SORTS_H

#include <stdint.h>

enum heap_sort {
  SORT_INTERNAL, /* V8's own: an array, a table, a cell; part of what it is in */
  SORT_STRING,
  SORT_OBJECT, /* JavaScript's, of no sort below */
  SORT_FUNCTION,
  SORT_SUSPENDED, /* a generator or a suspended call of an async function */
  SORT_CONTEXT,   /* the variables of a call */
  SORT_SCRIPT,
  SORT_SHARED,          /* a SharedFunctionInfo */
  SORT_DESCRIPTION,     /* of a function or a scope */
  SORT_BYTECODE,        /* BytecodeArray */
  SORT_MACHINE_CODE,    /* Code, InstructionStream */
  SORT_FEEDBACK_VECTOR, /* tells its function */
  SORT_FEEDBACK,
  SORT_MAP,
  SORT_SHAPE,
  SORT_MODULE,    /* SourceTextModule */
  SORT_CJS_MODULE /* an instance of Node's class Module */
};

/* The sort of an object, which is that of its map. */
enum heap_sort heap_sort_of(uint64_t address);

#endif
