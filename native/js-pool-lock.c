#define _GNU_SOURCE
#include "js-pool-lock.h"

#if defined(__linux__) && defined(__x86_64__)
#include "imports.h"

#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Read by the code below. */
__attribute__((visibility("hidden"), used)) void *volatile pool_lock_chosen;
__attribute__((visibility("hidden"), used)) void *pool_lock_original;
__attribute__((visibility("hidden"), used)) lock_listener volatile pool_lock_listener;
__attribute__((visibility("hidden"))) void pool_lock_entry(void);

/* Takes a lock as before, after a few comparisons; the listener is called for the chosen one alone. Registers
 * that a caller expects to find again are where the listener can read them, and the unwinder is told where.
 */
__asm__(".text\n"
        ".hidden pool_lock_entry\n"
        ".globl pool_lock_entry\n"
        ".type pool_lock_entry,@function\n"
        "pool_lock_entry:\n"
        "  .cfi_startproc\n"
        "  endbr64\n"
        "  movq pool_lock_chosen(%rip), %rax\n"
        "  testq %rax, %rax\n"
        "  je 1f\n"
        "  cmpq %rax, %rdi\n"
        "  je 1f\n"
        "2:\n"
        "  jmp *pool_lock_original(%rip)\n"
        "1:\n"
        "  movq pool_lock_listener(%rip), %rax\n"
        "  testq %rax, %rax\n"
        "  je 2b\n"
        "  pushq %rdi\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  pushq %r15\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  .cfi_rel_offset %r15, 0\n"
        "  pushq %r14\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  .cfi_rel_offset %r14, 0\n"
        "  pushq %r13\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  .cfi_rel_offset %r13, 0\n"
        "  pushq %r12\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  .cfi_rel_offset %r12, 0\n"
        "  pushq %rbp\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  .cfi_rel_offset %rbp, 0\n"
        "  pushq %rbx\n"
        "  .cfi_adjust_cfa_offset 8\n"
        "  .cfi_rel_offset %rbx, 0\n"
        "  movq %rsp, %rsi\n"
        "  call *%rax\n"
        "  popq %rbx\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  .cfi_restore %rbx\n"
        "  popq %rbp\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  .cfi_restore %rbp\n"
        "  popq %r12\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  .cfi_restore %r12\n"
        "  popq %r13\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  .cfi_restore %r13\n"
        "  popq %r14\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  .cfi_restore %r14\n"
        "  popq %r15\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  .cfi_restore %r15\n"
        "  popq %rdi\n"
        "  .cfi_adjust_cfa_offset -8\n"
        "  jmp *pool_lock_original(%rip)\n"
        "  .cfi_endproc\n"
        ".size pool_lock_entry, .-pool_lock_entry\n");

static struct {
  void **slot;
  int slots;
  uintptr_t begin, end;
  uintptr_t sealed_begin, sealed_end; /* what the linker wrote and closed */
} executable;

static void note_code(const struct dl_phdr_info *object) {
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &object->dlpi_phdr[i];
    if (part->p_type == PT_GNU_RELRO) {
      executable.sealed_begin = object->dlpi_addr + part->p_vaddr;
      executable.sealed_end = executable.sealed_begin + part->p_memsz;
    }
    if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0)
      continue;
    const uintptr_t begin = object->dlpi_addr + part->p_vaddr;
    if (executable.begin == 0)
      executable.begin = begin;
    executable.end = begin + part->p_memsz;
  }
}

/* The first object is the executable. */
static int note_slot(struct dl_phdr_info *object, size_t size, void *data) {
  struct imports imports;
  (void)size, (void)data;
  note_code(object);
  for (int table = 0; imports_find(object, &imports) && table < 2; table++) {
    for (size_t i = 0; imports.tables[table] != NULL && i < imports.counts[table]; i++) {
      const char *name = imports_name(&imports, &imports.tables[table][i]);
      if (name == NULL || strcmp(name, "pthread_mutex_lock") != 0)
        continue;
      executable.slot = (void **)(object->dlpi_addr + imports.tables[table][i].r_offset);
      executable.slots++;
    }
  }
  return 1;
}

bool pool_lock_find(void) {
  if (executable.begin == 0)
    dl_iterate_phdr(note_slot, NULL);
  return executable.slots == 1;
}

bool pool_lock_is_code(uintptr_t address) { return address >= executable.begin && address < executable.end; }

static bool write_slot(void *function) {
  const uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
  const uintptr_t page = (uintptr_t)executable.slot & ~(page_bytes - 1);
  if (mprotect((void *)page, page_bytes, PROT_READ | PROT_WRITE) != 0)
    return false;
  __atomic_store_n(executable.slot, function, __ATOMIC_SEQ_CST);
  const bool was_sealed = (executable.sealed_begin & ~(page_bytes - 1)) <= page &&
                          page + page_bytes <= (executable.sealed_end & ~(page_bytes - 1));
  if (was_sealed)
    mprotect((void *)page, page_bytes, PROT_READ);
  return true;
}

bool pool_lock_listen(lock_listener listener) {
  void *now = *executable.slot;
  if (now != (void *)pool_lock_entry)
    pool_lock_original = now;
  pool_lock_listener = listener;
  return now == (void *)pool_lock_entry || write_slot((void *)pool_lock_entry);
}

bool pool_lock_restore(void) {
  pool_lock_listener = NULL;
  /* A slot that something else has changed since leads there, and from there to what is here. */
  return *executable.slot != (void *)pool_lock_entry || write_slot(pool_lock_original);
}

void pool_lock_choose(void *mutex) { pool_lock_chosen = mutex; }
#endif
