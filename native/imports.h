/* The functions that a loaded object imports: the part of its dynamic section that leads to their slots. */
#ifndef CACHE_ATTRIBUTION_IMPORTS_H
#define CACHE_ATTRIBUTION_IMPORTS_H

#ifdef __linux__
#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>

struct imports {
  const ElfW(Rela) * tables[2];
  size_t counts[2];
  const ElfW(Sym) * symbols;
  const char *names;
};

/* False where the object has none, or keeps them in another form. */
bool imports_find(const struct dl_phdr_info *object, struct imports *imports);

/* Name of the symbol of an entry; NULL of one without a symbol. */
const char *imports_name(const struct imports *imports, const ElfW(Rela) * entry);
#endif

#endif
