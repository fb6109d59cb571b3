#define _GNU_SOURCE
#include "v8-symbols.h"

#ifdef __linux__
#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char CURRENT_ISOLATE[] = "_ZN2v87Isolate10GetCurrentEv";
static const char CONSTANT_PREFIX[] = "v8dbg_";
static const char TYPE_PREFIX[] = "type_";
enum { CONSTANTS_MAX = 2048 };

/* One constant: its name without the prefix. */
struct constant {
  const char *name;
  int value;
};

/* The file stays mapped: names are read from it. */
static struct {
  const uint8_t *bytes;
  size_t length;
  uintptr_t bias;
  uintptr_t start, end; /* of what is loaded of it */
  const ElfW(Sym) * symbols;
  size_t count;
  const char *names;
  size_t names_length;
} image;

static struct constant constants[CONSTANTS_MAX];
static size_t constant_count;

/* Where the object lies that holds `address`, and the path of its file. */
struct holder {
  uintptr_t address;
  uintptr_t bias;
  uintptr_t start, end;
  const char *path;
};

static int is_holder(struct dl_phdr_info *object, size_t size, void *data) {
  (void)size;
  struct holder *holder = data;
  bool is_here = false;
  holder->start = UINTPTR_MAX;
  holder->end = 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    if (header->p_type != PT_LOAD)
      continue;
    const uintptr_t start = object->dlpi_addr + header->p_vaddr, end = start + header->p_memsz;
    holder->start = start < holder->start ? start : holder->start;
    holder->end = end > holder->end ? end : holder->end;
    is_here = is_here || (holder->address >= start && holder->address < end);
  }
  holder->bias = object->dlpi_addr;
  holder->path = object->dlpi_name[0] == '\0' ? "/proc/self/exe" : object->dlpi_name;
  return is_here;
}

static bool map_file(const char *path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  /* Not fstat(): a binary that names it loads on glibc 2.33 and later alone. */
  const off_t size = lseek(file, 0, SEEK_END);
  if (size >= (off_t)sizeof(ElfW(Ehdr))) {
    image.length = (size_t)size;
    void *bytes = mmap(NULL, image.length, PROT_READ, MAP_PRIVATE, file, 0);
    image.bytes = bytes == MAP_FAILED ? NULL : bytes;
  }
  close(file);
  return image.bytes != NULL;
}

static bool lies_within(uint64_t offset, uint64_t length) {
  return offset <= image.length && length <= image.length - offset;
}

/* The full symbol table where there is one: newer majors hide V8's internals from the dynamic one. */
static bool find_table(void) {
  const ElfW(Ehdr) *header = (const void *)image.bytes;
  if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_shentsize != sizeof(ElfW(Shdr)) ||
      !lies_within(header->e_shoff, (uint64_t)header->e_shnum * sizeof(ElfW(Shdr))))
    return false;
  const ElfW(Shdr) *sections = (const void *)(image.bytes + header->e_shoff);
  static const unsigned kinds[] = {SHT_SYMTAB, SHT_DYNSYM};
  for (size_t k = 0; k < 2; k++)
    for (unsigned i = 0; i < header->e_shnum; i++) {
      const ElfW(Shdr) *table = &sections[i];
      if (table->sh_type != kinds[k] || table->sh_link >= header->e_shnum)
        continue;
      const ElfW(Shdr) *text = &sections[table->sh_link];
      if (!lies_within(table->sh_offset, table->sh_size) || !lies_within(text->sh_offset, text->sh_size))
        continue;
      image.symbols = (const void *)(image.bytes + table->sh_offset);
      image.count = table->sh_size / sizeof(ElfW(Sym));
      image.names = (const char *)(image.bytes + text->sh_offset);
      image.names_length = text->sh_size;
      return true;
    }
  return false;
}

/* A symbol that is defined, or NULL. */
static const char *name_of(const ElfW(Sym) * symbol) {
  if (symbol->st_value == 0 || symbol->st_shndx == SHN_UNDEF || symbol->st_name >= image.names_length)
    return NULL;
  return image.names + symbol->st_name;
}

