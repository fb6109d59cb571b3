#define _GNU_SOURCE
#include "twin-child.h"

#include <errno.h>

#ifdef __linux__
#include "allocator.h"
#include "clock.h"
#include "fork-ranges.h"
#include "open-guard.h"
#include "seccomp.h"
#include "twin-exit.h"
#include "wait-slots.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
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

/* Takes what is written and gives nothing back. A jail of chroot may have no /dev: there it is a file in
 * memory, which goes with the twin. */
static int open_null(void) {
  const int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  enum { CLOSE_ON_EXEC = 1 }; /* MFD_CLOEXEC, by the system call: older C libraries have neither */
  return null_fd >= 0 ? null_fd : (int)syscall(SYS_memfd_create, "cache-attribution", CLOSE_ON_EXEC);
}

/* That in the place of every inherited descriptor. Closing them would not do: libuv aborts where it
 * cannot write to its own eventfd, which V8 makes it do whenever it posts a task. */
static bool replace_descriptors(int keep_fd) {
  const int null_fd = open_null();
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

void become_twin(int fd, pid_t parent, const struct twin_order *order) {
  result_fd = fd;
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
#else
bool twin_is_child(void) { return false; }

void twin_write(const char *bytes, size_t length) {
  (void)bytes;
  (void)length;
}

int twin_dump_profile(void) { return ENOSYS; }
#endif
