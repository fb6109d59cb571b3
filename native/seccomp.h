/* Confinement of a twin: no code that a release calls can reach anything outside of it. */
#ifndef CACHE_ATTRIBUTION_SECCOMP_H
#define CACHE_ATTRIBUTION_SECCOMP_H

#include "fork-ranges.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The facts of a confined process that its filter needs. */
struct confinement {
  pid_t self;
  /* One file may be opened for writing nevertheless: the one whose path is passed at this very address
   * (jemalloc writes its profile to a path and to nothing else). */
  const char *writable_path;
  /* Mappings that other processes share: they cannot be made writable, nor be moved. Beyond
   * SECCOMP_SHARED_MAX none is looked at. */
  const struct fork_range *shared;
  size_t shared_count;
  /* The timer that watches over it, which nobody may set or delete; -1 for none. */
  int timer;
};

enum { SECCOMP_SHARED_MAX = 128 };

/* Addresses of shared mappings are compared in units of so many bits: what shares one with them is refused
 * as well. */
enum { SECCOMP_UNIT_BITS = 16 };

/* The signal of that timer: nobody may handle or ignore it. */
#define SECCOMP_WATCH_SIGNAL SIGALRM

/* Whether this kernel takes a filter of system calls. */
bool seccomp_is_possible(void);

/* From here on only system calls succeed that read, or that concern the process's own memory, time, threads
 * and open descriptors. Every other fails with EPERM, numbers that no kernel has yet among them. False where
 * the kernel takes no filter. */
bool confine(const struct confinement *confinement);

#endif
