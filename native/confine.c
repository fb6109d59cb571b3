#define _GNU_SOURCE
#include "confine.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

bool confine_is_possible(void) {
#ifdef THIS_ARCHITECTURE
  /* A null filter is refused as a bad address where filters are known at all. */
  return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != 0 && errno == EFAULT;
#else
  return false;
#endif
}

#ifdef THIS_ARCHITECTURE
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define LOAD_ARGUMENT(index) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[index]))
/* Little-endian, as both architectures are. */
#define LOAD_UPPER_HALF(index)                                                                               \
  BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[index]) + 4)
#define REFUSE BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IF_CALL(name) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1)
#define REFUSE_CALL(name) IF_CALL(name), REFUSE
/* For calls that are newer than the headers. */
#define REFUSE_NUMBER(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), REFUSE
/* Refuses the call where any of `bits` is set in an argument, and allows it else. */
#define REFUSE_BITS(name, index, bits)                                                                       \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD_ARGUMENT(index),                               \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1), REFUSE, ALLOW
/* Allows the call where one of `bits` is set in an argument, and refuses it else. */
#define ALLOW_BITS(name, index, bits)                                                                        \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD_ARGUMENT(index),                               \
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1), ALLOW, REFUSE
/* Allows the call where an argument is `value`, and refuses it else. */
#define ALLOW_ONLY(name, index, value)                                                                       \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 4), LOAD_ARGUMENT(index),                               \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)value, 0, 1), ALLOW, REFUSE
/* Allows the call where an argument is the address `path`, and goes on to what is said of it below else. */
#define ALLOW_PATH(name, index, path)                                                                        \
  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 6), LOAD_ARGUMENT(index),                               \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(uintptr_t)(path), 0, 3), LOAD_UPPER_HALF(index),        \
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)((uint64_t)(uintptr_t)(path) >> 32), 0, 1), ALLOW,       \
      LOAD(nr)
#define WRITING (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)
#endif

bool confine(pid_t self, const char *writable_path) {
#ifdef THIS_ARCHITECTURE
  struct sock_filter filter[] = {
      LOAD(arch),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, THIS_ARCHITECTURE, 1, 0),
      REFUSE,
      LOAD(nr),
#ifdef __x86_64__
      /* Calls of the x32 interface have numbers of their own. */
      BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1),
      REFUSE,
#endif
      /* To itself a signal may go: that is how abort() ends a process. */
      ALLOW_ONLY(tgkill, 0, self),
      ALLOW_ONLY(kill, 0, self),
      REFUSE_CALL(tkill),
      REFUSE_CALL(rt_sigqueueinfo),
      REFUSE_CALL(rt_tgsigqueueinfo),
      REFUSE_CALL(ptrace),
      REFUSE_CALL(process_vm_writev),
      REFUSE_CALL(setpriority),
      REFUSE_CALL(sched_setaffinity),
      REFUSE_CALL(sched_setscheduler),
      REFUSE_CALL(sched_setattr),
      REFUSE_CALL(ioprio_set),
      REFUSE_CALL(setpgid),
      ALLOW_ONLY(prlimit64, 0, 0), /* its own */
      ALLOW_PATH(openat, 1, writable_path),
      REFUSE_BITS(openat, 2, WRITING),
      REFUSE_CALL(openat2),
      REFUSE_CALL(unlinkat),
      REFUSE_CALL(renameat),
      REFUSE_CALL(renameat2),
      REFUSE_CALL(mkdirat),
      REFUSE_CALL(mknodat),
      REFUSE_CALL(linkat),
      REFUSE_CALL(symlinkat),
      REFUSE_CALL(truncate),
      REFUSE_CALL(fchmod),
      REFUSE_CALL(fchmodat),
      REFUSE_NUMBER(452), /* fchmodat2 */
      REFUSE_CALL(fchown),
      REFUSE_CALL(fchownat),
      REFUSE_CALL(utimensat),
      REFUSE_CALL(setxattr),
      REFUSE_CALL(lsetxattr),
      REFUSE_CALL(fsetxattr),
      REFUSE_NUMBER(463), /* setxattrat */
      REFUSE_CALL(removexattr),
      REFUSE_CALL(lremovexattr),
      REFUSE_CALL(fremovexattr),
      REFUSE_NUMBER(466), /* removexattrat */
      REFUSE_CALL(open_by_handle_at),
      REFUSE_CALL(mount),
      REFUSE_CALL(umount2),
      REFUSE_CALL(socket),
      REFUSE_CALL(socketpair),
      REFUSE_CALL(io_uring_setup),
      /* Threads may be made, libuv aborts without; processes may not. clone3 hides which of them it makes. */
      IF_CALL(clone3),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      ALLOW_BITS(clone, 0, CLONE_THREAD),
      REFUSE_CALL(execve),
      REFUSE_CALL(execveat),
      REFUSE_CALL(shmat),
      REFUSE_CALL(shmctl),
      REFUSE_CALL(msgsnd),
      REFUSE_CALL(msgrcv),
      REFUSE_CALL(msgctl),
      REFUSE_CALL(semop),
      REFUSE_CALL(semtimedop),
      REFUSE_CALL(semctl),
      REFUSE_CALL(mq_open),
      REFUSE_CALL(mq_unlink),
      REFUSE_CALL(clock_settime),
      REFUSE_CALL(settimeofday),
      REFUSE_CALL(sethostname),
      REFUSE_CALL(reboot),
      REFUSE_CALL(swapoff),
      REFUSE_CALL(init_module),
      REFUSE_CALL(bpf),
      REFUSE_CALL(pidfd_send_signal),
      REFUSE_CALL(pidfd_getfd),
#ifdef __x86_64__
      ALLOW_PATH(open, 0, writable_path),
      REFUSE_BITS(open, 1, WRITING),
      ALLOW_PATH(creat, 0, writable_path),
      REFUSE_CALL(creat),
      REFUSE_CALL(unlink),
      REFUSE_CALL(rmdir),
      REFUSE_CALL(rename),
      REFUSE_CALL(mkdir),
      REFUSE_CALL(mknod),
      REFUSE_CALL(link),
      REFUSE_CALL(symlink),
      REFUSE_CALL(chmod),
      REFUSE_CALL(chown),
      REFUSE_CALL(lchown),
      REFUSE_CALL(utime),
      REFUSE_CALL(utimes),
      REFUSE_CALL(futimesat),
      REFUSE_CALL(fork),
      REFUSE_CALL(vfork),
#endif
      ALLOW,
  };
  const struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
#else
  (void)self;
  (void)writable_path;
  return false;
#endif
}
#endif