/* A wanted symbol; of several names for one thing the first that is there is taken. */
struct wanted {
  const char *name;
  uintptr_t address;
  size_t size;
};

enum {
  SIZE_OF_MAP,
  SIZE_OF_TAGGED_MAP,
  VISIT_OF_MAP,
  VISIT_OF_TAGGED_MAP,
  VISIT_OF_ISOLATE,
  ROOTS,
  ROOTS_WITH_MODE,
  HEAP_OF_PROFILER,
  ROOT_NAME,
  CODE_TABLE,
  CODE_TABLE_OF_ISOLATE,
  OBJECT_VTABLE,
  ROOT_VTABLE,
  WANTED_COUNT
};

static struct wanted wanted[WANTED_COUNT] = {
    [SIZE_OF_MAP] = {.name = "_ZNK2v88internal10HeapObject11SizeFromMapENS0_3MapE"},
    [SIZE_OF_TAGGED_MAP] = {.name = "_ZNK2v88internal10HeapObject11SizeFromMapENS0_6TaggedINS0_3MapEEE"},
    [VISIT_OF_MAP] = {.name = "_ZN2v88internal10HeapObject11IterateBodyENS0_3MapEiPNS0_13ObjectVisitorE"},
    [VISIT_OF_TAGGED_MAP] =
        {.name = "_ZN2v88internal10HeapObject11IterateBodyENS0_6TaggedINS0_3MapEEEiPNS0_13ObjectVisitorE"},
    [VISIT_OF_ISOLATE] = {.name = "_ZN2v88internal15VisitObjectBodyEPNS0_7IsolateENS0_6TaggedINS0_3MapEEENS3_"
                                  "INS0_10HeapObjectEEEPNS0_13ObjectVisitorE"},
    [ROOTS] = {.name = "_ZN2v88internal4Heap12IterateRootsEPNS0_11RootVisitorENS_4base7EnumSetINS0_"
                       "8SkipRootEiEE"},
    [ROOTS_WITH_MODE] = {.name = "_ZN2v88internal4Heap12IterateRootsEPNS0_11RootVisitorENS_4base7EnumSetINS0_"
                                 "8SkipRootEiEENS1_16IterateRootsModeE"},
    [HEAP_OF_PROFILER] = {.name = "_ZNK2v88internal12HeapProfiler4heapEv"},
    [ROOT_NAME] = {.name = "_ZN2v88internal11RootVisitor8RootNameENS0_4RootE"},
    [CODE_TABLE] = {.name = "_ZN2v88internal17ExternalReference25js_dispatch_table_addressEv"},
    [CODE_TABLE_OF_ISOLATE] =
        {.name = "_ZN2v88internal17ExternalReference25js_dispatch_table_addressEPNS0_7IsolateE"},
    [OBJECT_VTABLE] = {.name = "_ZTVN2v88internal26IndexedReferencesExtractorE"},
    [ROOT_VTABLE] = {.name = "_ZTVN2v88internal24RootsReferencesExtractorE"},
};

static void take_constant(const char *name, const ElfW(Sym) * symbol) {
  if (constant_count < CONSTANTS_MAX && symbol->st_size == sizeof(int))
    constants[constant_count++] = (struct constant){name, *(const int *)(image.bias + symbol->st_value)};
}

static void take_symbols(void) {
  for (size_t i = 0; i < image.count; i++) {
    const char *name = name_of(&image.symbols[i]);
    if (name == NULL)
      continue;
    if (strncmp(name, CONSTANT_PREFIX, sizeof CONSTANT_PREFIX - 1) == 0)
      take_constant(name + sizeof CONSTANT_PREFIX - 1, &image.symbols[i]);
    if (strncmp(name, "_Z", 2) != 0)
      continue;
    for (size_t k = 0; k < WANTED_COUNT; k++)
      if (wanted[k].address == 0 && strcmp(name, wanted[k].name) == 0) {
        wanted[k].address = image.bias + image.symbols[i].st_value;
        wanted[k].size = image.symbols[i].st_size;
      }
  }
}

