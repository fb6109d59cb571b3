#define _GNU_SOURCE
#include "seccomp-calls.h"

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* Calls that are newer than the headers of the oldest glibc that this is built with. From 424 on every
 * architecture has the same numbers. */
enum {
#ifdef __x86_64__
  NR_RSEQ = 334,
  NR_URETPROBE = 335,
  NR_UPROBE = 336,
#else
  NR_RSEQ = 293,
#endif
  NR_CLOSE_RANGE = 436,
  NR_FACCESSAT2 = 439,
  NR_EPOLL_PWAIT2 = 441,
  NR_FUTEX_WAITV = 449,
  NR_CACHESTAT = 451,
  NR_MAP_SHADOW_STACK = 453,
  NR_FUTEX_WAKE = 454,
  NR_FUTEX_WAIT = 455,
  NR_FUTEX_REQUEUE = 456,
  NR_STATMOUNT = 457,
  NR_LISTMOUNT = 458,
  NR_LSM_GET_SELF_ATTR = 459,
  NR_LSM_LIST_MODULES = 461,
  NR_MSEAL = 462,
  NR_GETXATTRAT = 464,
  NR_LISTXATTRAT = 465,
  NR_FILE_GETATTR = 468,
  NR_LISTNS = 470,
};

/* Allowed whatever the arguments are. A call is here if it only reads; or concerns only memory, time, threads
 * or descriptors of this process. */
const uint16_t seccomp_allowed[] = {
    /* Descriptors: those that were inherited lead to /dev/null. */
    SYS_read,
    SYS_pread64,
    SYS_readv,
    SYS_preadv,
    SYS_preadv2,
    SYS_write,
    SYS_pwrite64,
    SYS_writev,
    SYS_pwritev,
    SYS_pwritev2,
    SYS_lseek,
    SYS_ftruncate,
    SYS_sendfile,
    SYS_copy_file_range,
    SYS_close,
    NR_CLOSE_RANGE,
    SYS_dup,
    SYS_dup3,
    SYS_pipe2,
    SYS_eventfd2,
    SYS_signalfd4,
    SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_timerfd_gettime,
    SYS_epoll_create1,
    SYS_epoll_ctl,
    SYS_epoll_pwait,
    NR_EPOLL_PWAIT2,
    SYS_ppoll,
    SYS_pselect6,
    SYS_getsockname,
    SYS_getpeername,
    SYS_getsockopt,
    /* Kinds and contents of files. */
    SYS_fstat,
    SYS_newfstatat,
    SYS_statx,
    SYS_statfs,
    SYS_fstatfs,
    SYS_faccessat,
    NR_FACCESSAT2,
    SYS_readlinkat,
    SYS_getdents64,
    SYS_getcwd,
    SYS_chdir,
    SYS_fchdir,
    SYS_umask,
    SYS_readahead,
    SYS_getxattr,
    SYS_lgetxattr,
    SYS_fgetxattr,
    SYS_listxattr,
    SYS_llistxattr,
    SYS_flistxattr,
    NR_GETXATTRAT,
    NR_LISTXATTRAT,
    NR_FILE_GETATTR,
    SYS_name_to_handle_at,
    NR_CACHESTAT,
    NR_STATMOUNT,
    NR_LISTMOUNT,
    NR_LISTNS,
    /* Memory; for mprotect() and mremap() see below. */
    SYS_mmap,
    SYS_munmap,
    SYS_brk,
    SYS_mincore,
    SYS_mlock,
    SYS_mlock2,
    SYS_munlock,
    SYS_munlockall,
    SYS_pkey_alloc,
    SYS_pkey_free,
    SYS_membarrier,
    SYS_get_mempolicy,
    NR_MAP_SHADOW_STACK,
    NR_MSEAL,
    /* Threads and their waiting. */
    SYS_futex,
    NR_FUTEX_WAITV,
    NR_FUTEX_WAKE,
    NR_FUTEX_WAIT,
    NR_FUTEX_REQUEUE,
    SYS_set_robust_list,
    SYS_set_tid_address,
    NR_RSEQ,
    SYS_sched_yield,
    SYS_sched_getaffinity,
    SYS_sched_getparam,
    SYS_sched_getscheduler,
    SYS_sched_getattr,
    SYS_sched_get_priority_max,
    SYS_sched_get_priority_min,
    SYS_sched_rr_get_interval,
    SYS_getpriority,
    SYS_ioprio_get,
    SYS_getcpu,
    SYS_exit,
    SYS_exit_group,
    SYS_wait4,
    SYS_waitid,
    /* Its own signals. */
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_rt_sigpending,
    SYS_rt_sigtimedwait,
    SYS_rt_sigsuspend,
    SYS_sigaltstack,
    SYS_restart_syscall,
    /* Time. */
    SYS_clock_gettime,
    SYS_clock_getres,
    SYS_clock_nanosleep,
    SYS_nanosleep,
    SYS_gettimeofday,
    SYS_getitimer,
    SYS_setitimer,
    SYS_timer_create,
    SYS_timer_gettime,
    SYS_timer_getoverrun,
    SYS_times,
    /* Who and where it is. */
    SYS_getpid,
    SYS_getppid,
    SYS_gettid,
    SYS_getpgid,
    SYS_getsid,
    SYS_getuid,
    SYS_geteuid,
    SYS_getgid,
    SYS_getegid,
    SYS_getresuid,
    SYS_getresgid,
    SYS_getgroups,
    SYS_capget,
    SYS_getrusage,
    SYS_getrlimit,
    SYS_sysinfo,
    SYS_uname,
    SYS_getrandom,
    NR_LSM_GET_SELF_ATTR,
    NR_LSM_LIST_MODULES,
#ifdef __x86_64__
    /* The older forms of the above. */
    SYS_stat,
    SYS_lstat,
    SYS_access,
    SYS_readlink,
    SYS_getdents,
    SYS_dup2,
    SYS_pipe,
    SYS_eventfd,
    SYS_signalfd,
    SYS_poll,
    SYS_select,
    SYS_epoll_create,
    SYS_epoll_wait,
    SYS_alarm,
    SYS_pause,
    SYS_time,
    SYS_getpgrp,
    SYS_arch_prctl,
    /* Made by the kernel's own trampolines in a process that is traced by probes. */
    NR_URETPROBE,
    NR_UPROBE,
#endif
};

