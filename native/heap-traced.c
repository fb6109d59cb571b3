#define _GNU_SOURCE
#include "heap-traced.h"

#ifdef __linux__
#include "index.h"
#include "list.h"
#include "v8-layout.h"
#include "v8-symbols.h"

/* An object made from a template stands right behind plain ones among the types, and has its C++ object
 * before its own fields. That begins behind a header, whose last half word is its size in words, one bit
 * aside; larger ones have a size of 0 there. */
enum { CPP_OBJECT = 24, WORD = 8, HEADER = 8, SIZE_BEFORE = 2 };

struct traced {
  uint64_t slot;
  bool is_held;
};

static struct list all = {.size = sizeof(struct traced)};
static struct index by_slot;

/* The type of objects that may have one; -1 where this V8 keeps them elsewhere. */
static int wrapper_type(void) {
  static int type;
  if (type == 0) {
    const int plain = v8_constant("type_JSObject__JS_OBJECT_TYPE", -1);
    const bool has_them =
        v8_constant("type_JSObjectWithEmbedderSlots__JS_OBJECT_WITH_EMBEDDER_SLOTS_TYPE", -1) >= 0;
    type = plain < 0 || !has_them ? -1 : plain + 1;
  }
  return type;
}

void heap_traced_clear(void) {
  list_free(&all);
  index_free(&by_slot);
}

bool heap_traced_add(uint64_t slot) {
  if (wrapper_type() < 0 || (by_slot.size == 0 && !index_make(&by_slot, 1 << 10)))
    return false;
  if (index_get(&by_slot, slot) != INDEX_NONE)
    return true;
  const uint32_t place = (uint32_t)all.count;
  struct traced *traced = list_push(&all);
  if (traced == NULL || !index_put(&by_slot, slot, place))
    return false;
  *traced = (struct traced){.slot = slot};
  return true;
}

void heap_traced_visit(uint64_t address, int type, void (*visit)(uint64_t tagged)) {
  if (all.count == 0 || type != wrapper_type())
    return;
  const uint64_t object = v8_read(address + CPP_OBJECT);
  if (object == 0 || (object & (WORD - 1)) != 0)
    return;
  const uint64_t size = (uint64_t)(*(const uint16_t *)(object - SIZE_BEFORE) >> 1) * WORD;
  for (uint64_t at = object; at + WORD <= object - HEADER + size; at += WORD) {
    const uint32_t place = index_get(&by_slot, v8_read(at));
    if (place == INDEX_NONE)
      continue;
    struct traced *traced = (struct traced *)all.at + place;
    traced->is_held = true;
    visit(v8_read(traced->slot));
  }
}

size_t heap_traced_count(void) { return all.count; }

uint64_t heap_traced_loose(size_t place) {
  const struct traced *traced = (const struct traced *)all.at + place;
  return traced->is_held ? 0 : v8_read(traced->slot);
}
#endif