/* The role of a visitor's function, by its name. `with` is a part of the types of its arguments. */
static const struct {
  const char *called, *with;
  enum visitor_slot slot;
} SLOT_NAMES[] = {
    {"13VisitPointersE", "19FullMaybeObjectSlot", SLOT_MAYBE_POINTERS},
    {"13VisitPointersE", "14FullObjectSlot", SLOT_POINTERS},
    {"12VisitPointerE", "19FullMaybeObjectSlot", SLOT_MAYBE_POINTER},
    {"12VisitPointerE", "14FullObjectSlot", SLOT_POINTER},
    {"16VisitCodePointerE", "", SLOT_POINTER},
    {"29VisitInstructionStreamPointerE", "", SLOT_POINTER},
    {"21VisitProtectedPointerE", "19FullMaybeObjectSlot", SLOT_MAYBE_POINTER},
    {"21VisitProtectedPointerE", "", SLOT_POINTER},
    {"23VisitCustomWeakPointersE", "", SLOT_CUSTOM_WEAK_POINTERS},
    {"22VisitCustomWeakPointerE", "", SLOT_CUSTOM_WEAK_POINTER},
    {"14VisitEphemeronE", "", SLOT_EPHEMERON},
    {"20VisitEmbeddedPointerE", "17InstructionStream", SLOT_EMBEDDED_OF_CODE},
    {"20VisitEmbeddedPointerE", "", SLOT_EMBEDDED},
    {"25VisitJSDispatchTableEntryE", "", SLOT_TABLED_CODE},
    {"17VisitRootPointersE", "", SLOT_ROOT_POINTERS},
    {"27VisitCompressedRootPointersE", "", SLOT_ROOT_POINTERS},
    {"16VisitRootPointerE", "", SLOT_ROOT_POINTER},
    {"16VisitRunningCodeE", "", SLOT_RUNNING_CODE},
    {"ReferencesExtractor", "", SLOT_OF_EXTRACTOR},
};

static enum visitor_slot slot_named(const char *name) {
  for (size_t i = 0; i < sizeof SLOT_NAMES / sizeof *SLOT_NAMES; i++)
    if (strstr(name, SLOT_NAMES[i].called) != NULL && strstr(name, SLOT_NAMES[i].with) != NULL)
      return SLOT_NAMES[i].slot;
  return SLOT_OTHER;
}

/* Behind the offset to the top and the type's description stand the functions. */
static bool read_vtable(struct v8_vtable *table, const struct wanted *symbol) {
  const size_t count = symbol->size / sizeof(uintptr_t);
  if (symbol->address == 0 || count < 5 || count - 2 > VTABLE_SLOTS_MAX)
    return false;
  table->count = count - 2;
  memcpy(table->functions, (const uintptr_t *)symbol->address + 2, table->count * sizeof(uintptr_t));
  return true;
}

/* False where one function has two names that say different things: then a linker has folded them. */
static bool name_slots(struct v8_vtable *table) {
  for (size_t i = 0; i < image.count; i++) {
    const uintptr_t address = image.bias + image.symbols[i].st_value;
    for (size_t k = 0; k < table->count; k++) {
      if (table->functions[k] != address)
        continue;
      const char *name = name_of(&image.symbols[i]);
      const enum visitor_slot slot = name == NULL ? SLOT_OTHER : slot_named(name);
      if (slot == SLOT_OTHER || table->slots[k] == slot)
        continue;
      if (table->slots[k] != SLOT_OTHER)
        return false;
      table->slots[k] = slot;
    }
  }
  return true;
}

static bool has_slot(const struct v8_vtable *table, enum visitor_slot slot) {
  for (size_t k = 0; k < table->count; k++)
    if (table->slots[k] == slot)
      return true;
  return false;
}

static bool has_slots(const struct v8_vtable *table, const enum visitor_slot *slots, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!has_slot(table, slots[i]))
      return false;
  return true;
}

