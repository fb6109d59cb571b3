#define _GNU_SOURCE
#include "slots.h"

#ifdef __linux__
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int wakes_nobody(pthread_cond_t *condition) {
  (void)condition;
  return 0;
}

/* The parts of an object's dynamic section that lead to its import slots. */
struct imports {
  const ElfW(Rela) * tables[2];
  size_t counts[2];
  const ElfW(Sym) * symbols;
  const char *names;
};

struct search {
  bool replaces;
  int of_executable;
};

/* The dynamic section holds addresses in most objects, and offsets in a few (the vDSO). */
static uintptr_t address_of(const struct dl_phdr_info *object, uintptr_t value) {
  return value < object->dlpi_addr ? object->dlpi_addr + value : value;
}

static bool find_imports(const struct dl_phdr_info *object, struct imports *imports) {
  const ElfW(Dyn) *dynamic = NULL;
  *imports = (struct imports){0};
  for (int i = 0; i < object->dlpi_phnum; i++)
    if (object->dlpi_phdr[i].p_type == PT_DYNAMIC)
      dynamic = (const void *)(object->dlpi_addr + object->dlpi_phdr[i].p_vaddr);
  bool is_rela = true;
  for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
    const uintptr_t value = dynamic->d_un.d_ptr;
    switch (dynamic->d_tag) {
    case DT_JMPREL:
      imports->tables[0] = (const void *)address_of(object, value);
      break;
    case DT_PLTRELSZ:
      imports->counts[0] = value / sizeof(ElfW(Rela));
      break;
    case DT_RELA:
      imports->tables[1] = (const void *)address_of(object, value);
      break;
    case DT_RELASZ:
      imports->counts[1] = value / sizeof(ElfW(Rela));
      break;
    case DT_PLTREL:
      is_rela = value == DT_RELA;
      break;
    case DT_SYMTAB:
      imports->symbols = (const void *)address_of(object, value);
      break;
    case DT_STRTAB:
      imports->names = (const void *)address_of(object, value);
      break;
    }
  }
  return is_rela && imports->symbols != NULL && imports->names != NULL;
}

static bool replace(void **slot) {
  const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t start = (uintptr_t)slot & ~(page - 1);
  const uintptr_t end = ((uintptr_t)(slot + 1) + page - 1) & ~(page - 1);
  if (mprotect((void *)start, end - start, PROT_READ | PROT_WRITE) != 0)
    return false;
  *slot = (void *)wakes_nobody;
  return true;
}

static int search_object(struct dl_phdr_info *object, size_t size, void *data) {
  struct search *search = data;
  struct imports imports;
  (void)size;
  const bool is_executable = object->dlpi_name == NULL || object->dlpi_name[0] == '\0';
  if ((!is_executable && !search->replaces) || !find_imports(object, &imports))
    return 0;
  for (int table = 0; table < 2; table++) {
    for (size_t i = 0; imports.tables[table] != NULL && i < imports.counts[table]; i++) {
      const ElfW(Rela) *entry = &imports.tables[table][i];
      const size_t symbol = ELF64_R_SYM(entry->r_info);
      if (symbol == 0)
        continue;
      const char *name = imports.names + imports.symbols[symbol].st_name;
      if (strcmp(name, "pthread_cond_signal") != 0 && strcmp(name, "pthread_cond_broadcast") != 0)
        continue;
      const bool is_done = !search->replaces || replace((void **)(object->dlpi_addr + entry->r_offset));
      if (is_executable && is_done)
        search->of_executable++;
    }
  }
  return 0;
}

static int visit_objects(bool replaces) {
  struct search search = {.replaces = replaces};
  dl_iterate_phdr(search_object, &search);
  return search.of_executable;
}

int slots_count(void) { return visit_objects(false); }

int slots_silence(void) { return visit_objects(true); }
#endif
