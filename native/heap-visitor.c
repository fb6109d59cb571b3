#define _GNU_SOURCE
#include "heap-visitor.h"

#ifdef __linux__
#include "v8-layout.h"

#include <dlfcn.h>
#include <string.h>

static struct v8_symbols v8;
static uint64_t isolate;
static const struct heap_visitor *functions;
static uintptr_t vtable[VTABLE_SLOTS_MAX + 2];
static const uint64_t *code_table; /* NULL: this V8 has none */

/* Where code holds a reference: on x64 within an instruction, unaligned; on arm64 an instruction loads it
 * from a pool behind the code, 19 bits of it saying how many words of 4 bytes away. NULL: another
 * instruction. */
static const void *embedded_at(uint64_t pc) {
#ifdef __aarch64__
  enum { LOAD_LITERAL = 0x58, OPCODE_SHIFT = 24, ABOVE_OFFSET = 8, BELOW_OFFSET = 5 };
  uint32_t instruction;
  memcpy(&instruction, (const void *)pc, sizeof instruction);
  if (instruction >> OPCODE_SHIFT != LOAD_LITERAL)
    return NULL;
  const int32_t words = (int32_t)(instruction << ABOVE_OFFSET) >> (ABOVE_OFFSET + BELOW_OFFSET);
  return (const uint32_t *)pc + words;
#else
  return (const void *)pc;
#endif
}

/* The first member of a RelocInfo is where in the code the reference is used. */
static void add_embedded(const uint64_t *reloc_info) {
  const void *place = embedded_at(reloc_info[0]);
  uint64_t tagged;
  if (place == NULL)
    return;
  memcpy(&tagged, place, sizeof tagged);
  functions->embedded(tagged);
}

static void on_embedded_of_code(void *self, uint64_t host, const uint64_t *reloc_info) {
  (void)self, (void)host;
  add_embedded(reloc_info);
}

static void on_embedded(void *self, const uint64_t *reloc_info) {
  (void)self;
  add_embedded(reloc_info);
}

/* A function holds its compiled code by a number in a table of V8's: two words an entry, the code in the
 * upper bits of the second. What is no code there is passed over: a free entry, or another layout. */
static void on_tabled_code(void *self, uint64_t host, uint32_t number) {
  enum { NUMBER_SHIFT = 8, ENTRY_WORDS = 2, CODE_SHIFT = 16 };
  (void)self;
  if (code_table == NULL || number == 0)
    return;
  const uint64_t *entry = code_table + (size_t)(number >> NUMBER_SHIFT) * ENTRY_WORDS;
  const uint64_t tagged = entry[1] >> CODE_SHIFT | 1;
  if (entry[0] >> 48 == 0 && v8_is_object(tagged) && (tagged & 7) == 1 &&
      v8_type_is(v8_type_of(tagged - 1), "Code"))
    functions->tabled_code(host, tagged);
}

static uintptr_t no_operation(void) { return 0; }

static uintptr_t function_for(enum visitor_slot slot) {
  switch (slot) {
  case SLOT_POINTERS:
  case SLOT_MAYBE_POINTERS: /* weak ones have another tag, and are passed over */
    return (uintptr_t)functions->pointers;
  case SLOT_POINTER:
  case SLOT_MAYBE_POINTER:
    return (uintptr_t)functions->pointer;
  case SLOT_CUSTOM_WEAK_POINTERS:
    return (uintptr_t)functions->custom_weak_pointers;
  case SLOT_CUSTOM_WEAK_POINTER:
    return (uintptr_t)functions->custom_weak_pointer;
  case SLOT_EPHEMERON:
    return (uintptr_t)functions->ephemeron;
  case SLOT_EMBEDDED_OF_CODE:
    return (uintptr_t)on_embedded_of_code;
  case SLOT_EMBEDDED:
    return (uintptr_t)on_embedded;
  case SLOT_TABLED_CODE:
    return (uintptr_t)on_tabled_code;
  default:
    return (uintptr_t)no_operation;
  }
}

const char *heap_visitor_prepare(const struct heap_visitor *visitor) {
#if !defined(__x86_64__) && !defined(__aarch64__)
  (void)visitor;
  return "the walk was tried on x64 and arm64 only";
#else
  const char *missing = v8_symbols_find(&v8);
  if (missing != NULL)
    return missing;
  if (!v8_layout_read() || v8_layout.last_function_type < 0)
    return "this V8 does not tell the layout of its objects";
  functions = visitor;
  for (size_t i = 0; i < v8.object_visitor.count; i++)
    vtable[i + 2] = function_for(v8.object_visitor.slots[i]);
  isolate = ((uint64_t(*)(void))dlsym(RTLD_DEFAULT, "_ZN2v87Isolate10GetCurrentEv"))();
  /* An argument that is not asked for does no harm. */
  if (v8.code_table != 0)
    code_table = ((const uint64_t *(*)(uint64_t))v8.code_table)(isolate);
  return NULL;
#endif
}

const struct v8_symbols *heap_visitor_symbols(void) { return &v8; }
uint64_t heap_visitor_isolate(void) { return isolate; }

uint32_t heap_words_at(uint64_t address) {
  uint64_t tagged = address + 1;
  const int bytes = ((int (*)(uint64_t *, uint64_t))v8.size_from_map)(&tagged, v8_read(address));
  return (uint32_t)bytes / 8;
}

void heap_visit_body(uint64_t address, uint32_t words) {
  static const struct { const uintptr_t *vtable; } visitor = {vtable + 2};
  uint64_t tagged = address + 1;
  const uint64_t map = v8_read(address);
  if (v8.body == BODY_OF_ISOLATE)
    ((void (*)(uint64_t, uint64_t, uint64_t, const void *))v8.visit_body)(isolate, map, tagged, &visitor);
  else
    ((void (*)(uint64_t *, uint64_t, int, const void *))v8.visit_body)(&tagged, map, (int)words * 8,
                                                                       &visitor);
}
#endif
