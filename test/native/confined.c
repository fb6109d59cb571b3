/* Which system calls the filter of a twin lets through, call by call: prints "number NAME" of each that is
 * allowed with nonsense for arguments, and "allowed WHAT" or "refused WHAT" of each case below. What is
 * refused fails with an errno that no kernel gives. */
#define SECCOMP_ERRNO 4095
#include "../../native/seccomp-calls.c"
#include "../../native/seccomp.c"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NUMBERS = 1200, REFUSED = 1, PATIENCE_MS = 1500, UNIT = 0x10000, TIMER = 7 };

static struct fork_range shared[1];
static char *mapping; /* shared: the second of four parts of four units each */
static char kept[] = "/proc/self/fd/9";

static bool confine_here(void) {
  const struct confinement confinement = {getpid(), kept, shared, 1, TIMER};
  return confine(&confinement);
}

static pid_t try(long number, const long *args) {
  fflush(stdout);
  const pid_t child = fork();
  if (child != 0)
    return child;
  if (!confine_here())
    abort();
  const long result = syscall(number, args[0], args[1], args[2], args[3], args[4], args[5]);
  _exit(result == -1 && errno == SECCOMP_ERRNO ? REFUSED : 0);
}

/* Whatever the call does to the child (ends it, has it wait for ever), only the refusal has this exit code.
 */
static bool is_refused(pid_t child, double *left_ms) {
  const struct timespec pause = {0, 1000000};
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if ((*left_ms -= 1) < 0) {
      kill(child, SIGKILL);
      waitpid(child, &status, 0);
      break;
    }
    nanosleep(&pause, NULL);
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == REFUSED;
}

static void try_numbers(void) {
  static const long nonsense[6] = {-1, -1, -1, -1, -1, -1};
  static pid_t children[NUMBERS];
  for (long number = 0; number < NUMBERS; number++)
    children[number] = try(number, nonsense);
  double left_ms = PATIENCE_MS;
  for (long number = 0; number < NUMBERS; number++)
    if (!is_refused(children[number], &left_ms))
      printf("number %ld\n", number);
}

static void try_case(const char *what, long number, const long *args) {
  double left_ms = PATIENCE_MS;
  printf("%s %s\n", is_refused(try(number, args), &left_ms) ? "refused" : "allowed", what);
}
#define TRY(what, number, ...) try_case(what, number, (const long[6]){__VA_ARGS__})

