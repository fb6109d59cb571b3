#define _GNU_SOURCE
#include "seccomp.h"

#include "seccomp-calls.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

bool seccomp_is_possible(void) {
#ifdef THIS_ARCHITECTURE
  /* A null filter is refused as a bad address where filters are known at all. */
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT;
#else
  return false;
#endif
}

#ifdef THIS_ARCHITECTURE
/* A refused call fails with this. The conformance test takes an errno that no kernel gives. */
#ifndef SECCOMP_ERRNO
#define SECCOMP_ERRNO EPERM
#endif

/* As its number is the same on every architecture; older headers lack it. */
enum { NR_CLONE3 = 435 };

enum { LENGTH_MAX = 2048 };
static struct sock_filter program[LENGTH_MAX];
static unsigned length;

static void add(struct sock_filter instruction) {
  if (length < LENGTH_MAX)
    program[length] = instruction;
  length++;
}

#define ADD(...) add((struct sock_filter)__VA_ARGS__)
static void load_call(void) { ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))); }
/* Little-endian, as both architectures are. */
static void load_lower(unsigned argument) {
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * argument));
}
static void load_upper(unsigned argument) {
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8 * argument + 4));
}
static void fail_with(unsigned number) { ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | number)); }
static void refuse(void) { fail_with(SECCOMP_ERRNO); }
static void allow(void) { ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)); }
static void unless_equal_skip(uint32_t value, uint8_t skipped) {
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped));
}
static void unless_any_bit_skip(uint32_t bits, uint8_t skipped) {
  ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, skipped));
}

static void allow_call(uint32_t call) {
  unless_equal_skip(call, 1);
  allow();
}

static void allow_values(uint32_t call, unsigned argument, const uint32_t *values, unsigned count) {
  unless_equal_skip(call, (uint8_t)(2 * count + 2));
  load_lower(argument);
  for (unsigned i = 0; i < count; i++)
    allow_call(values[i]);
  refuse();
}

/* Refuses the call where any of the bits is set, and allows it else. */
static void refuse_bits(uint32_t call, unsigned argument, uint32_t bits) {
  unless_equal_skip(call, 4);
  load_lower(argument);
  unless_any_bit_skip(bits, 1);
  refuse();
  allow();
}

/* Allows the call where an argument is this very address; what is added next decides else. */
static void allow_address(uint32_t call, unsigned argument, const void *address) {
  unless_equal_skip(call, 6);
  load_lower(argument);
  unless_equal_skip((uint32_t)(uintptr_t)address, 3);
  load_upper(argument);
  unless_equal_skip((uint32_t)((uint64_t)(uintptr_t)address >> 32), 1);
  allow();
  load_call();
}

static void add_files(const char *writable_path) {
  const uint32_t changing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;
  allow_address(SYS_openat, 1, writable_path);
  refuse_bits(SYS_openat, 2, changing);
#ifdef __x86_64__
  allow_address(SYS_open, 0, writable_path);
  refuse_bits(SYS_open, 1, changing);
  allow_address(SYS_creat, 0, writable_path);
#endif
}

/* An asynchronous descriptor has the kernel send signals to whom it belongs. */
static void add_descriptors(void) {
  const unsigned count = seccomp_file_commands_count;
  unless_equal_skip(SYS_fcntl, (uint8_t)(2 * count + 7));
  load_lower(1);
  unless_equal_skip(F_SETFL, 4);
  load_lower(2);
  unless_any_bit_skip(O_ASYNC, 1);
  refuse();
  allow();
  for (unsigned i = 0; i < count; i++)
    allow_call(seccomp_file_commands[i]);
  refuse();
}

/* Refuses the call where an argument is `value`, and allows it else. */
static void refuse_value(uint32_t call, unsigned argument, uint32_t value) {
  unless_equal_skip(call, 4);
  load_lower(argument);
  unless_equal_skip(value, 1);
  refuse();
  allow();
}

static void add_processes(const struct confinement *confinement) {
  const uint32_t self[] = {(uint32_t)confinement->self};
  /* To itself a signal may go: that is how abort() ends a process. */
  allow_values(SYS_kill, 0, self, 1);
  allow_values(SYS_tgkill, 0, self, 1);
  allow_values(SYS_process_vm_readv, 0, self, 1);
  /* Threads may be made, libuv aborts without; processes may not. clone3 hides which of them it makes. */
  unless_equal_skip(NR_CLONE3, 1);
  fail_with(ENOSYS);
  unless_equal_skip(SYS_clone, 4);
  load_lower(0);
  unless_any_bit_skip(CLONE_THREAD, 1);
  allow();
  refuse();
  /* Its own limits may be asked for: the first argument is 0, and the third is no address. */
  unless_equal_skip(SYS_prlimit64, 8);
  load_lower(0);
  unless_equal_skip(0, 5);
  load_lower(2);
  unless_equal_skip(0, 3);
  load_upper(2);
  unless_equal_skip(0, 1);
  allow();
  refuse();
  /* Nobody may set aside what watches over it. */
  refuse_value(SYS_rt_sigaction, 0, SECCOMP_WATCH_SIGNAL);
  refuse_value(SYS_timer_settime, 0, (uint32_t)confinement->timer);
  refuse_value(SYS_timer_delete, 0, (uint32_t)confinement->timer);
}

