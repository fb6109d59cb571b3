/* The steps of V8's major GCs in the calling thread's isolate, reported in the instant.
 *
 * Node-API has no notice of collections, and what Node's JavaScript has comes a turn late or costs memory for
 * each. V8's own functions are called by the names under which Node exports them for addons; nothing else of
 * C++ is used. V8 says nothing of a collection inside a callback of another. */
#ifndef CACHE_ATTRIBUTION_MAJOR_GC_H
#define CACHE_ATTRIBUTION_MAJOR_GC_H

#include <stdbool.h>

struct major_gcs {
  bool is_marking;
  /* Begun markings and ended major GCs since the first call: what changes when either happens. */
  double notices;
  /* Milliseconds since the end of the last; negative: none has ended since the first call. */
  double since_ms;
};

/* Whether this Node exports what is needed. */
bool major_gcs_are_told(void);

/* V8 calls back from here until the last watcher of this thread has gone; a caller below without one
 * begins it too, and then it lasts as long as the thread, or until a watcher has come and gone. */
void major_gcs_watch(void);
void major_gcs_unwatch(void);

/* The environment of the calling thread ends: V8 calls this addon no more, which may be unloaded before the
 * isolate is gone. */
void major_gcs_end_of_thread(void);

/* The reports of V8 about this thread's isolate since it calls back. */
struct major_gcs major_gcs_read(void);

/* V8's `used_heap_size` as the last major GC ended, before any thread could reserve a part of the heap again;
 * negative where none has ended since the last call. */
double major_gc_heap_bytes(void);

struct last_major_gc {
  /* As above, with or without an earlier question; negative where none has ended since V8 calls back. */
  double heap_bytes;
  /* Milliseconds since its end. */
  double since_ms;
};

/* The last one; asks V8 for nothing, and begins nothing. */
struct last_major_gc major_gc_last(void);

#endif
