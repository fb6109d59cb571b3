/* The sort of an object of V8's heap, as far as it matters to who it belongs to. */
#ifndef CACHE_ATTRIBUTION_HEAP_SORTS_H
#define CACHE_ATTRIBUTION_HEAP_SORTS_H

#include <stdbool.h>
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
  SORT_MODULE,     /* SourceTextModule */
  SORT_CJS_MODULE, /* an instance of Node's class Module */
  SORT_TIMER,      /* of Node's classes, and of those that extend them */
  SORT_IMMEDIATE,
  SORT_PROMISE,
  SORT_SOCKET,
  SORT_REQUEST, /* the client's or the server's side of one, or its answer */
  SORT_STREAM,  /* any other that has the state of one */
  SORT_HANDLE,  /* what Node keeps beside sockets and requests: its own C++, agents */
  SORT_CLIENT   /* what fetch() keeps of one origin */
};

/* Whether JavaScript calls it an object that is no function. */
static inline bool heap_sort_is_object(enum heap_sort sort) {
  return sort == SORT_OBJECT || sort >= SORT_TIMER;
}

/* The sort of an object, which is that of its map. */
enum heap_sort heap_sort_of(uint64_t address);

#endif
