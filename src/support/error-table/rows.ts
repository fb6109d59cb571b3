/** Errors that stand in a row of a report. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_ROWS = {
  ERR_RELEASE_FAILED: {
    gist: 'a release threw or rejected',
    cause:
      '`release()` or `trim()` threw, or its promise was rejected; the message is that of the error. Memory that it had freed until then is in the row. In a trim, the parts before the failure still give `estimated`; if there are none, the row has no `estimated`.',
    cure: 'correct the release. Status: `failed`.',
    example: '`thumbnails failed: ERR_RELEASE_FAILED: no such table: thumbnails`',
  },
  ERR_RELEASE_TIMEOUT: {
    gist: 'an asynchronous release missed its deadline',
    cause:
      'an asynchronous release did not finish within `releaseTimeoutMs`. Its `context.signal` was aborted; the run went on without it.',
    cure: 'let the release end when `context.signal` is aborted, or raise `releaseTimeoutMs`. Status: `timed-out`.',
    example: '`sessions timed-out: ERR_RELEASE_TIMEOUT: it did not finish within 10000 ms`',
  },
  ERR_RELEASE_KILLED: {
    gist: 'twins were killed in the window of this cache, twice: most likely for the memory that it took',
    cause:
      "two twins were ended by SIGKILL while this cache was released or settled. Most likely the kernel did it because memory was short: the release allocates without end, or more than the machine or its control group has. The error's `signal` names the signal. All other caches were measured in another twin.",
    cure: 'check the allocations of the release (a copy of the whole cache, a queue that grows); raise the memory limit; or register the cache with `twin: false`. Status: `failed`.',
    example: '`greedy failed: ERR_RELEASE_KILLED: it ended after 2.3 s by SIGKILL`',
  },
  ERR_RELEASE_UNREGISTERED: {
    gist: 'the cache was unregistered while the run was on',
    cause: 'the cache was unregistered after the run began and before its turn.',
    cure: 'none needed. Status: `skipped`.',
    example: '`sessions skipped: ERR_RELEASE_UNREGISTERED: it was unregistered during the run`',
  },
  ERR_RELEASE_UNNAMED: {
    gist: 'a lossy or costly cache was left out, since nobody named it',
    cause: "the cache is registered with `refillCost: 'high'` or `lossless: false`, and `only` does not name it.",
    cure: 'name it in `only` if releasing it is worth the cost. Status: `skipped`.',
    example: '`sessions skipped: ERR_RELEASE_UNNAMED: it is not lossless: name it in "only" to release it`',
  },
  ERR_RELEASE_LIVE: {
    gist: 'the cache may be released in a twin alone, and the run was to release it in this process',
    cause:
      'the cache was registered with `live: false`, so that only twins release it, and the run was to release or trim it in this process. `auto` registers all its caches so.',
    cure: "measure it with `mode: 'twin'`. To release caches of `auto` in the process, set `CACHE_ATTRIBUTION_ALLOW_RELEASE=1`, or start it with `run --auto --allow-release`.",
    example: '`users skipped: ERR_RELEASE_LIVE: it was registered with live: false: a twin measures it`',
  },
  ERR_RELEASE_SPARED: {
    gist: 'the cache is left out of releases under pressure',
    cause:
      '`releaseUnderPressure()` releases no cache that is registered with `lossless: false`, that `except` names, or that has no entry.',
    cure: 'none needed. Status in the round: `skipped`.',
    example: '`sessions skipped: ERR_RELEASE_SPARED: it is not lossless`',
  },
  ERR_BUDGET_PAUSE: {
    gist: 'the smallest window of a cache, or the twin of a discovery, does not fit into budget.pauseMs',
    status: 422,
    cause:
      'two settlings, the least that a window takes, are longer than `budget.pauseMs`. Of `discover()`: the last twin paused the process for longer, and none was made.',
    cure: "allow a longer pause, or register caches whose memory the release itself frees with `gc: 'none'`. Status of a row: `skipped`. `discover()` forgets the pause of the last twin after ten minutes.",
    example: '`documents skipped: ERR_BUDGET_PAUSE: its window needs about 212 ms, budget.pauseMs is 100`',
  },
  ERR_BUDGET_DURATION: {
    gist: 'a cache did not fit into budget.durationMs any more, or a discovery had walked no heap by then',
    status: 422,
    cause:
      "the remaining time of `budget.durationMs` was less than the expected time of the cache. For `discover()`: the time ended before V8's heap was walked, so nothing is known; the twin was ended.",
    cure: 'allow a longer run. The order of caches rotates, so the next run begins with other ones. Status of a row: `skipped`. A walk takes about a second for 100 MiB of heap.',
    example:
      '`documents skipped: ERR_BUDGET_DURATION: it would take about 240 ms, 120 ms of budget.durationMs are left`',
  },
  ERR_BUDGET_MEMORY: {
    gist: 'a discovery does not fit into budget.memoryBytes',
    status: 422,
    cause:
      "by its upper bound the twin of `discover()` may need more than `budget.memoryBytes`, and none was made; or the twin exceeded the budget before V8's heap was walked, and was ended.",
    cure: 'allow more, or leave the budget out: the free memory of the machine and the control groups is checked in any case. `expectedDiscoverCost()` returns the bound.',
    example: '`ERR_BUDGET_MEMORY: the twin may need up to 564.0 MiB, budget.memoryBytes is 256.0 MiB`',
  },
  ERR_TWIN_EXCLUDED: {
    gist: 'the cache was registered with twin: false',
    cause: 'the cache was registered with `twin: false`, and the run was made in a twin. Status: `skipped`.',
    cure: "none needed; `mode: 'release'` measures it in the live process.",
    example: '`images skipped: ERR_TWIN_EXCLUDED: it was registered with twin: false`',
  },
  ERR_TWIN_ASYNC: {
    gist: 'the release needs the event loop, which does not turn in a twin',
    cause:
      'the release had entries left after its first turn, and a twin has no event loop. Status: `skipped`; the memory that it had freed by then is in `unattributed`.',
    cure: "drop the entries before the first `await`, or measure this cache with `mode: 'release'`.",
    example:
      '`sessions skipped: ERR_TWIN_ASYNC: after its first turn 120 entries are left, and in a twin no other follows`',
  },
  ERR_TWIN_FINALIZERS: {
    gist: 'the memory of a cache waits for finalizers, which could not be run in the twin',
    cause:
      'finalizers could not be run in this twin (`WARN_FINALIZERS_WAIT` says why), and the memory of this cache appears to wait for them: V8 dropped Buffers whose memory the allocator did not get back, or next to nothing came back of the bytes that the cache claims. Status: `skipped`.',
    cure: 'that of `WARN_FINALIZERS_WAIT`.',
    example:
      '`images skipped: ERR_TWIN_FINALIZERS: its memory may wait for finalizers, which could not be run in this twin: V8 gave up 45.36 MiB of Buffers, and the allocator has 104.4 KiB of them back`',
  },
  ERR_TRIM_UNSUPPORTED: {
    gist: 'this cache has no trim(), and the run drops parts only',
    cause:
      "the run is one of `mode: 'trim'`, and this cache has no `trim()`: its library can drop all entries or none.",
    cure: 'release it as a whole with `only`, or give it a `trim()`. Status: `skipped`.',
    example: '`templates skipped: ERR_TRIM_UNSUPPORTED: it has no trim(): it can be released as a whole only`',
  },
  ERR_BREAKDOWN_UNAVAILABLE: {
    gist: 'where resident memory is cannot be found on this system, or of this process',
    status: 404,
    cause:
      'the system does not show where resident memory is: it is not Linux, or `/proc` is not mounted. For another process: it has ended, or belongs to another user.',
    cure: 'on Linux mount `/proc`; for another process run the command as its user.',
    example: '`ERR_BREAKDOWN_UNAVAILABLE: resident memory is broken down on Linux only, this is darwin`',
  },
  ERR_RESIDENT_UNKNOWN: {
    gist: 'the system does not report the resident memory of this process',
    cause:
      'the system does not report the resident memory of this process: `/proc` is not mounted, as in a chroot or a sandbox.',
    cure: "mount it: `mount -t proc proc /proc`, in the chroot or in the sandbox's settings.",
    example:
      '`ERR_RESIDENT_UNKNOWN: the resident memory of this process cannot be read (ENOENT: no such file or directory, uv_resident_set_memory); on Linux /proc must be mounted`',
  },
  ERR_CRONER_MISSING: {
    gist: 'a schedule has a cron expression, and the package croner is not installed',
    cause:
      'a schedule of a `PeriodicReporter` has a `cron` expression, and the optional package croner is not installed.',
    cure: '`npm i croner`, or give the schedule `every` in its place.',
    example: "`ERR_CRONER_MISSING: Cannot find module 'croner' (to install: npm i croner)`",
  },
} satisfies Record<string, CodeEntry>
