/** Errors that calls throw: options, registrations, runs, history. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_CALLS = {
  ERR_OPTION_UNKNOWN: {
    gist: 'an option that does not exist, often a misspelt one',
    status: 400,
    cause: 'an options object has a key that does not exist, most often a misspelt one.',
    cure: 'use the name that the message proposes, or one of those that it lists.',
    example:
      '`ERR_OPTION_UNKNOWN: Coordinator has no option "releaseTimeout" (string): did you mean "releaseTimeoutMs"?`',
  },
  ERR_OPTION_TYPE: {
    gist: 'an option, or a part of a cache, of the wrong type',
    status: 400,
    cause:
      'an option, a cache or one of its methods has the wrong type; or the options are not an object literal (a list of names, an `AbortSignal` in place of `{ signal }`).',
    cure: "pass the type that the message names. Options are never converted: `'100'` is not a number.",
    example: '`ERR_OPTION_TYPE: release of the cache "users" (string) must be a function, got undefined`',
  },
  ERR_OPTION_RANGE: {
    gist: 'an option outside its allowed values',
    status: 400,
    cause: 'the type is right, the value is not: too small, too large, NaN, an unknown word, a name twice.',
    cure: 'choose a value within the bounds in the message.',
    example: '`ERR_OPTION_RANGE: "controls" must be an integer ≥ 0 and ≤ 100, got 101 (number)`',
  },
  ERR_PRESSURE_LIMIT: {
    gist: 'releaseUnderPressure() found no memory limit, and none was given',
    cause:
      'no control group of this process has a memory limit, and the system does not report how much memory it has: `/proc` is not mounted, or this is not Linux.',
    cure: "give `limit`, such as `'512 MiB'`: the resident memory of this process is compared with it.",
    example:
      '`ERR_PRESSURE_LIMIT: neither a control group nor the machine tells how much memory there is: give "limit" in bytes`',
  },
  ERR_PRESSURE_WATCHED: {
    gist: 'releaseUnderPressure() was called twice for one coordinator',
    cause: 'a coordinator has one watch at a time: two would release for the same shortage.',
    cure: '`stop()` the first, or keep it in one place of the service.',
    example: '`ERR_PRESSURE_WATCHED: this coordinator has a watch already: stop() it before another one is made`',
  },
  ERR_THREADS_MAIN: {
    gist: 'all threads were asked for in a worker thread: by attributeThreads() or discover({ threads: true })',
    status: 409,
    cause:
      'only the main thread may ask the others: two threads that ask each other at the same time would refuse each other.',
    cure: 'call it in the main thread, which asks the workers too.',
    example: '`ERR_THREADS_MAIN: attributeThreads() was called in a worker thread: call it in the main thread`',
  },
  ERR_THREAD_SILENT: {
    gist: 'a thread did not answer attributeThreads() or discover({ threads: true }) in time',
    cause:
      'the event loop of the thread is blocked for longer than `answerTimeoutMs`, or its run took longer than `timeoutMs`.',
    cure: 'find what blocks it, or allow more time. The other threads are in the report.',
    example: '`ERR_THREAD_SILENT: it did not answer within 2000 ms: its event loop is blocked`',
  },
  ERR_THREAD_ENDED: {
    gist: 'a thread ended while attributeThreads() or discover({ threads: true }) asked it',
    cause: 'the thread ended after it was found and before it had answered.',
    cure: 'none is needed: the other threads are in the report.',
    example: '`ERR_THREAD_ENDED: the thread ended before it answered`',
  },
  ERR_THREAD_ANSWER: {
    gist: 'a thread answered attributeThreads() or discover({ threads: true }) with something that is no report',
    cause:
      'the thread has loaded another version of this package, or its run failed with an error that has no code of this library.',
    cure: 'load the same version in all threads; the message describes the answer.',
    example: '`ERR_THREAD_ANSWER: what it answered is no answer: another version of the package, or not this package`',
  },
  ERR_CACHE_DUPLICATE: {
    gist: 'a cache of this name is registered already',
    cause:
      '`register()` with a name that is taken: two modules chose the same one, or one registers each time it is set up.',
    cure: 'choose another name, or `unregister()` the first; a name is free again afterwards.',
    example:
      '`ERR_CACHE_DUPLICATE: a cache named "users" (string) is registered already: unregister it first, or choose another name`',
  },
  ERR_CACHE_UNKNOWN: {
    gist: 'no cache of this name is registered',
    status: 404,
    cause: '`only` or `except` names a cache that is not registered (any more).',
    cure: 'correct the name; `coordinator.names` lists the registered ones.',
    example:
      '`ERR_CACHE_UNKNOWN: no cache named "thumbnail" (string) is registered: did you mean "thumbnails" (string)?`',
  },
  ERR_RUN_IN_PROGRESS: {
    gist: 'a different attribution run is under way in this process',
    status: 409,
    cause:
      'a run with other options is in progress, an aborted run has not ended yet, or another coordinator or worker thread of this process measures. Two runs at once would measure each other.',
    cure: 'call again when it has ended, or call with the same options to join it.',
    example:
      '`ERR_RUN_IN_PROGRESS: run 1b671a64-40d5-491e-99b0-da01ff1f3341 with other options is under way: wait for its end, or call with the same options to join it`',
  },
  ERR_RUN_REENTRANT: {
    gist: 'attribute() was called from inside a release of the run under way',
    status: 409,
    cause: 'a release called `attribute()`: the run would wait for itself.',
    cure: 'release the cache, and nothing else, in `release()`.',
    example: '`ERR_RUN_REENTRANT: attribute() was called from inside a release of the run under way`',
  },
  ERR_RUN_ABORTED: {
    gist: 'the run was aborted through its signal, or by close()',
    status: 409,
    cause:
      "the signal of the call was aborted, or `close()` was called during the run. In a row: the run was aborted before the cache's turn (`skipped`), or during its asynchronous release (`timed-out`).",
    cure: 'none needed: the `RunAbortedError` has a `report` that adds up, with the rows measured until then. If other callers wait for the same run, it goes on, and the caller that aborted gets a plain `CacheAttributionError` without a report.',
    example: '`ERR_RUN_ABORTED: the run was aborted after 3 of 8 caches`',
  },
  ERR_CLOSED: {
    gist: 'the coordinator was closed',
    status: 503,
    cause: 'a call to a coordinator after `close()`, or after the end of its `using` scope.',
    cure: 'close it last, or make a new one.',
    example: '`ERR_CLOSED: this coordinator was closed`',
  },
  ERR_CALIBRATION_INVALID: {
    gist: 'what was to be restored is no calibration of this library',
    cause:
      '`restoreCalibration()` was given something that `calibration` never returned: another version, a string that was not parsed, a value out of its range. Nothing was restored.',
    cure: 'give it the result of `JSON.parse()` on the saved text; or leave it out, and let the next run calibrate.',
    example: '`ERR_CALIBRATION_INVALID: caches[3].points[0].bytesPerEntry must be a number > 0, got -5 (number)`',
  },
  ERR_ADAPTER_UNKNOWN: {
    gist: 'no adapter recognises this object as a cache',
    cause:
      '`fromCache()` does not know the shape of its argument; or the adapter of one library was given something else.',
    cure: '[docs/reference/adapters.md](adapters.md) lists the known shapes. Register anything else with a `release()` of your own.',
    example:
      '`ERR_ADAPTER_UNKNOWN: a function is not recognised: a function shows nothing of its cache; for one of p-memoize there is fromPMemoize(memoized, pMemoizeClear)`',
  },
  ERR_ADAPTER_REFUSED: {
    gist: 'releasing this object would touch data, or a store that others share',
    cause:
      'releasing this known kind of store would delete data, or empty a store that other processes share: lmdb, Keyv over Redis, `require.cache`. In a row: the store behind a Keyv was exchanged for such a store after its registration.',
    cure: 'register the part that is memory of this process, such as the Map before the remote store. The message has the reason.',
    example:
      '`ERR_ADAPTER_REFUSED: this Keyv: its store is not known to be memory of this process, and clear() would empty it for all who share it`',
  },
  ERR_GC_UNAVAILABLE: {
    gist: 'no gc function could be obtained from V8',
    cause: 'V8 gave no `gc` function. Normally no flag is needed for it; something forbids `v8.setFlagsFromString()`.',
    cure: "start Node with `--expose-gc`, or use `gc: 'natural'` or `gc: 'none'`.",
    example: '`ERR_GC_UNAVAILABLE: V8 gave no gc function (was --expose-gc refused by a policy?)`',
  },
  ERR_ALLOCATOR_UNAVAILABLE: {
    gist: 'the allocator or binding that was asked for is not there',
    cause: 'an allocator was asked for by name and is not the one that serves `malloc()` of this process.',
    cure: "start the process with it (`LD_PRELOAD=libjemalloc.so.2`, or `npx cache-attribution run app.js`), or leave the option at `'auto'`, which uses the allocator of the process, and warns if its figures are incomplete.",
    example:
      '`ERR_ALLOCATOR_UNAVAILABLE: jemalloc was asked for, but no jemalloc is loaded (start Node with LD_PRELOAD=libjemalloc.so.2, or through "npx cache-attribution run app.js")`',
  },
  ERR_ADDON_MISSING: {
    gist: 'the native addon could not be loaded',
    cause:
      "`binding: 'addon'`, and the native addon cannot be loaded. The message has the reason: not built for this platform, a C library that is too old for its build, `--no-addons`, the permission model, a broken file, or a runtime that is not Node.",
    cure: "the one in the message. Building needs a C compiler, `make` and `python3`. Under the permission model Node needs `--allow-addons` and permission to read the package, `/proc`, `/sys`, `/etc` and `/usr` (`--allow-fs-read=/proc/*` and so on); a twin and the breakdown read the kernel's figures there. Or install `ffi-napi` and `ref-napi`.",
    example:
      '`ERR_ADDON_MISSING: it is not built for this platform, linux-riscv64 (no native build was found …) (to fix it: build it: npx node-gyp rebuild -C …)`',
  },
  ERR_ADDON_BUNDLED: {
    gist: 'the code was bundled or copied without the native addon',
    cause:
      'a bundler or a copy took the code out of the package, and the native addon is missing: the bundle does not contain it, and no package of the same version is installed beside the bundle, the program or the working directory. Without the addon only V8 could be measured, which may be a small part of a cache; nothing is measured then.',
    cure: "one line: `import 'cache-attribution/bundled'` in the bundle before any other part of the package; or leave the package out of the bundle and install it beside the bundle ([bundlers](../guide/bundlers.md)); or name the file in `CACHE_ATTRIBUTION_ADDON`. `allocator: 'unavailable'` measures V8 alone on purpose.",
    example:
      "`ERR_ADDON_BUNDLED: this code was bundled without the native addon (the package is not installed beside the bundle) (to fix it: have the bundle carry it, import 'cache-attribution/bundled' …)`",
  },
  ERR_ADDON_FILE: {
    gist: 'the file that was named for the native addon cannot be loaded',
    cause:
      'the option `addon` or the variable `CACHE_ATTRIBUTION_ADDON` names a file that does not exist, or is not a build of the native addon for this system. Nothing else is tried.',
    cure: 'name the file of this version for this system, in `native/prebuilds/<system>/` of the package, or leave it out.',
    example:
      '`ERR_ADDON_FILE: CACHE_ATTRIBUTION_ADDON names a file that cannot be loaded (/opt/a.node: cannot open shared object file: No such file or directory) (to fix it: …)`',
  },
  ERR_ADDON_LOADED: {
    gist: 'another file of the native addon is loaded already',
    cause: 'the option `addon` names another file than the one that this thread has already loaded.',
    cure: 'name the file in the first coordinator, or in `CACHE_ATTRIBUTION_ADDON`.',
    example: '`ERR_ADDON_LOADED: the native addon /a.node was asked for, and /b.node is loaded already`',
  },
  ERR_FFI_MISSING: {
    gist: 'ffi-napi or ref-napi could not be loaded',
    cause:
      "`binding: 'ffi'`, and `ffi-napi` or `ref-napi` cannot be loaded. They are optional peers, which npm does not install by itself.",
    cure: 'install both; the fork `@2060.io/ffi-napi` builds on current versions of Node.',
    example:
      "`ERR_FFI_MISSING: Cannot find module 'ffi-napi' (to install: npm i ffi-napi@npm:@2060.io/ffi-napi ref-napi@npm:@2060.io/ref-napi)`",
  },
  ERR_MALLCTL: {
    gist: 'a jemalloc control (mallctl) call failed',
    cause:
      'a jemalloc control failed. The error is a `MallctlError` with the `key` and the name of the `errno`: `ENOENT` for a key that this build or version does not have, `EPERM` for one that cannot be written, `EINVAL` for a value of another size.',
    cure: 'follow the hint in the message; for profiling keys start with `MALLOC_CONF=prof:true`.',
    example:
      '`ERR_MALLCTL: reading "stats.allocated" failed: ENOENT (jemalloc built without --enable-stats, or an older version?)`',
  },
  ERR_PPROF_FORMAT_MISSING: {
    gist: 'the package pprof-format, which writes pprof files, could not be loaded',
    cause: 'writing a pprof file needs the package `pprof-format`, an optional peer, and it cannot be loaded.',
    cure: '`npm install pprof-format`. Reading profiles, tables, folded stacks and flame graphs do not need it.',
    example:
      '`ERR_PPROF_FORMAT_MISSING: pprof files need the package pprof-format (npm install pprof-format): Cannot find package`',
  },
} satisfies Record<string, CodeEntry>
