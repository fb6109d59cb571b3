/* Memory that V8 maps itself, outside its heap and the allocator: WebAssembly memories, resizable
 * ArrayBuffers, growable SharedArrayBuffers of the calling thread's isolate. V8 says of none of them how
 * much is resident.
 *
 * Rule: where V8 keeps its lists of backing stores is learnt from buffers that were planted, whose addresses
 * and sizes are known; what does not fit all of them is not used, and the reading is refused with a reason.
 */
#ifndef CACHE_ATTRIBUTION_MAPPED_H
#define CACHE_ATTRIBUTION_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kind of a planted buffer. */
enum planted_kind { PLANTED_MALLOC, PLANTED_RESIZABLE, PLANTED_WASM };

/* One planted buffer: the reference to it where V8 keeps it, and what is known of it. */
struct planted {
  uint64_t tagged;
  enum planted_kind kind;
  bool is_shared;
  uint64_t length, max_length;
};

enum { PLANTED_MAX = 32 };

/* Learns the layouts from buffers that were made in this order, the last of them just now. Returns NULL, or
 * why they cannot be learnt. */
const char *mapped_learn(const struct planted *planted, size_t count);

/* After the planted buffers grew old, right after a collection: learns the other list. `ends_sweep` has V8
 * take back its lists from a sweep that has ended. Returns NULL, or why it cannot be done. */
const char *mapped_learn_old(void (*ends_sweep)(void *), void *data);

/* V8 14 (Node 26) makes the buffer of a WebAssembly memory when it is first asked for: until then the memory
 * is in another list. Called before and after one memory was made of `length` bytes, twice. Returns NULL, or
 * why the memory would be overlooked. */
void mapped_before_memory(void);
const char *mapped_after_memory(uint64_t length);

/* Resident bytes now; -1 with `reason` set where they cannot be known. */
double mapped_read(void (*ends_sweep)(void *), void *data, const char **reason);

/* Of the last reading the part that WebAssembly memories have. */
double mapped_memory_bytes(void);

/* Whether a planted buffer is among those that the last reading found. */
bool mapped_has(uint64_t tagged);

/* Whether the last reading found memory that begins there; false of all where nothing was learnt. */
bool mapped_begins_at(uint64_t start);

/* Whether there was a reading: without one nobody knows what V8 maps. */
bool mapped_is_known(void);

#endif