/* Addresses are compared in units of 64 KiB, so that one fits into the 32 bits that a filter works with. V8's
 * pages begin and end at such bounds, and nothing smaller is mapped beside a shared mapping later on
 * (fork_ranges_keep_clear_of()), so none is refused since it lies there. */
enum { UNIT_BITS = SECCOMP_UNIT_BITS, FIRST_UNIT = 0, END_UNIT = 1 };

/* Stores in the filter's memory which units an address and a length take; refuses what is above 48 bits. */
static void add_units(void) {
  for (unsigned argument = 0; argument < 2; argument++) {
    load_upper(argument);
    ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x10000, 0, 1));
    refuse();
  }
  load_upper(0);
  ADD(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, UNIT_BITS));
  ADD(BPF_STMT(BPF_MISC | BPF_TAX, 0));
  load_lower(0);
  ADD(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, UNIT_BITS));
  ADD(BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0));
  ADD(BPF_STMT(BPF_ST, FIRST_UNIT));
  /* The parts of both beyond whole units, rounded up. */
  load_lower(0);
  ADD(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff));
  ADD(BPF_STMT(BPF_MISC | BPF_TAX, 0));
  load_lower(1);
  ADD(BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0xffff));
  ADD(BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0));
  ADD(BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 0xffff));
  ADD(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, UNIT_BITS));
  ADD(BPF_STMT(BPF_ST, END_UNIT));
  /* And the whole ones of the length, behind the first. */
  load_upper(1);
  ADD(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, UNIT_BITS));
  ADD(BPF_STMT(BPF_MISC | BPF_TAX, 0));
  load_lower(1);
  ADD(BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, UNIT_BITS));
  ADD(BPF_STMT(BPF_ALU | BPF_OR | BPF_X, 0));
  for (unsigned place = FIRST_UNIT; place <= END_UNIT; place++) {
    ADD(BPF_STMT(BPF_LDX | BPF_MEM, place));
    ADD(BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0));
  }
  ADD(BPF_STMT(BPF_ST, END_UNIT));
}

static void add_shared_mapping(const struct fork_range *range) {
  ADD(BPF_STMT(BPF_LD | BPF_MEM, FIRST_UNIT));
  ADD(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)((range->end - 1) >> UNIT_BITS), 3, 0));
  ADD(BPF_STMT(BPF_LD | BPF_MEM, END_UNIT));
  ADD(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)(range->start >> UNIT_BITS), 0, 1));
  refuse();
}

/* A shared mapping is not made writable again, and not moved to where that would not be seen. */
static void add_protections(const struct fork_range *shared, size_t count) {
  /* Of length 0 it makes a second mapping of what is shared. */
  unless_equal_skip(SYS_mremap, 6);
  load_lower(1);
  unless_equal_skip(0, 3);
  load_upper(1);
  unless_equal_skip(0, 1);
  refuse();
  load_call();
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 6, 0));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mprotect, 2, 0));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_pkey_mprotect, 1, 0));
  ADD(BPF_STMT(BPF_JMP | BPF_JA, 0)); /* past all of this; the distance is known below */
  const unsigned jump = length - 1;
  load_lower(2);
  ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_WRITE, 1, 0));
  allow();
  add_units();
  for (size_t i = 0; i < count; i++)
    add_shared_mapping(&shared[i]);
  allow();
  if (length <= LENGTH_MAX)
    program[jump].k = length - jump - 1;
}

static void build(const struct confinement *confinement) {
  length = 0;
  ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
  ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0));
  refuse();
  load_call();
#ifdef __x86_64__
  /* Calls of the x32 interface have numbers of their own. */
  ADD(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1));
  refuse();
#endif
  for (unsigned i = 0; i < seccomp_allowed_count; i++)
    allow_call(seccomp_allowed[i]);
  for (unsigned i = 0; i < seccomp_by_values_count; i++) {
    const struct seccomp_by_value *rule = &seccomp_by_values[i];
    allow_values(rule->call, rule->argument, rule->values, rule->count);
  }
  add_files(confinement->writable_path);
  add_descriptors();
  add_processes(confinement);
  add_protections(confinement->shared, confinement->shared_count);
  refuse();
}
#endif

bool confine(const struct confinement *confinement) {
#ifdef THIS_ARCHITECTURE
  build(confinement);
  const struct sock_fprog whole = {.len = (unsigned short)length, .filter = program};
  return length <= LENGTH_MAX && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole, 0, 0) == 0;
#else
  (void)confinement;
  return false;
#endif
}
#endif
