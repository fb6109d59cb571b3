/** Errors that calls throw: twins, heap tools, profiles. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_TOOLS = {
  ERR_PACKAGE_REPLACED: {
    gist: 'the files of this package were replaced while the process ran',
    cause:
      'the package loads parts of its code at their first use, and they are gone or belong to another version: `npm install` or a deployment changed the folder of a running process.',
    cure: 'restart the process. Deployments that change the folder of a running process should start a new one.',
    example:
      '`ERR_PACKAGE_REPLACED: files of cache-attribution were replaced or removed while this process runs: restart it`',
  },
  ERR_TWIN_UNSUPPORTED: {
    gist: 'no twin can be made of this process',
    status: 501,
    cause:
      'no twin can be made of this process: not Linux, not glibc, `vm.overcommit_memory=2`, a limited address space, a kernel without seccomp filters, a Node binary without the import slots that have to be replaced. `discover()` also needs a Node binary that shows which properties are native accessors. Nothing was done.',
    cure: "the message has the reason, and so has `supportsTwin()`. Where it cannot be changed, ask for `mode: 'release'`, which empties the caches of the process, or for `mode: 'trim'`, which drops a part of each.",
    example: '`ERR_TWIN_UNSUPPORTED: twins are made on Linux only, this is darwin`',
  },
  ERR_TWIN_MEMORY: {
    gist: 'there is not enough memory left for what a twin would copy',
    status: 503,
    cause:
      "the machine, or a control group's limit, has less memory left than a twin may copy. The estimate is an upper bound: before the first twin the whole JavaScript heap and 64 MiB, afterwards one and a half times the most that earlier twins copied; `discover()` and heap snapshots need a multiple of the heap in addition. Nothing was done.",
    cure: 'raise the limit, or measure when there is more room.',
    example:
      '`ERR_TWIN_MEMORY: a twin may need up to 564.0 MiB, and 120.0 MiB are left of the memory limit of /sys/fs/cgroup`',
  },
  ERR_TWIN_FORK: {
    gist: 'the system refused the fork',
    status: 503,
    cause:
      'the system refused the fork, or a call that prepares it: a limit of processes, a seccomp policy. Nothing was changed.',
    cure: 'the message names the call and the reason.',
    example: '`ERR_TWIN_FORK: fork: Resource temporarily unavailable`',
  },
  ERR_TWIN_CRASHED: {
    gist: 'the twin ended without a result',
    cause:
      "the twin ended without a result: by a signal (one of V8's own checks, the system short of memory, somebody's `kill`), or through `process.exit()`. The process itself is unharmed, and no attempt is left. In a row: two twins ended in the window of this cache.",
    cure: 'try again. If it is always the same cache, register it with `twin: false`.',
    example: '`ERR_TWIN_CRASHED: it ended after 1.2 s by SIGABRT`',
  },
  ERR_TWIN_STUCK: {
    gist: 'the twin waited for something that does not exist in it',
    cause:
      'the twin waited for another thread, and it has none; or it slept for three seconds without using its processor: somebody stopped it, or it waits in a way that cannot be seen from outside.',
    cure: "try again. If it is always the same cache, register it with `twin: false`; a function that waits (`Atomics.wait`, a native library's own threads) cannot run in a twin.",
    example: '`ERR_TWIN_STUCK: it ended after 0.4 s: it waited for a thread that it does not have`',
  },
  ERR_TWIN_OVERTIME: {
    gist: 'what ran in the twin used more processor time than it may',
    cause: 'the function in the twin used more processor time than `timeoutMs`.',
    cure: 'raise `timeoutMs`, or let the function do less. The time that it waits for a processor does not count.',
    example: '`ERR_TWIN_OVERTIME: it was ended after 61.0 s: it used up its processor time`',
  },
  ERR_TWIN_THROWN: {
    gist: 'the function that ran in the twin threw',
    cause: 'the function in the twin threw, or returned a promise.',
    cure: 'the message is that of the error. The function must be synchronous.',
    example: "`ERR_TWIN_THROWN: Cannot read properties of undefined (reading 'size')`",
  },
  ERR_TWIN_RESULT: {
    gist: 'what the function in the twin returned is no JSON, or too large',
    cause: 'the result of the function cannot be written as JSON (a bigint, a cycle), or is longer than 256 MiB.',
    cure: 'return plain, small data.',
    example: '`ERR_TWIN_RESULT: it cannot be written as JSON: Do not know how to serialize a BigInt`',
  },
  ERR_INSPECTOR: {
    gist: 'the inspector of this thread could not be used, or did not answer in the same turn',
    cause:
      'the inspector, through which live objects are listed, could not be used on this thread: Node was built without it, a session was refused, or a command failed or did not answer before it returned.',
    cure: 'use a Node with an inspector (the official builds have it) and no policy that forbids it. The message names the command.',
    example: '`ERR_INSPECTOR: Runtime.queryObjects did not answer in the same turn`',
  },
  ERR_HEAP_SNAPSHOT_WRITE: {
    gist: 'the heap snapshot could not be written to its descriptor',
    status: 507,
    cause:
      'the heap snapshot could not be written to its end: a full disk (ENOSPC), a reader that left (EPIPE) or stalled.',
    cure: 'make room, or let the reader continue. The snapshot of a heap of many small objects is about twice as large as that heap.',
    example:
      '`ERR_HEAP_SNAPSHOT_WRITE: the heap snapshot broke off after 1048576 bytes: ENOSPC: no space left on device, write`',
  },
  ERR_HEAP_SNAPSHOT_FORMAT: {
    gist: 'a heap snapshot was not understood',
    cause:
      'the text of a heap snapshot is cut off, is not a heap snapshot, or comes from a version of V8 with another format.',
    cure: "for a file, write it again. For this process's own heap, report the version of Node.",
    example: '`ERR_HEAP_SNAPSHOT_FORMAT: the heap snapshot was not understood: it ends too early`',
  },
  ERR_PROFILING_ALLOCATOR: {
    gist: 'the heap profiler is part of jemalloc, and this process runs on another allocator',
    status: 501,
    cause: 'the profiler is a part of jemalloc, and the process does not run on jemalloc.',
    cure: "start it with `npx cache-attribution run --profile app.js`, or with both variables of the message. `capture({ kind: 'js' })` needs no jemalloc.",
    example:
      '`ERR_PROFILING_ALLOCATOR: the heap profiler is jemalloc\'s, and no jemalloc is loaded: start Node through "npx cache-attribution run --profile app.js", …`',
  },
  ERR_PROFILING_BUILD: {
    gist: 'this jemalloc was built without its heap profiler',
    status: 501,
    cause: 'this jemalloc was built without `--enable-prof` (`config.prof` is false).',
    cure: "preload another one: Debian's and Ubuntu's `libjemalloc2` has the profiler.",
    example:
      '`ERR_PROFILING_BUILD: this jemalloc was built without its profiler (config.prof is false): preload one built with --enable-prof, …`',
  },
  ERR_PROFILING_START: {
    gist: 'the process was not started so that it can be profiled',
    status: 501,
    cause: '`opt.prof` is false: profiling has to be made possible when the process starts, and cannot be later.',
    cure: '`npx cache-attribution run --profile app.js`, or `MALLOC_CONF=prof:true,prof_active:false`. Nothing is sampled until it is asked for.',
    example:
      '`ERR_PROFILING_START: profiling was not made possible at the start (opt.prof is false): start Node through …`',
  },
  ERR_PROFILING_THREADS: {
    gist: 'the process was started so that no thread takes part in profiling',
    status: 501,
    cause:
      'the process was started with `prof_thread_active_init:false`: no thread takes part in profiling, whatever `prof.active` says.',
    cure: 'take it out of `MALLOC_CONF`; `prof_active:false` alone keeps profiling off.',
    example:
      '`ERR_PROFILING_THREADS: threads take no part in profiling (prof.thread_active_init is false), so a profile would be empty: …`',
  },
  ERR_PROFILING_OFF: {
    gist: 'profiling is off, so there is nothing that a profile could show',
    status: 409,
    cause:
      'a run was asked to explain its residual, and profiling is off, so no live memory was sampled. This code is in a warning of the report.',
    cure: 'switch profiling on some time before the run: `new HeapProfiler().activate()`.',
    example:
      '`ERR_PROFILING_OFF: profiling is off, so nothing that lives was sampled: let it run for a while before, …`',
  },
  ERR_PROFILE_IN_PROGRESS: {
    gist: 'a different capture, or a run that explains its residual, uses the profiler',
    status: 409,
    cause:
      'the profiler is in use, by a capture with other options, another thread, or a run that explains its residual.',
    cure: 'wait for its end, or call with the same options to join it.',
    example: "`ERR_PROFILE_IN_PROGRESS: another capture of kind 'native' is under way: wait for its end`",
  },
  ERR_PROFILER_IN_USE: {
    gist: "V8's heap profiler, of which a thread has one, is in use by something else",
    status: 409,
    cause:
      "V8 has one sampling heap profiler for each thread, and something else uses it: `node --heap-prof`, an APM's continuous profiler (`@datadog/pprof`), DevTools, another inspector session. A capture of kind `'js'` would show the samples of that profile and end it for good. Nothing was started; the other profile goes on and stays whole.",
    cure: "take the profile from that tool, or end it first. `capture({ kind: 'native' })` goes through jemalloc and is not affected.",
    example:
      "`ERR_PROFILER_IN_USE: something else (node --heap-prof, the profiler of an APM such as @datadog/pprof, or DevTools) uses V8's heap profiler already, and a second capture would end that one for good: take the profile there, or end it first`",
  },
  ERR_PROFILE_ABORTED: {
    gist: 'the capture was aborted through its signal, or by close()',
    status: 409,
    cause:
      "the capture's signal was aborted, or the profiler was closed. Nothing was dumped; profiling is as it was before.",
    cure: 'none is needed.',
    example: '`ERR_PROFILE_ABORTED: the capture was aborted before its time was over`',
  },
  ERR_PROFILE_DUMP: {
    gist: 'a heap profile could not be written to the disk',
    status: 507,
    cause:
      'jemalloc could not write its profile, or not the whole of it: a full or read-only disk, a folder that is missing, a file that exists.',
    cure: 'correct the cause that the message names, or give another `temporaryFolder`. The partial file was removed.',
    example: '`ERR_PROFILE_DUMP: jemalloc could not write its profile: ENOSPC: no space left on device, write`',
  },
  ERR_DUMP_UNKNOWN: {
    gist: 'there is no dump of this name, or it is of another kind',
    status: 404,
    cause:
      'no folder of the catalogue has a dump of this name, or the file is not a heap profile. Paths and links are not accepted as names.',
    cure: 'take the `id` from `list()`; the dump may have been pruned since.',
    example: '`ERR_DUMP_UNKNOWN: no dump "x.heap" (string): there is none of this name`',
  },
  ERR_DUMP_FOLDER: {
    gist: 'a folder of dumps could not be read or changed',
    cause: 'a folder of dumps cannot be listed, or a dump in it cannot be removed.',
    cure: "the message has the system's reason.",
    example: "`ERR_DUMP_FOLDER: the dumps cannot be listed: EACCES: permission denied, scandir '/var/dumps'`",
  },
  ERR_GROWTH_ACTION: {
    gist: 'an action of a growth monitor could not be carried out',
    cause:
      'an action of a growth monitor failed, without a code of its own: its file cannot be written, a callback threw. The code is in the event.',
    cure: 'the message has the reason. The other actions were carried out.',
    example:
      "`ERR_GROWTH_ACTION: its folder cannot be made: ENOENT: no such file or directory, mkdir '/var/none/dumps'`",
  },
  ERR_GROWTH_LIMIT: {
    gist: 'a growth monitor is to watch a share of a limit, and there is no limit',
    cause: '`share` is given, and no control group of this process has a memory limit.',
    cure: 'give `limit` in bytes.',
    example:
      '`ERR_GROWTH_LIMIT: "share" needs a limit, and no control group of this process has one: give "limit" in bytes`',
  },
  ERR_PROFILE_READ: {
    gist: 'a heap profile could not be read from its file or its address',
    cause:
      'the file of a heap profile cannot be opened or read, or the service that was asked for one did not answer, or answered with an error.',
    cure: 'the message has the reason; for a service check that `/debug/pprof/heap` is mounted, and that the token is right.',
    example: "`ERR_PROFILE_READ: the profile could not be read: ENOENT: no such file or directory, open '/tmp/a.heap'`",
  },
  ERR_PROFILE_FORMAT: {
    gist: 'the text of a heap profile was not understood',
    cause:
      'this is not a known kind of heap profile, or it is damaged. Nothing is guessed: one bad line makes the whole profile invalid.',
    cure: 'take the profile again. Two kinds can be read: the text of jemalloc ≥ 4 (`heap_v2`), and pprof files.',
    example: '`ERR_PROFILE_FORMAT: line 7 of the profile: expected a row like "t0: 1: 4096 [0: 0]"`',
  },
  ERR_PROFILE_TRUNCATED: {
    gist: 'the text of a heap profile ends too early',
    cause:
      'the text of a heap profile ends before its mapped libraries: the process was killed while it dumped, or the disk was full.',
    cure: "take it again; or pass `truncated: 'keep'` (`--truncated`) for the whole stacks that are there.",
    example: '`ERR_PROFILE_TRUNCATED: the profile ends too early: in the middle of line 1204`',
  },
  ERR_PROFILE_TOO_LARGE: {
    gist: 'a heap profile is longer than may be read',
    cause:
      'a heap profile is longer than `maxBytes`, unpacks to more than 256 MiB, or has more addresses, names, threads or table entries than any real program: the message says which.',
    cure: 'raise `maxBytes` if the file is a real profile. The other bounds are fixed: a file beyond them is damaged, or was made to be slow to read.',
    example: '`ERR_PROFILE_TOO_LARGE: the profile has more than 1073741824 bytes`',
  },
  ERR_PROFILE_COLUMN: {
    gist: 'a heap profile has no such kind of value, or no rows of this thread',
    cause:
      'the profile has no such kind of value, or no rows of this thread. Totals of everything that was ever allocated exist only if the process ran with `prof_accum:true`.',
    cure: 'ask for one of those that the message lists; or start the process with `MALLOC_CONF=prof:true,prof_accum:true`.',
    example: '`ERR_PROFILE_COLUMN: the profile has no "alloc_space" (string), only inuse_objects, inuse_space`',
  },
  ERR_PROFILE_BASE: {
    gist: 'two heap profiles cannot be subtracted from one another',
    status: 422,
    cause:
      'two profiles cannot be compared: one is of jemalloc and the other of V8, or they have no kind of value in common.',
    cure: 'take both with the same profiler.',
    example: '`ERR_PROFILE_BASE: a profile of v8 is no base for one of jemalloc`',
  },
} satisfies Record<string, CodeEntry>
