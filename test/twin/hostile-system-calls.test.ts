import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { skipOrFail } from '../helpers/child.js'
import { buildProgram } from '../helpers/native.js'

/**
 * Every call that is let through on x86-64, with nonsense for arguments: what only reads, or concerns the process itself.
 * Another one here is another way out of a twin: look at all that it can do.
 */
const ALLOWED = `
  0:read 1:write 3:close 4:stat 5:fstat 6:lstat 7:poll 8:lseek 9:mmap 11:munmap 12:brk 13:rt_sigaction 14:rt_sigprocmask
  15:rt_sigreturn 17:pread64 18:pwrite64 19:readv 20:writev 21:access 22:pipe 23:select 24:sched_yield 27:mincore 32:dup
  33:dup2 34:pause 35:nanosleep 36:getitimer 37:alarm 38:setitimer 39:getpid 40:sendfile 51:getsockname 52:getpeername
  55:getsockopt 56:clone 60:exit 61:wait4 63:uname 77:ftruncate 78:getdents 79:getcwd 80:chdir 81:fchdir 89:readlink
  95:umask 96:gettimeofday 97:getrlimit 98:getrusage 99:sysinfo 100:times 102:getuid 104:getgid 107:geteuid 108:getegid
  110:getppid 111:getpgrp 115:getgroups 118:getresuid 120:getresgid 121:getpgid 124:getsid 125:capget 127:rt_sigpending
  128:rt_sigtimedwait 130:rt_sigsuspend 131:sigaltstack 135:personality 137:statfs 138:fstatfs 140:getpriority
  143:sched_getparam 145:sched_getscheduler 146:sched_get_priority_max 147:sched_get_priority_min
  148:sched_rr_get_interval 149:mlock 150:munlock 152:munlockall 158:arch_prctl 186:gettid 187:readahead 191:getxattr
  192:lgetxattr 193:fgetxattr 194:listxattr 195:llistxattr 196:flistxattr 201:time 202:futex 204:sched_getaffinity
  213:epoll_create 217:getdents64 218:set_tid_address 219:restart_syscall 222:timer_create 223:timer_settime
  224:timer_gettime 225:timer_getoverrun 226:timer_delete 228:clock_gettime 229:clock_getres 230:clock_nanosleep
  231:exit_group 232:epoll_wait 233:epoll_ctl 239:get_mempolicy 247:waitid 252:ioprio_get 262:newfstatat 267:readlinkat
  269:faccessat 270:pselect6 271:ppoll 273:set_robust_list 281:epoll_pwait 282:signalfd 283:timerfd_create 284:eventfd
  286:timerfd_settime 287:timerfd_gettime 289:signalfd4 290:eventfd2 291:epoll_create1 292:dup3 293:pipe2 295:preadv
  296:pwritev 303:name_to_handle_at 309:getcpu 315:sched_getattr 318:getrandom 324:membarrier 325:mlock2
  326:copy_file_range 327:preadv2 328:pwritev2 330:pkey_alloc 331:pkey_free 332:statx 334:rseq 335:uretprobe 336:uprobe
  435:clone3 436:close_range 439:faccessat2 441:epoll_pwait2 449:futex_waitv 451:cachestat 453:map_shadow_stack
  454:futex_wake 455:futex_wait 456:futex_requeue 457:statmount 458:listmount 459:lsm_get_self_attr
  461:lsm_list_modules 462:mseal 464:getxattrat 465:listxattrat 468:file_getattr 470:listns`