static void try_files(int file) {
  TRY("opening to read", SYS_openat, AT_FDCWD, (long)"/etc/passwd", O_RDONLY | O_CLOEXEC);
  TRY("opening a folder", SYS_openat, AT_FDCWD, (long)"/etc", O_RDONLY | O_DIRECTORY);
  TRY("opening to write", SYS_openat, AT_FDCWD, (long)"/dev/null", O_WRONLY);
  TRY("opening to read and write", SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDWR);
  TRY("opening to create", SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY | O_CREAT);
  TRY("opening to truncate", SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY | O_TRUNC);
  TRY("opening the kept path to write", SYS_openat, AT_FDCWD, (long)kept, O_WRONLY | O_CREAT | O_TRUNC);
  TRY("opening another path of these letters to write", SYS_openat, AT_FDCWD, (long)strdup(kept), O_WRONLY);
  TRY("fcntl F_DUPFD", SYS_fcntl, file, F_DUPFD, 3);
  TRY("fcntl F_GETFL", SYS_fcntl, file, F_GETFL);
  TRY("fcntl F_SETFL O_NONBLOCK", SYS_fcntl, file, F_SETFL, O_NONBLOCK);
  TRY("fcntl F_SETFL O_ASYNC", SYS_fcntl, file, F_SETFL, O_ASYNC);
  TRY("fcntl F_GETOWN", SYS_fcntl, file, F_GETOWN);
  TRY("fcntl F_SETOWN", SYS_fcntl, file, F_SETOWN, getppid());
  TRY("fcntl F_SETOWN_EX", SYS_fcntl, file, 15, (long)"\0\0\0\0\0\0\0\0");
  TRY("fcntl F_SETSIG", SYS_fcntl, file, 10, SIGKILL);
  TRY("fcntl F_SETLK", SYS_fcntl, file, F_SETLK, 0);
  TRY("fcntl F_SETLKW", SYS_fcntl, file, F_SETLKW, 0);
  TRY("fcntl F_OFD_SETLK", SYS_fcntl, file, 37, 0);
  TRY("fcntl F_SETLEASE", SYS_fcntl, file, 1024, F_RDLCK);
  TRY("fcntl F_NOTIFY", SYS_fcntl, file, 1026, 0);
  TRY("fcntl F_SETPIPE_SZ", SYS_fcntl, file, 1031, 4096);
  TRY("fcntl F_ADD_SEALS", SYS_fcntl, file, 1033, 0);
  TRY("fcntl F_SET_RW_HINT", SYS_fcntl, file, 1036, 0);
  TRY("ioctl TCGETS", SYS_ioctl, file, 0x5401, 0);
  TRY("ioctl FIONREAD", SYS_ioctl, file, 0x541b, 0);
  TRY("ioctl FIONBIO", SYS_ioctl, file, 0x5421, 0);
  TRY("ioctl FIOASYNC", SYS_ioctl, file, 0x5452, 0);
  TRY("ioctl FIOSETOWN", SYS_ioctl, file, 0x8901, 0);
  TRY("ioctl SIOCSPGRP", SYS_ioctl, file, 0x8902, 0);
  TRY("ioctl FS_IOC_GETFLAGS", SYS_ioctl, file, 0x80086601, 0);
  TRY("ioctl FS_IOC_SETFLAGS", SYS_ioctl, file, 0x40086602, 0);
  TRY("ioctl TIOCSTI", SYS_ioctl, file, 0x5412, 0);
  TRY("ioctl FICLONE", SYS_ioctl, file, 0x40049409, 0);
  TRY("fadvise64 SEQUENTIAL", SYS_fadvise64, file, 0, 0, 2);
  TRY("fadvise64 DONTNEED", SYS_fadvise64, file, 0, 0, 4);
}

static void try_processes(void) {
  static const struct rlimit { long current, most; } limit = {0, 0};
  const long parent = getpid();
  TRY("kill of the parent", SYS_kill, parent, 0);
  TRY("kill of everyone", SYS_kill, -1, 0);
  TRY("kill of its group", SYS_kill, 0, 0);
  TRY("tgkill of the parent", SYS_tgkill, parent, parent, 0);
  TRY("process_vm_readv of the parent", SYS_process_vm_readv, parent, 0, 0, 0, 0, 0);
  TRY("a thread", SYS_clone, CLONE_THREAD, 0, 0, 0, 0);
  TRY("a process", SYS_clone, SIGCHLD, 0, 0, 0, 0);
  TRY("a process that shares all memory", SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0, 0, 0);
  TRY("reading its limits", SYS_prlimit64, 0, 4, 0, (long)&limit + 0);
  TRY("changing its limits", SYS_prlimit64, 0, 4, (long)&limit, 0);
  TRY("reading the parent's limits", SYS_prlimit64, parent, 4, 0, 0);
  TRY("prctl PR_SET_NAME", SYS_prctl, 15, (long)"x");
  TRY("prctl PR_GET_PDEATHSIG", SYS_prctl, 2, 0);
  TRY("prctl PR_SET_PDEATHSIG", SYS_prctl, 1, 0);
  TRY("prctl PR_SET_DUMPABLE", SYS_prctl, 4, 1);
  TRY("prctl PR_SET_MM", SYS_prctl, 35, 0);
  TRY("prctl PR_SET_SECCOMP", SYS_prctl, 22, 2, 0);
  TRY("prctl PR_SET_PTRACER", SYS_prctl, 0x59616d61, parent);
  TRY("handling SIGUSR1", SYS_rt_sigaction, SIGUSR1, 0, 0, 8);
  TRY("handling the signal that watches over it", SYS_rt_sigaction, SIGALRM, 0, 0, 8);
  TRY("setting a timer", SYS_timer_settime, TIMER + 1, 0, 0, 0);
  TRY("setting the timer that watches over it", SYS_timer_settime, TIMER, 0, 0, 0);
  TRY("deleting the timer that watches over it", SYS_timer_delete, TIMER);
  TRY("personality, asked for", SYS_personality, 0xffffffff);
  TRY("personality, changed", SYS_personality, 0x0040000);
}

