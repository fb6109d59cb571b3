/* The twin: a copy-on-write child of a quiescent process. What "quiescent" takes is decided in src/twin/;
 * here is what only C can do about it: heap pages that V8 keeps from forks, and the fork. The child's part is
 * in twin-child.h. */
#ifndef CACHE_ATTRIBUTION_TWIN_H
#define CACHE_ATTRIBUTION_TWIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The result of a fork, seen by the parent. */
struct twin_forked {
  pid_t pid;        /* 0 in the child */
  int fd;           /* the parent's end of the pipe, non-blocking; the child's end in the child */
  double scan_ms;   /* finding what of V8's heap forks do not get yet */
  double fork_ms;   /* giving it to the child, the fork, and where the heap was not open taking it back */
  const char *step; /* the call that failed, where twin_fork() returned an errno */
};

/* The order for a fork. */
struct twin_order {
  int keep_fd;         /* stays open in the child; -1 for none */
  unsigned alarm_s;    /* the kernel ends the child so long after it wrote to its parent last */
  const int32_t *busy; /* threads of the service that never rest, and are not waited for */
  size_t busy_count;
  bool dies_first;   /* when memory is short */
  uintptr_t filling; /* the one page of V8's young generation that holds objects; 0: it is not the only one */
};

/* The facts that are known before anything is forked. */
struct twin_facts {
  const char *libc;     /* glibc's version; NULL on another libc */
  int signal_slots;     /* import slots of the executable through which V8 wakes its threads; 0: no twin */
  bool can_confine;     /* whether the kernel takes a system-call filter */
  bool tells_major_gcs; /* whether V8 reports what it does for major GCs */
};

void twin_facts(struct twin_facts *facts);

/* Gives V8's heap to forks ahead of one, so that the pause for it need not: what takes long is to find what
 * V8 keeps from them, and to change so many mappings. Returns 0, or the errno of `step` with nothing changed.
 */
int twin_open_heap(const char **step);

/* Keeps it from forks again; nothing where it is not open. */
void twin_close_heap(void);

/* Forks. Where the heap is not open it is opened for the fork alone. Returns 0 in both processes, or the
 * errno of `forked->step`, with nothing forked and nothing changed. Every descriptor of the child but
 * `keep_fd` is replaced by /dev/null. The child is set up already: of low priority, dead
 * with its parent or by the alarm. */
int twin_fork(struct twin_forked *forked, const struct twin_order *order);

/* The calling thread ends: with a worker its twin ends and is reaped, and a heap that it opened is kept from
 * forks again. */
void twin_end_of_thread(void);

/* 0: it still runs; 1: it ended, with `status` as of waitpid(); -1: there is no such child (any more). */
int twin_reap(pid_t pid, int *status);

#endif