/** Calls of which the arguments decide. */
const CASES: Readonly<Record<'allowed' | 'refused', readonly string[]>> = {
  allowed: [
    'opening to read',
    'opening a folder',
    'opening the kept path to write',
    'fcntl F_DUPFD',
    'fcntl F_GETFL',
    'fcntl F_SETFL O_NONBLOCK',
    'fcntl F_GETOWN',
    'ioctl TCGETS',
    'ioctl FIONREAD',
    'ioctl FIONBIO',
    'ioctl FS_IOC_GETFLAGS',
    'fadvise64 SEQUENTIAL',
    'a thread',
    'reading its limits',
    'prctl PR_SET_NAME',
    'prctl PR_GET_PDEATHSIG',
    'handling SIGUSR1',
    'setting a timer',
    'personality, asked for',
    'making private memory writable',
    'making all up to shared memory writable',
    'making all behind shared memory writable',
    'making shared memory readable',
    'moving private memory',
    'madvise MADV_DONTNEED',
    'msync MS_ASYNC',
  ],
  refused: [
    'opening to write',
    'opening to read and write',
    'opening to create',
    'opening to truncate',
    'opening another path of these letters to write',
    'fcntl F_SETFL O_ASYNC',
    'fcntl F_SETOWN',
    'fcntl F_SETOWN_EX',
    'fcntl F_SETSIG',
    'fcntl F_SETLK',
    'fcntl F_SETLKW',
    'fcntl F_OFD_SETLK',
    'fcntl F_SETLEASE',
    'fcntl F_NOTIFY',
    'fcntl F_SETPIPE_SZ',
    'fcntl F_ADD_SEALS',
    'fcntl F_SET_RW_HINT',
    'ioctl FIOASYNC',
    'ioctl FIOSETOWN',
    'ioctl SIOCSPGRP',
    'ioctl FS_IOC_SETFLAGS',
    'ioctl TIOCSTI',
    'ioctl FICLONE',
    'fadvise64 DONTNEED',
    'kill of the parent',
    'kill of everyone',
    'kill of its group',
    'tgkill of the parent',
    'process_vm_readv of the parent',
    'a process',
    'a process that shares all memory',
    'changing its limits',
    "reading the parent's limits",
    'prctl PR_SET_PDEATHSIG',
    'prctl PR_SET_DUMPABLE',
    'prctl PR_SET_MM',
    'prctl PR_SET_SECCOMP',
    'prctl PR_SET_PTRACER',
    'handling the signal that watches over it',
    'setting the timer that watches over it',
    'deleting the timer that watches over it',
    'personality, changed',
    'making shared memory writable',
    'making its first page writable',
    'making its last page writable',
    'making it writable from before',
    'making it writable from far before',
    'making it writable beyond its end',
    'making it writable with a key',
    'making memory beyond 48 bits writable',
    'moving shared memory',
    'mapping shared memory a second time',
    'madvise MADV_REMOVE',
    'madvise MADV_HWPOISON',
    'madvise MADV_PAGEOUT',
    'msync MS_SYNC',
  ],
}

describe('the filter of system calls in a twin', function () {
  this.timeout(60_000)
  let lines: readonly string[]
  before(function () {
    if (process.platform !== 'linux') skipOrFail(this, 'system calls are filtered on Linux only')
    const program = buildProgram(this, 'confined', ['seccomp.c', 'seccomp-calls.c', 'seccomp.h'])
    lines = execFileSync(program, { encoding: 'utf8' }).trimEnd().split('\n')
  })

  it('lets through what is listed, and no other number up to far beyond the newest', function () {
    if (process.arch !== 'x64') this.skip()
    const allowed = ALLOWED.trim().split(/\s+/)
    const numbers = lines.flatMap((line) => /^number (\d+)$/.exec(line)?.[1] ?? [])
    expect(numbers).to.deep.equal(allowed.map((entry) => entry.split(':')[0]))
  })

  for (const [verdict, cases] of Object.entries(CASES)) {
    for (const tried of cases) {
      it(`${verdict === 'allowed' ? 'lets through' : 'refuses'} ${tried}`, () => {
        expect(lines).to.include(`${verdict} ${tried}`)
      })
    }
  }

  for (const tried of ['a call of 32-bit programs', 'a call of the x32 interface']) {
    it(`refuses ${tried}`, function () {
      if (process.arch !== 'x64') this.skip()
      expect(lines).to.include(`refused ${tried}`)
    })
  }

  it('was tried in every way that is listed, and in no other', () => {
    const others = /^number |programs$|interface$/
    const tried = lines.filter((line) => !others.test(line))
    const listed = Object.entries(CASES).flatMap(([verdict, cases]) => cases.map((each) => `${verdict} ${each}`))
    expect(tried.toSorted()).to.deep.equal(listed.toSorted())
  })
})
