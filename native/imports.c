#define _GNU_SOURCE
#include "imports.h"

#ifdef __linux__
#include <stdint.h>

/* The dynamic section holds addresses in most objects, and offsets in a few (the vDSO). */
static uintptr_t address_of(const struct dl_phdr_info *object, uintptr_t value) {
  return value < object->dlpi_addr ? object->dlpi_addr + value : value;
}

bool imports_find(const struct dl_phdr_info *object, struct imports *imports) {
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

const char *imports_name(const struct imports *imports, const ElfW(Rela) * entry) {
  const size_t symbol = ELF64_R_SYM(entry->r_info);
  return symbol == 0 ? NULL : imports->names + imports->symbols[symbol].st_name;
}
#endif
