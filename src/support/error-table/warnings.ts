/** Warnings: they never fail a run. */
import type { CodeEntry } from './code-entry.js'
import { HISTORY_WARNINGS } from './history-warnings.js'

export const WARNINGS = {
  WARN_ALLOCATOR_UNAVAILABLE: {
    gist: 'no allocator statistics: only V8 heap figures were measured',
    cause:
      'neither the figures of jemalloc nor those of glibc could be read. Rows have heap bytes, and their allocator bytes are `null`: Buffers and native memory are not measured.',
    cure: 'start under jemalloc; the message has the line. `npx cache-attribution doctor` shows what is missing.',
    example: '`only V8 figures were measured: neither binding can be loaded: …`',
  },
  WARN_TCACHE_UNKNOWN: {
    gist: 'this jemalloc has no tcache statistics: freed memory in thread caches counts as live',
    cause: 'this jemalloc is old, or was built without tcache statistics: freed blocks in thread caches count as live.',
    cure: 'use jemalloc 5.3 or newer; rows below some hundred KiB may err until then.',
    example:
      '`this jemalloc has no tcache statistics: freed memory in thread caches counts as live, small rows may err`',
  },
  WARN_TCACHE_MISCOUNTED: {
    gist: 'this jemalloc counts larger blocks in thread caches too small: live bytes err by them',
    cause:
      'jemalloc 5.0 to 5.2.1 (Debian 11, Ubuntu 20.04 and 22.04) counts freed blocks of 16 KiB and more that lie in thread caches at the size of small ones, so they cannot be subtracted from live bytes. With its defaults that is at most 2.3 MiB for each thread. The amount in the message is in the ± of each row that was released live.',
    cure: 'start with `MALLOC_CONF=lg_tcache_max:13`, which `cache-attribution run` sets for such a jemalloc; or use jemalloc 5.3. Rows of a twin need neither.',
    example:
      '`jemalloc 5.2.1 counts freed blocks of 16.00 KiB to 32.00 KiB in thread caches too small: live bytes, the floor and rows of a release in this process err by what threads keep of them, now 2.03 MiB at most; the ± of such a row has it. Rows of a twin are right; to have all right, start with lg_tcache_max:13 in MALLOC_CONF, or use jemalloc 5.3`',
  },
  WARN_PROFILER_OVERCOUNT: {
    gist: "jemalloc's profiler adds to live bytes, and does not report how much",
    cause:
      "the process was started with `prof:true` and without `prof_stats:true`: each small block that jemalloc's profiler sampled counts as 16 KiB, also after sampling was switched off, and nothing reports how many there are. The amount in the message is the most that it can be. The ± of each row that was released live covers its part of that amount ([method](../internals/method.md#five-causes-of-error)).",
    cure: 'start with `MALLOC_CONF=prof:true,prof_stats:true` (jemalloc 5.3), as `cache-attribution run --profile` does: then the amount is subtracted. Rows of a twin are right without it.',
    example:
      "`jemalloc's profiler gives each small block that it samples 16 KiB, and does not report how many: live bytes, the floor and rows of a release in this process may be too large by up to 11.20 MiB (factor 1.24 of all live bytes); the ± of such a row has what it can be of it. Rows of a twin are right; to have all right, start with prof_stats:true in MALLOC_CONF`",
  },
  WARN_SELF_CHECK: {
    gist: 'a set of known size was measured wrongly before the first window: rows may err as much',
    cause:
      'before its first window a run makes objects and Buffers of known size (about 1 MiB), drops them and measures the memory that comes back, up to three times. The result differs from the known size: `factor` is measured ÷ known. Either the allocator counts wrongly (a profiler without `prof_stats`, `WARN_PROFILER_OVERCOUNT`; jemalloc 5.2.1 and older, `WARN_TCACHE_MISCOUNTED`), or another allocator serves the process than the one that is read, or other threads allocated and freed at the same time.',
    cure: 'that of the other warning, if there is one. Else measure in a twin, which has no other threads, and let `npx cache-attribution doctor` show which allocator serves the process.',
    example:
      '`a set of known size that the run made and dropped before its first window was measured wrongly: 1.21 MiB for 527.0 KiB (factor 2.35) in the allocator. The rows may err as much`',
  },
  WARN_ALIASED: {
    gist: 'the same object is registered under two names: the memory can go to only one of them',
    cause: 'one object is registered under two names.',
    cure: 'keep one registration. The first one released gets all the memory, the other none.',
    example: '`"users" and "accounts" are the same object: the first one released gets all its memory`',
  },
  WARN_MAPPED_UNKNOWN: {
    gist: 'WebAssembly memories and resizable buffers could not be read: rows do not count them',
    cause:
      'the resident bytes of WebAssembly memories, resizable ArrayBuffers and growable SharedArrayBuffers could not be read: this build of V8 keeps its lists in another form, or the system does not let a process read its own memory or pages. `mappedBytes` is null, and totals are the sum of the other two quantities.',
    cure: 'none is needed for caches without such memory. Else measure with a Node from nodejs.org, in a container that allows `process_vm_readv`.',
    example:
      "`mapped memory could not be read, so that WebAssembly memories and resizable buffers are in no row: V8's list of buffers was not found`",
  },
  WARN_NOT_SETTLED: {
    gist: 'background work was not quiescent in a bounded time: the row may include other work',
    cause:
      'other threads did not become idle within the bound of a drain: a busy worker, a native library, a machine without a free processor. The row has `settled: false`.',
    cure: 'repeat the run, or measure when that work is over.',
    example: '`background work was not quiescent around the release of "files": its row may carry some of it`',
  },
  WARN_FINALIZERS_WAIT: {
    gist: 'finalizers could not be run in a twin: what they free is in no row',
    cause:
      'a twin has no event loop, and finalizers (of Buffers that an addon made, of Node-API, of a `FinalizationRegistry`) could not be run without one: this Node or its embedder does not export the functions for it, or finalizers that were already due when the twin was made ended it: they looped, exited or crashed.',
    cure: "in the first case use a Node of nodejs.org, or release in the live process (`mode: 'release'`), which has an event loop. In the second case correct the callback that the reason names. Rows whose memory appears to wait are `null` with `ERR_TWIN_FINALIZERS`.",
    example:
      '`finalizers could not be run in the twin: this Node exports no way to run them without a turn of the event loop; what they free is in no row, and rows whose memory is seen to wait for them are null`',
  },
  WARN_LATE_BYTES: {
    gist: 'memory went in the turns after a release: a deferred finalizer, or unfinished work of that release',
    cause:
      'memory was freed in the turns after a release, more than other work explains: a native addon frees it in a deferred finalizer, or the release continued (a timer, a callback) after it returned.',
    cure: "let the release return a promise that is fulfilled when it is done. The bytes are part of the row's `released`, and `late` has their number; the row's ± includes the noise of the other gaps between turns. Where several caches shared a turn (`budget.pauseMs`), the cache of these bytes is unknown: they are in `unattributed`, and the ± of each of these rows covers them. Without that budget each cache has a turn of its own.",
    example:
      '`about 24.00 MiB were freed in the turns right after the release of "images": by a deferred finalizer, or by a release that was not finished; its row includes them ("late"), and anything else that was freed just then`',
  },
  WARN_RELEASED_OTHER: {
    gist: 'one release emptied another registered cache too',
    cause: "a release emptied another registered cache: its row holds both, the other's is empty.",
    cure: 'give each cache a release of its own, or register the two as one.',
    example: '`the release of "templates" emptied "partials" too: the row holds both`',
  },
  WARN_RELEASED_ELSEWHERE: {
    gist: 'a cache was emptied during the run before its own release',
    cause: 'a cache had entries when the run began and none when its turn came: the service or a timer emptied it.',
    cure: 'repeat the run; name this cache first in `only` if it happens again.',
    example: '`"sessions" was emptied during the run before its own release`',
  },
  WARN_NOT_EMPTY: {
    gist: 'a cache still counts entries after its release',
    cause: '`entries()` counts entries right after the release: it left some, or something filled the cache at once.',
    cure: 'let `release()` drop all of them. The row holds what was dropped.',
    example: '`"users" still counts 12 entries after its release`',
  },
  WARN_NEVER_FILLED: {
    gist: 'a registered cache never had an entry while the service worked: is it the copy that the service uses?',
    cause:
      'the cache counted no entry and claimed no byte at any time it was asked, in runs and in observations, although the event loop has worked for a second and more since its registration. Most often another copy of the module is in use: the service loads the ES module and `require()` gave the CommonJS one, a package is installed twice, or a bundle has its own copy.',
    cure: 'register the instance that the service fills: import it in the same way, print `import.meta.resolve(NAME)` in both places, or start with `cache-attribution/auto`, which registers instances where they are created. If nobody has used the feature yet, the warning can be ignored.',
    example:
      '`"pages" had no entry whenever it was asked, and the event loop has worked for 95.2 s since it was registered: is it the copy that the service uses?`',
  },
  WARN_NO_NATURAL_GC: {
    gist: 'V8 did not collect by itself within naturalGcTimeoutMs: garbage may count as live',
    cause:
      "with `gc: 'natural'` V8 made no major collection of its own within `naturalGcTimeoutMs`: the service allocates too little.",
    cure: "use `gc: 'forced'`, or wait longer. Garbage may count as live in this run.",
    example: '`V8 made no major GC of its own within 30000 ms: garbage may count as live`',
  },
  WARN_WORKER_THREAD: {
    gist: "made by a worker thread: the JS heap is this thread's, the allocator is that of the whole process",
    cause:
      'the run was made by a worker thread. The heap is that of the worker, the allocator that of the whole process, so the floor includes the memory of all threads. Rows are as exact as those of the main thread: a twin has one thread, and in the live modes `otherThreads` of each row has the allocations of other threads.',
    cure: 'none is needed. `attributeThreads()` of `cache-attribution/threads` asks every thread.',
    example:
      "`made by a worker thread: the JS heap is that of this thread alone, and the allocator's floor has what all threads hold`",
  },
  WARN_OTHER_THREADS: {
    gist: 'other threads allocated or freed memory in a window of a live mode: the ± of the row has it',
    cause:
      "in the modes `release` and `trim` other threads run during a window. Threads that have loaded this library are counted (jemalloc's `thread.allocated` and `thread.deallocated`); if they did more than during the null releases, the row's ± is wider by that. If a thread began or ended in the window, the ± is not known. Threads that have not loaded this library are not counted.",
    cure: "use `mode: 'twin'`, which has no other threads, or repeat the run. A thread is counted once it has made a `Coordinator`.",
    example:
      '`while "users" was measured, another thread allocated 50 MiB and freed 2 MiB: its ± has 48 MiB more, since the null releases saw less of that`',
  },
  WARN_CACHE_METHOD: {
    gist: 'entries() or claimedBytes() of a cache threw or returned no number: shown as unknown',
    cause:
      '`entries()` or `claimedBytes()` of a cache threw, or returned something other than a number ≥ 0 (a promise, NaN).',
    cure: 'correct the method, or leave it out: both are optional. The value is `null` in the row.',
    example: '`entries() of "users" returned an object`',
  },
  WARN_TWIN_FIRST_TURN: {
    gist: 'a release went on after its first turn: only what that dropped was measured in the twin',
    cause:
      'in a twin a release continued after its first turn, and the cache cannot count its entries: memory that it frees later is not in the row.',
    cure: 'give the cache an `entries()`: if it is 0 after the first turn, the row is complete.',
    example:
      '`the release of "sessions" goes on in later turns, which a twin has not: its row is what its first turn dropped`',
  },
  WARN_TWIN_RETRIED: {
    gist: 'a twin ended without a result, another one was made',
    cause: 'a twin ended without a result, and another one was made. This cost one more pause.',
    cure: 'none needed if it is rare. A cache in whose window it happens twice is left out of the third twin.',
    example: '`a twin ended in the window of "images": ERR_TWIN_CRASHED: it ended after 1.2 s by SIGABRT`',
  },
  WARN_OWNERS_BY_SNAPSHOT: {
    gist: "the heap was not walked: owners come from V8's own heap snapshot, without packages and what waits",
    cause:
      "`discover()` could not walk V8's heap: a Node binary without symbols, a V8 that is not understood, another processor than x64, a walk whose sum differs from V8's own count, or one that ended its twin. V8's heap snapshot was used instead: it takes longer and more memory, and shows neither packages nor suspended calls.",
    cure: 'the message has the reason. Use a build of Node with its symbol table, such as those of nodejs.org; report a walk that ended a twin to the project.',
    example:
      "`WARN_OWNERS_BY_SNAPSHOT: the heap was not walked, so owners come from V8's heap snapshot, without packages and what waits: this V8 compresses its pointers`",
  },
  WARN_OWNERS_UNKNOWN: {
    gist: "neither a walk of the heap nor V8's snapshot found its owners",
    cause:
      "`discover()` could not walk V8's heap, and V8's own heap snapshot, which is then used instead, could not be made: it needs up to fourteen times the heap, and has twenty seconds or the rest of the budget.",
    cure: 'the message has both reasons. Use a build of Node with its symbol table, such as those of nodejs.org, or give the process more memory.',
    example:
      "`WARN_OWNERS_UNKNOWN: the heap was not walked, so nothing is said of its owners: this V8 compresses its pointers; V8's heap snapshot may need up to 7.20 GiB, and 3.10 GiB are left of the machine's memory`",
  },
  WARN_DISCOVERY_FAILED: {
    gist: 'owners of memory were to be sought in the twin of a run, and could not be',
    cause:
      '`attribute({ discover })` could not find the owners of memory in its twin; the rows of the caches are not affected.',
    cure: 'the message has the reason, with its own code where it has one.',
    example: '`owners could not be found: ERR_TWIN_CRASHED: …`',
  },
  WARN_DISCOVER_THREADS: {
    gist: 'other threads of the process have heaps, which discover() did not search',
    cause:
      'other threads of the process run JavaScript: workers of the service, of pino, of a pool. A heap belongs to its thread, and `discover()` searches that of the thread that calls it; memory of the others is in no owner. They are counted as far as a coordinator was notified of them, or Node names their threads (24 and later).',
    cure: 'ask in the main thread with `discover({ threads: true })`, with a coordinator in each worker. `breakdown({ isolates: await workerHeaps(workers) })` and `report.workers` show how large their heaps are.',
    example:
      '`WARN_DISCOVER_THREADS: not searched: what 1 worker thread of this process holds, since each has a heap of its own; breakdown() shows how large these are together`',
  },
  WARN_OWNERS_UNMEASURED: {
    gist: 'a twin ended while owners of memory were emptied in it: the figures are those of the graph',
    cause:
      'a twin ended while `discover()` emptied owners in it. The result has only the figures of the graph, which were known by then.',
    cure: 'none is needed for the list itself. If it happens again, report to the project which owner was the last.',
    example: '`the twin ended while owners were emptied: all figures are those of the graph`',
  },
  WARN_BUDGET_ENDED: {
    gist: 'the budget of a discovery ended before all owners were emptied: the others have the figures of the graph',
    cause:
      '`discover()` had a `budget` (or `attribute({ discover })` a `budget.durationMs`), which ended after the heap was walked, while owners were emptied. The figures measured by then are kept; if the twin had to be ended, all figures are those of the graph.',
    cure: 'none is needed for the list itself: paths and `retained` are complete. For measured figures allow more time or memory, or list fewer owners (`limit`).',
    example: '`no time of the budget was left to empty 7 owners, whose figures are those of the graph`',
  },
  WARN_KNOWN_RELEASE: {
    gist: 'the release of a registered cache threw when owners were sought: it may be listed as unknown',
    cause:
      '`discover()` does not know the object of a registered cache, so it called its release in a twin to see which objects it empties, and the release threw.',
    cure: 'correct the release; until then the cache may be listed as an owner that nobody registered.',
    example: '`the release of "users" threw: no such table`',
  },
  WARN_BREAKDOWN: {
    gist: 'where all of RSS is was asked for in a run, and could not be found',
    cause:
      'a run was asked where all of RSS is, and the system does not show it (see `ERR_BREAKDOWN_UNAVAILABLE`). `report.breakdown` is null; the run went on.',
    cure: 'that of the reason in the message, or leave `breakdown` out.',
    example: '`where all of RSS is could not be found: ERR_BREAKDOWN_UNAVAILABLE: …`',
  },
  WARN_DEFAULT_VERSION: {
    gist: 'two copies of this package that do not understand each other have a default coordinator each',
    cause:
      'two versions of this package are loaded, and `Coordinator.default()` of one cannot use that of the other. Each has its own.',
    cure: 'let all dependencies use one version (`npm ls cache-attribution`, `npm dedupe`).',
    example:
      '`another copy of cache-attribution has made the default coordinator, and its interface is 0, not 1: caches that this copy registers are in a coordinator of their own`',
  },
  WARN_AUTO_SETTING: {
    gist: 'a variable of the environment was not understood, and is passed over',
    cause:
      'a variable `CACHE_ATTRIBUTION_*` of the environment has a value that is not understood, or a name that does not exist. The program runs on without it.',
    cure: 'correct it; docs/guide/auto.md lists the variables and their values.',
    example:
      '`CACHE_ATTRIBUTION_LOG must be off, or an interval such as 90s, 15m or 6h, of a second at least, got "often" (string): it is passed over`',
  },
  WARN_AUTO_ENDPOINT: {
    gist: 'an address of the admin endpoint could not be opened: the program runs without it',
    cause:
      'the admin endpoint of `auto` could not be opened: the port is in use, or no folder takes its socket (read-only file systems, the permission model). The program runs on without it.',
    cure: 'choose another port, or 0 for a free one, in `CACHE_ATTRIBUTION_ADMIN`; set `XDG_RUNTIME_DIR` or `TMPDIR` to a folder that the user may write to.',
    example: '`CACHE_ATTRIBUTION_ADMIN cannot be opened: listen EADDRINUSE: address already in use 127.0.0.1:3111`',
  },
  WARN_AUTO_NOT_FOLLOWED: {
    gist: 'a class of caches has more instances than are followed: rows show those that are',
    cause:
      'more than 1,280 instances of a cache class were created at once, or later more than 200 a second; of a class most of whose instances ended, such as a cache that lives for one request, more than five a second. More instances are not followed, since that would cost the service more than the result is worth.',
    cure: 'none needed for caches that live for one request. `discover()` shows the memory of long-lived ones.',
    example:
      '`120,000 instances of DataLoader were not followed, since too many are created: what of them still lives is in no row`',
  },
  WARN_AUTO_FAILED: {
    gist: 'a part of auto could not be started: the program runs without it',
    cause:
      'a part of `auto` could not be started, for the reason that the warning gives. The program runs on without it.',
    cure: 'depending on the reason, install the package completely, allow the access that the permission model refused, or switch that part off (`CACHE_ATTRIBUTION_INSTRUMENT=off`, `CACHE_ATTRIBUTION_ADMIN=off`).',
    example: '`the admin endpoint cannot be served: ERR_CLOSED: the coordinator was closed`',
  },
  WARN_LOG_SINK: {
    gist: 'a logger or a history of a PeriodicReporter failed: its lines were lost, the service went on',
    cause:
      'the logger or the history of a `PeriodicReporter` threw or rejected. Its lines are lost until it works again; the service and the next reports are not affected. It is reported once, by `process.emitWarning()`.',
    cure: 'see the reason in the message: a full disk, a closed stream.',
    example: '`the logger of a PeriodicReporter failed: write EPIPE`',
  },
  WARN_LISTENER: {
    gist: 'an event listener threw: the run went on',
    cause:
      "a listener of one of the coordinator's events threw. The run went on; other listeners of that event may not have been called.",
    cure: 'catch errors inside the listener.',
    example: '`a listener of "cache-released" threw: Cannot read properties of undefined (reading \'name\')`',
  },
  WARN_TRIM_COLDEST: {
    gist: 'a whole was estimated from the coldest entries alone: its error is not known',
    cause:
      'a cache was trimmed that can drop its coldest entries only, and claims no bytes. The dropped entries may differ from those that stay: the estimate of the whole assumes that they are alike, and its error is `null`.',
    cure: 'let `trim()` drop entries at random when `context.choice` asks for it, and say so in `trimChoices`; or give the cache `claimedBytes()`.',
    example:
      '`the whole of "users" is estimated from its coldest entries alone, which need not be like the others: its error is not known`',
  },
  WARN_RESIDUAL_UNEXPLAINED: {
    gist: 'what no cache held was to be explained by the heap profiler, and could not be',
    cause:
      '`explainResidual` was given, and there is no profile of the memory in no cache: profiling is off or not possible, a capture is in progress, or the dump could not be written. The rows are not affected.',
    cure: "the message ends with the profiler's own error and its cure.",
    example:
      '`what no cache held cannot be explained: ERR_PROFILING_OFF: profiling is off, so nothing that lives was sampled: …`',
  },
  WARN_SHARED_MEMORY: {
    gist: 'caches hold the same values, as two orders showed: they come back with the one that is released last',
    cause:
      'caches hold the same values, which come back with the cache that is released last. Two orders of release must have shown it: in two runs the caches changed places, or in several twins of one run one row lost as much as another gained. If several caches may be the partner, all are named with "or". With several twins the row is their mean, and its ± covers both.',
    cure: 'compare the caches; emptying or bounding one of them frees nothing.',
    example:
      '`"users" and "profiles" seem to hold the same values: about 12.00 MiB come back with the one that is released last, here "profiles"; emptying one of them frees nothing`',
  },
  WARN_PINNED_PAGES: {
    gist: 'caches have memory on the same pages, as two orders showed: RSS falls when both are released',
    cause:
      'caches have blocks on the same pages. A page goes back to the system when no block on it is live, so RSS falls with the cache that is released last, although each releases its own bytes. Several twins of one run, each in another order, must have shown it. If several caches may be the partner, all are named with "or".',
    cure: 'empty or bound them together; emptying one of them frees room in its pages, which the allocator uses again, and does not lower RSS.',
    example:
      '`"thumbnails" has memory on the same pages as "sessions": of what it releases about 19.53 MiB leave RSS only when both are released`',
  },
  WARN_CLAIM_CONTRADICTED: {
    gist: 'next to nothing came back of what a cache claims to hold',
    cause:
      'a cache was emptied and collected, and less than a tenth of its claimed bytes came back; or a trim estimates it at less than that. Something else may hold its values, such as a cache that is not registered, or its claim is wrong: one run cannot show which.',
    cure: "`attribute({ mode: 'twin', twins: 2 })` measures two orders, and names another registered cache that holds the values. If it names none, find out who else keeps the values (`discover()`), and check `claimedBytes()` or `sizeCalculation`.",
    example: '`"users" claims 12.00 MiB, and 102.4 KiB came back`',
  },
  WARN_RELEASED_UNDER_PRESSURE: {
    gist: 'caches were released since memory was short',
    cause:
      '`releaseUnderPressure()` released caches. Without `log` each round is a warning of the process; the next report has this warning, since the rows of these caches have only the entries added since then.',
    cure: 'if it happens often, raise the memory limit or bound the caches. Trends begin anew for these caches.',
    example:
      '`memory was short at 2026-11-30T10:00:00.000Z, and "pages" was released: its row has what was filled since`',
  },
  WARN_BOUND_MISCOUNTS: {
    gist: 'the bound of a cache counts claims, and the cache holds another amount of memory than it claims',
    cause:
      'the cache has a bound in bytes (`maxSize`), which counts the sizes that entries claim. The run measured the whole cache, and its claims are off by a quarter or more, beyond the error. Claims leave out keys, the table and object headers; a string may take one byte for each character, or two.',
    cure: 'use the number in the message; or size entries by the measurement, with `calibratedSize(coordinator, name)`.',
    example:
      '`"users" holds 4.55 × what it claims, 1137 B an entry: maxSize 100.0 MiB would hold 455.0 MiB. For 100.0 MiB use maxSize: 23046000 (21.98 MiB), or sizeCalculation: calibratedSize(coordinator, "users")`',
  },
  WARN_REPORT_EXTENSION: {
    gist: 'what was to be added to a report could not be: the report is given without it',
    cause:
      'an extension of reports (such as an attached history) threw. The report lacks the part that it would have added.',
    cure: 'the message has the reason.',
    example: '`a report could not be added to: ERR_HISTORY_CLOSED: this history was closed`',
  },
  ...HISTORY_WARNINGS,
} satisfies Record<string, CodeEntry>
