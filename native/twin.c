#define _GNU_SOURCE
#include "twin.h"

#include <errno.h>

#ifdef __linux__
#include "allocator.h"
#include "clock.h"
#include "fork-ranges.h"
#include "major-gc.h"
#include "open-guard.h"
#include "seccomp.h"
#include "threads.h"
#include "twin-exit.h"
#include "wait-slots.h"
#include "young-pages.h"

#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The child's end of the pipe; -1 in every process that is no twin. */
static int result_fd = -1;

/* Of a twin: it ends when its parent is another than this, or when it has been silent for too long. */
static struct {
  pid_t parent;
  double silence_max_ms;
  volatile double written_ms;
} watch;

/* Names the kept descriptor of a twin; empty where there is none. The filter knows it by its address. */
static char kept_path[32];

void twin_facts(struct twin_facts *facts) {
  typedef const char *(*version_fn)(void);
  version_fn version = (version_fn)dlsym(RTLD_DEFAULT, "gnu_get_libc_version");
  facts->libc = version == NULL ? NULL : version();
  facts->signal_slots = wait_slots_find();
  facts->can_confine = seccomp_is_possible();
  facts->tells_major_gcs = major_gcs_are_told();
}

bool twin_is_child(void) { return result_fd >= 0; }

/* Signals that are sent to the service are not the twin's business. Handlers for faults stay: V8 traps
 * WebAssembly's memory accesses with one. */
static void reset_signals(void) {
  static const int ignored[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGPIPE, SIGUSR1,
                                SIGUSR2, SIGPROF, SIGCHLD, SIGWINCH};
  for (int number = 1; number < NSIG; number++)
    if (number != SIGSEGV && number != SIGBUS && number != SIGFPE && number != SIGILL)
      signal(number, SIG_DFL);
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
    signal(ignored[i], SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

/* /dev/null in the place of every inherited descriptor. Closing them would not do: libuv aborts where it
 * cannot write to its own eventfd, which V8 makes it do whenever it posts a task. */
static bool replace_descriptors(int keep_fd) {
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  DIR *folder = opendir("/proc/self/fd");
  if (null_fd < 0 || folder == NULL)
    return false;
  const int folder_fd = dirfd(folder);
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    const int fd = atoi(entry->d_name);
    if (entry->d_name[0] == '.' || fd == folder_fd || fd == null_fd || fd == result_fd || fd == keep_fd)
      continue;
    if (dup2(null_fd, fd) < 0)
      return false;
  }
  closedir(folder);
  return true;
}

static void write_once(const char *path, const char *text, size_t length) {
  const int file = open(path, O_WRONLY | O_CLOEXEC);
  if (file < 0)
    return;
  const ssize_t written = write(file, text, length);
  (void)written; /* a kernel that refuses leaves the default */
  close(file);
}

static void look_at_parent(int signal_number) {
  (void)signal_number;
  if (getppid() != watch.parent)
    _exit(TWIN_EXIT_ORPHAN);
  if (clock_now_ms() - watch.written_ms > watch.silence_max_ms)
    _exit(TWIN_EXIT_SILENT);
}

/* The kernel ends a twin with its parent, but forgets to where the twin changes what user it is; the filter
 * refuses that. This does not depend on either. Gives the timer's number, or -1. By system calls: older C
 * libraries have these in a library of their own. */
static int begin_watch(void) {
  enum { EVERY_NS = 500 * 1000 * 1000 };
  int timer = -1;
  struct sigaction action = {.sa_handler = look_at_parent, .sa_flags = SA_RESTART};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SECCOMP_WATCH_SIGNAL};
  const struct itimerspec every = {{0, EVERY_NS}, {0, EVERY_NS}};
  if (sigaction(SECCOMP_WATCH_SIGNAL, &action, NULL) != 0 ||
      syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer) != 0 ||
      syscall(SYS_timer_settime, timer, 0, &every, NULL) != 0)
    return -1;
  return timer;
}

static void become_twin(pid_t parent, const struct twin_order *order) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(TWIN_EXIT_ORPHAN);
  prctl(PR_SET_NAME, "twin");
  setsid(); /* out of reach of the terminal's signals */
  reset_signals();
  watch.parent = parent;
  watch.silence_max_ms = 1e3 * order->alarm_s;
  watch.written_ms = clock_now_ms();
  const int timer = begin_watch();
  if (order->dies_first)
    write_once("/proc/self/oom_score_adj", "1000", 4);
  setpriority(PRIO_PROCESS, 0, 15);
  /* No core of a twin, which has all the service's data. To the kernel 1 means neither a file nor a handler
   * at a pipe; where the limit is 0 already it cannot be raised, and a handler gets an empty core. */
  const struct rlimit no_core = {1, 1};
  setrlimit(RLIMIT_CORE, &no_core);
  write_once("/proc/self/coredump_filter", "0", 1);
  if (!replace_descriptors(order->keep_fd))
    _exit(TWIN_EXIT_DESCRIPTORS);
  open_guard_except(kept_path);
  if (wait_slots_replace() != 0)
    _exit(TWIN_EXIT_SLOTS);
  static struct fork_range shared[SECCOMP_SHARED_MAX];
  size_t shared_count = 0;
  if (!fork_ranges_protect_shared(shared, SECCOMP_SHARED_MAX, &shared_count))
    _exit(TWIN_EXIT_SHARED);
  fork_ranges_keep_clear_of(shared, shared_count, (size_t)1 << SECCOMP_UNIT_BITS);
  if (order->keep_fd >= 0)
    snprintf(kept_path, sizeof kept_path, "/proc/self/fd/%d", order->keep_fd);
  const struct confinement confinement = {getpid(), kept_path, shared, shared_count, timer};
  if (timer < 0 || !confine(&confinement))
    _exit(TWIN_EXIT_UNCONFINED);
}

/* Threads of V8's have done what they were given by then; others of the service may work on. */
static const double THREADS_PATIENCE_MS = 25;

/* What of V8's heap forks get for the time being. One thread at a time makes twins: the lock of runs says so.
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
    result_fd = forked->fd = ends[1];
    become_twin(parent, order);
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

void twin_write(const char *bytes, size_t length) {
  watch.written_ms = clock_now_ms();
  if (getppid() != watch.parent)
    _exit(TWIN_EXIT_ORPHAN);
  while (length > 0) {
    const ssize_t written = write(result_fd, bytes, length);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      _exit(TWIN_EXIT_ORPHAN); /* nobody reads any more */
    bytes += written;
    length -= (size_t)written;
  }
}

int twin_dump_profile(void) {
  const char *path = kept_path;
  if (result_fd < 0 || kept_path[0] == '\0')
    return EBADF;
  mallctl_fn mallctl = allocator_mallctl();
  return mallctl == NULL ? ENOSYS : mallctl("prof.dump", NULL, NULL, &path, sizeof path);
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

bool twin_is_child(void) { return false; }

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

void twin_write(const char *bytes, size_t length) {
  (void)bytes;
  (void)length;
}

int twin_dump_profile(void) { return ENOSYS; }

void twin_end_of_thread(void) {}

int twin_reap(pid_t pid, int *status) {
  (void)pid;
  (void)status;
  return -1;
}
#endif