/* Calls that can be used both ways, by one argument of which the lower half is a number of 32 bits. */
const uint32_t seccomp_file_commands[] = {
    F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL, F_GETLK, 36, /* F_OFD_GETLK */
    9,                                                                /* F_GETOWN */
    11,                                                               /* F_GETSIG */
    16,                                                               /* F_GETOWN_EX */
    1025,                                                             /* F_GETLEASE */
    1027,                                                             /* F_DUPFD_QUERY */
    1028,                                                             /* F_CREATED_QUERY */
    1032,                                                             /* F_GETPIPE_SZ */
    1034,                                                             /* F_GET_SEALS */
    1035,                                                             /* F_GET_RW_HINT */
    1037,                                                             /* F_GET_FILE_RW_HINT */
};
static const uint32_t device_commands[] = {
    0x2,        /* FIGETBSZ */
    0x5401,     /* TCGETS */
    0x540f,     /* TIOCGPGRP */
    0x5413,     /* TIOCGWINSZ */
    0x541b,     /* FIONREAD */
    0x5421,     /* FIONBIO */
    0x5450,     /* FIONCLEX */
    0x5451,     /* FIOCLEX */
    0x5460,     /* FIOQSIZE */
    0x80081272, /* BLKGETSIZE64 */
    0x80086601, /* FS_IOC_GETFLAGS */
    0x802c542a, /* TCGETS2 */
    0xc0686611, /* PROCMAP_QUERY */
};
/* Not MADV_REMOVE, which empties a file that others map; nor what takes pages from others that share them. */
static const uint32_t advices[] = {
    MADV_NORMAL,
    MADV_RANDOM,
    MADV_SEQUENTIAL,
    MADV_WILLNEED,
    MADV_DONTNEED,
    MADV_FREE,
    MADV_DONTFORK,
    MADV_DOFORK,
    MADV_HUGEPAGE,
    MADV_NOHUGEPAGE,
    MADV_DONTDUMP,
    MADV_DODUMP,
    18 /* WIPEONFORK */,
    19 /* KEEPONFORK */,
    22 /* POPULATE_READ */,
    23 /* POPULATE_WRITE */,
    24 /* DONTNEED_LOCKED */,
    25 /* COLLAPSE */,
};
static const uint32_t process_options[] = {
    2,          /* PR_GET_PDEATHSIG */
    3,          /* PR_GET_DUMPABLE */
    7,          /* PR_GET_KEEPCAPS */
    15,         /* PR_SET_NAME */
    16,         /* PR_GET_NAME */
    21,         /* PR_GET_SECCOMP */
    23,         /* PR_CAPBSET_READ */
    25,         /* PR_GET_TSC */
    27,         /* PR_GET_SECUREBITS */
    30,         /* PR_GET_TIMERSLACK */
    37,         /* PR_GET_CHILD_SUBREAPER */
    39,         /* PR_GET_NO_NEW_PRIVS */
    40,         /* PR_GET_TID_ADDRESS */
    42,         /* PR_GET_THP_DISABLE */
    51,         /* PR_SVE_GET_VL */
    52,         /* PR_GET_SPECULATION_CTRL */
    54,         /* PR_PAC_RESET_KEYS */
    56,         /* PR_GET_TAGGED_ADDR_CTRL */
    66,         /* PR_GET_MDWE */
    0x41555856, /* PR_GET_AUXV */
    0x53564d41, /* PR_SET_VMA: names memory */
};
static const uint32_t asynchronous[] = {MS_ASYNC};
static const uint32_t plain_advices_of_files[] = {0, 1, 2, 3}; /* not DONTNEED: the cache is everyone's */
static const uint32_t queried_personality[] = {0xffffffff};

#define BY_VALUE(call, argument, values)                                                                     \
  { call, argument, sizeof values / sizeof *values, values }
const struct seccomp_by_value seccomp_by_values[] = {
    BY_VALUE(SYS_ioctl, 1, device_commands),
    BY_VALUE(SYS_madvise, 2, advices),
    BY_VALUE(SYS_prctl, 0, process_options),
    BY_VALUE(SYS_msync, 2, asynchronous),
    BY_VALUE(SYS_fadvise64, 3, plain_advices_of_files),
    BY_VALUE(SYS_personality, 0, queried_personality),
};

const unsigned seccomp_allowed_count = sizeof seccomp_allowed / sizeof *seccomp_allowed;
const unsigned seccomp_file_commands_count = sizeof seccomp_file_commands / sizeof *seccomp_file_commands;
const unsigned seccomp_by_values_count = sizeof seccomp_by_values / sizeof *seccomp_by_values;
#endif