static void try_memory(void) {
  char *const begin = mapping, *const end = mapping + 4 * UNIT;
  const long writable = PROT_READ | PROT_WRITE;
  TRY("making private memory writable", SYS_mprotect, (long)(begin - 4 * UNIT), UNIT, writable);
  TRY("making all up to shared memory writable", SYS_mprotect, (long)(begin - 4 * UNIT), 4 * UNIT, writable);
  TRY("making all behind shared memory writable", SYS_mprotect, (long)end, 4 * UNIT, writable);
  TRY("making shared memory readable", SYS_mprotect, (long)begin, 4 * UNIT, PROT_READ);
  TRY("making shared memory writable", SYS_mprotect, (long)begin, 4 * UNIT, writable);
  TRY("making its first page writable", SYS_mprotect, (long)begin, 4096, writable);
  TRY("making its last page writable", SYS_mprotect, (long)(end - 4096), 4096, writable);
  TRY("making it writable from before", SYS_mprotect, (long)(begin - UNIT), UNIT + 4096, writable);
  TRY("making it writable from far before", SYS_mprotect, 4096, (long)end, writable);
  TRY("making it writable beyond its end", SYS_mprotect, (long)(end - 4096), 8 * UNIT, writable);
  TRY("making it writable with a key", SYS_pkey_mprotect, (long)begin, 4096, writable, -1);
  TRY("making memory beyond 48 bits writable", SYS_mprotect, 1l << 52, 4096, writable);
  TRY("moving private memory", SYS_mremap, (long)(begin - 4 * UNIT), UNIT, UNIT, 1);
  TRY("moving shared memory", SYS_mremap, (long)begin, 4096, 4096, 1);
  TRY("mapping shared memory a second time", SYS_mremap, (long)begin, 0, 4096, 1);
  TRY("madvise MADV_DONTNEED", SYS_madvise, (long)begin, 4096, 4);
  TRY("madvise MADV_REMOVE", SYS_madvise, (long)begin, 4096, 9);
  TRY("madvise MADV_HWPOISON", SYS_madvise, (long)begin, 4096, 100);
  TRY("madvise MADV_PAGEOUT", SYS_madvise, (long)begin, 4096, 21);
  TRY("msync MS_ASYNC", SYS_msync, (long)begin, 4096, MS_ASYNC);
  TRY("msync MS_SYNC", SYS_msync, (long)begin, 4096, MS_SYNC);
}

#ifdef __x86_64__
/* The calls of 32-bit programs, which a 64-bit one can make, too: 20 is getpid(). */
static void try_other_architectures(void) {
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    long result = 20;
    if (!confine_here())
      abort();
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    _exit((int)result == -SECCOMP_ERRNO ? REFUSED : 0);
  }
  double left_ms = PATIENCE_MS;
  printf("%s a call of 32-bit programs\n", is_refused(child, &left_ms) ? "refused" : "allowed");
  TRY("a call of the x32 interface", 0x40000000 + SYS_getpid, 0);
}
#else
static void try_other_architectures(void) {}
#endif

int main(void) {
  char *whole = mmap(NULL, 16 * UNIT, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  whole += -(uintptr_t)whole % UNIT;
  mapping =
      mmap(whole + 4 * UNIT, 4 * UNIT, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  shared[0] = (struct fork_range){(uintptr_t)mapping, (uintptr_t)mapping + 4 * UNIT};
  setvbuf(stdout, NULL, _IOFBF, 1 << 20);
  try_numbers();
  try_files(open("/dev/null", O_RDONLY));
  try_processes();
  try_memory();
  try_other_architectures();
  return 0;
}