static const char *find(struct v8_symbols *found) {
  static const enum visitor_slot object_slots[] = {SLOT_POINTERS, SLOT_MAYBE_POINTERS, SLOT_EPHEMERON,
                                                   SLOT_CUSTOM_WEAK_POINTERS};
  static const enum visitor_slot root_slots[] = {SLOT_ROOT_POINTERS, SLOT_ROOT_POINTER};
  struct holder holder = {.address = (uintptr_t)dlsym(RTLD_DEFAULT, CURRENT_ISOLATE)};
  if (holder.address == 0 || dl_iterate_phdr(is_holder, &holder) != 1)
    return "V8's Isolate::GetCurrent() is not exported";
  image.bias = holder.bias;
  image.start = holder.start;
  image.end = holder.end;
  if (!map_file(holder.path) || !find_table())
    return "the symbol table of the file that holds V8 cannot be read";
  take_symbols();
  if (v8_constant("TaggedSize", 0) != sizeof(uint64_t))
    return "this V8 compresses its pointers";
  const struct {
    int index;
    enum v8_body body;
  } bodies[] = {{VISIT_OF_MAP, BODY_OF_MAP},
                {VISIT_OF_TAGGED_MAP, BODY_OF_TAGGED_MAP},
                {VISIT_OF_ISOLATE, BODY_OF_ISOLATE}};
  for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
    if (wanted[bodies[i].index].address != 0) {
      found->visit_body = wanted[bodies[i].index].address;
      found->body = bodies[i].body;
    }
  found->size_from_map =
      wanted[SIZE_OF_MAP].address != 0 ? wanted[SIZE_OF_MAP].address : wanted[SIZE_OF_TAGGED_MAP].address;
  found->iterate_roots_has_mode = wanted[ROOTS].address == 0;
  found->iterate_roots = wanted[found->iterate_roots_has_mode ? ROOTS_WITH_MODE : ROOTS].address;
  found->heap_of_profiler = wanted[HEAP_OF_PROFILER].address;
  found->root_name = wanted[ROOT_NAME].address;
  found->code_table =
      wanted[CODE_TABLE].address != 0 ? wanted[CODE_TABLE].address : wanted[CODE_TABLE_OF_ISOLATE].address;
  if (found->body == BODY_MISSING || found->size_from_map == 0 || found->iterate_roots == 0 ||
      found->heap_of_profiler == 0 || found->root_name == 0)
    return "this V8 has no symbols for its functions that visit objects (a stripped binary, or another "
           "version)";
  if (!read_vtable(&found->object_visitor, &wanted[OBJECT_VTABLE]) ||
      !read_vtable(&found->root_visitor, &wanted[ROOT_VTABLE]) || !name_slots(&found->object_visitor) ||
      !name_slots(&found->root_visitor) ||
      !has_slots(&found->object_visitor, object_slots, sizeof object_slots / sizeof *object_slots) ||
      !has_slots(&found->root_visitor, root_slots, sizeof root_slots / sizeof *root_slots))
    return "the visitors of this V8 are not understood";
  return NULL;
}

const char *v8_symbols_find(struct v8_symbols *symbols) {
  static struct v8_symbols found;
  static const char *missing;
  static bool is_sought;
  if (!is_sought)
    missing = find(&found);
  is_sought = true;
  *symbols = found;
  return missing;
}

int v8_constant(const char *name, int absent) {
  const size_t length = strlen(name);
  const bool is_prefix = length > 2 && strcmp(name + length - 2, "__") == 0;
  for (size_t i = 0; i < constant_count; i++)
    if (is_prefix ? strncmp(constants[i].name, name, length) == 0 : strcmp(constants[i].name, name) == 0)
      return constants[i].value;
  return absent;
}

bool v8_image_holds(uintptr_t address) { return address >= image.start && address < image.end; }

void v8_each_type(void (*visit)(const char *, size_t, int, void *), void *data) {
  for (size_t i = 0; i < constant_count; i++) {
    const char *name = constants[i].name;
    if (strncmp(name, TYPE_PREFIX, sizeof TYPE_PREFIX - 1) != 0)
      continue;
    name += sizeof TYPE_PREFIX - 1;
    const char *end = strstr(name, "__");
    if (end != NULL)
      visit(name, (size_t)(end - name), constants[i].value, data);
  }
}
#endif
