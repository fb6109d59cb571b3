#define _GNU_SOURCE
#include "twin.h"

#include <errno.h>

#ifdef __linux__
#include "allocator.h"
#include "clock.h"
#include "fork-ranges.h"
#include "major-gc.h"
#include "seccomp.h"
#include "threads.h"
#include "twin-child.h"
#include "wait-slots.h"
#include "young-pages.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void twin_facts(struct twin_facts *facts) {
  typedef const char *(*version_fn)(void);
  version_fn version = (version_fn)dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
  facts->libc = version == NULL ? NULL : version();
  facts->signal_slots = wait_slots_find();
  facts->can_confine = seccomp_is_possible();
  facts->tells_major_gcs = major_gcs_are_told();
}

/* Threads of V8's have done what they were given by then; others of the service may work on. */
static const double THREADS_PATIENCE_MS = 25;

/* The part of V8's heap that forks get for the time being. One thread at a time makes twins: the lock of runs
 * says so.
 */
static struct {
  bool is_open;
  pthread_t opener;
  struct fork_ranges kept;   /* to be kept from forks again */
  struct fork_ranges layout; /* all that was mapped when it was opened */
  struct fork_ranges young;  /* pages of V8's young generation */
} heap;

/* The twin that this thread made last, while nobody has heard of its end; 0 where there is none. */
static _Thread_local pid_t child;

int twin_open_heap(const char **step) {
  twin_close_heap();
  heap.opener = pthread_self();
  *step = "reading /proc/self/smaps";
  int failed = fork_ranges_add_kept(&heap.kept);
  if (failed == 0) {
    *step = "madvise";
    failed = fork_ranges_advise(&heap.kept, 0, MADV_DOFORK);
  }
  if (failed == 0) {
    *step = "reading /proc/self/maps";
    failed = fork_ranges_add_anonymous(&heap.layout);
    young_pages_add(&heap.young, &heap.kept, 0);
  }
  heap.is_open = failed == 0;
  if (failed != 0)
    twin_close_heap();
  return failed;
}

void twin_close_heap(void) {
  fork_ranges_advise(&heap.kept, 0, MADV_DONTFORK);
  fork_ranges_free(&heap.kept);
  fork_ranges_free(&heap.layout);
  fork_ranges_free(&heap.young);
  heap.is_open = false;
}

/* Adds to `heap.kept` what forks do not get yet. */
static int find_rest_of_heap(void) {
  const int failed = heap.is_open ? fork_ranges_add_new_kept(&heap.kept, &heap.layout) : EAGAIN;
  return failed == EAGAIN ? fork_ranges_add_kept(&heap.kept) : failed;
}

int twin_fork(struct twin_forked *forked, const struct twin_order *order) {
  const size_t given = heap.kept.count;
  const bool was_open = heap.is_open;
  int ends[2], failed = 0;
  sigset_t all, previous;
  const double started = clock_now_ms();
  double forking = started;
  forked->step = "reading /proc/self/smaps";
  failed = find_rest_of_heap();
  if (failed != 0)
    goto end;
  forked->scan_ms = clock_now_ms() - started;
  forked->step = "finding the calls that wait for threads";
  if (wait_slots_find() < 0) {
    failed = ENOMEM;
    goto end;
  }
  forked->step = "pipe2";
  if (pipe2(ends, O_CLOEXEC) != 0) {
    failed = errno;
    goto end;
  }
  /* Handlers of the service must not run in the child. */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  const pid_t parent = getpid();
  /* The last JavaScript before this may have set a thread of V8's to compile, and what that holds the child
   * would wait for. */
  threads_await_rest(order->busy, order->busy_count, THREADS_PATIENCE_MS);
  forking = clock_now_ms();
  forked->step = "madvise";
  failed = fork_ranges_advise(&heap.kept, given, MADV_DOFORK);
  if (failed == 0) {
    static struct fork_ranges empty;
    forked->step = "fork";
    young_pages_add(&heap.young, &heap.kept, given);
    young_pages_wipe(&empty, &heap.young, order->filling);
    allocator_before_fork();
    forked->pid = fork();
    failed = forked->pid < 0 ? errno : 0;
    if (forked->pid != 0)
      young_pages_keep(&empty);
  }
  if (failed == 0 && forked->pid == 0) {
    allocator_after_fork();
    forked->fd = ends[1];
    become_twin(ends[1], parent, order);
    return 0;
  }
  pthread_sigmask(SIG_SETMASK, &previous, NULL);
  close(ends[1]);
  if (failed != 0)
    close(ends[0]);
  else
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
  child = failed == 0 ? forked->pid : 0;
  forked->fd = ends[0];
end:
  if (!was_open)
    twin_close_heap();
  forked->fork_ms = clock_now_ms() - forking;
  return failed;
}

void twin_end_of_thread(void) {
  const bool is_main = syscall(SYS_gettid) == getpid();
  if (heap.is_open && pthread_equal(heap.opener, pthread_self()))
    twin_close_heap();
  /* With the process the kernel ends it and reaps it. */
  if (child == 0 || is_main || kill(child, SIGKILL) != 0)
    return;
  while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
    ;
  child = 0;
}

int twin_reap(pid_t pid, int *status) {
  const pid_t ended = waitpid(pid, status, WNOHANG);
  if (ended != 0 && pid == child)
    child = 0;
  return ended == pid ? 1 : ended == 0 ? 0 : -1;
}

#else

void twin_facts(struct twin_facts *facts) {
  facts->libc = NULL;
  facts->signal_slots = 0;
  facts->can_confine = false;
  facts->tells_major_gcs = false;
}

int twin_open_heap(const char **step) {
  *step = "madvise";
  return ENOSYS;
}

void twin_close_heap(void) {}

int twin_fork(struct twin_forked *forked, const struct twin_order *order) {
  (void)order;
  forked->step = "fork";
  return ENOSYS;
}

void twin_end_of_thread(void) {}

int twin_reap(pid_t pid, int *status) {
  (void)pid;
  (void)status;
  return -1;
}
#endif
