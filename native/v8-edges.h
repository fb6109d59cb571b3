/* The edges from one object of V8's to the next, as the source has it: a property, a variable of a closure,
 * an element. */
#ifndef CACHE_ATTRIBUTION_V8_EDGES_H
#define CACHE_ATTRIBUTION_V8_EDGES_H

#include "v8-functions.h"

/* Where a way stands: the last two objects on it. */
struct v8_walker {
  uint64_t holder; /* of `at` */
  uint64_t at;
  bool
      begins_with_class; /* what the way begins with, where it is told from here on, is no name but a class */
  bool is_in_events;     /* in the table of an EventTarget's listeners, whose keys are their events */
};

/* Goes on to the object at `address`. Appends a segment where the step has a name of its own, and sets
 * `script` to the script of each function and module that the way goes through. True where the way may be
 * told from here on: a variable of a function, a global property and a module say by themselves where they
 * are, and so does the class of what the roots hold, or of what a native handle is of. */
bool v8_step(struct v8_walker *walker, uint64_t address, struct text *segment, struct text *script);

/* The SharedFunctionInfo of what runs a SourceTextModule: its function, described or made, or the generator
 * of it; 0 where there is none yet. */
uint64_t v8_shared_of_module(uint64_t module);

/* Whether it is a module, of either kind, that stands in no script of Node's. */
bool v8_is_application_module(uint64_t address);

/* How many entries a Map, Set or array has; -1 of anything else. */
int64_t v8_entries_of(uint64_t address);

/* Appends the name, other than `default`, under which an ES module exports a value; nothing of any other. */
void v8_add_export_of(struct text *text, uint64_t module, uint64_t value);

#endif
