/**
 * Every error and warning of the library, with one stable code each.
 *
 * Rule: whatever the library throws on purpose is a {@link CacheAttributionError} with a code of {@link ERROR_CODES};
 * docs/reference/errors.md lists the same codes with cause and cure, and a test holds the two lists together.
 */

/** Code → what went wrong, in a few words. */
export const ERROR_CODES = {
  ERR_OPTION_UNKNOWN: 'an option that does not exist, often a misspelt one',
  ERR_OPTION_TYPE: 'an option, or a part of a cache, of the wrong type',
  ERR_OPTION_RANGE: 'an option outside its allowed values',
  ERR_CACHE_DUPLICATE: 'a cache of this name is registered already',
  ERR_CACHE_UNKNOWN: 'no cache of this name is registered',
  ERR_RUN_IN_PROGRESS: 'a different attribution run is under way in this process',
  ERR_RUN_REENTRANT: 'attribute() was called from inside a release of the run under way',
  ERR_RUN_ABORTED: 'the run was aborted through its signal, or by close()',
  ERR_CLOSED: 'the coordinator was closed',
  ERR_RELEASE_FAILED: 'a release threw or rejected',
  ERR_RELEASE_TIMEOUT: 'an asynchronous release missed its deadline',
  ERR_RELEASE_KILLED: 'twins were killed in the window of this cache, twice: most likely for the memory that it took',
  ERR_RELEASE_UNREGISTERED: 'the cache was unregistered while the run was on',
  ERR_RELEASE_UNNAMED: 'a lossy or costly cache was left out, since nobody named it',
  ERR_RELEASE_LIVE: 'the cache may be released in a twin alone, and the run was to release it in this process',
  ERR_BUDGET_PAUSE: 'the smallest window of this cache does not fit into budget.pauseMs',
  ERR_BUDGET_DURATION: 'this cache did not fit into budget.durationMs any more',
  ERR_TRIM_UNSUPPORTED: 'this cache has no trim(), and the run drops parts only',
  ERR_ADAPTER_UNKNOWN: 'no adapter recognises this object as a cache',
  ERR_ADAPTER_REFUSED: 'releasing this object would touch data, or a store that others share',
  ERR_CALIBRATION_INVALID: 'what was to be restored is no calibration of this library',
  ERR_GC_UNAVAILABLE: 'no gc function could be obtained from V8',
  ERR_ALLOCATOR_UNAVAILABLE: 'the allocator or binding that was asked for is not there',
  ERR_ADDON_MISSING: 'the native addon could not be loaded',
  ERR_FFI_MISSING: 'ffi-napi or ref-napi could not be loaded',
  ERR_MALLCTL: 'a jemalloc control (mallctl) call failed',
  ERR_TWIN_UNSUPPORTED: 'no twin can be made of this process',
  ERR_TWIN_MEMORY: 'there is not enough memory left for what a twin would copy',
  ERR_TWIN_FORK: 'the system refused the fork',
  ERR_TWIN_CRASHED: 'the twin ended without a result',
  ERR_TWIN_STUCK: 'the twin waited for something that does not exist in it',
  ERR_TWIN_OVERTIME: 'what ran in the twin used more processor time than it may',
  ERR_TWIN_THROWN: 'the function that ran in the twin threw',
  ERR_TWIN_RESULT: 'what the function in the twin returned is no JSON, or too large',
  ERR_TWIN_EXCLUDED: 'the cache was registered with twin: false',
  ERR_TWIN_ASYNC: 'the release needs the event loop, which does not turn in a twin',
  ERR_TWIN_FINALIZERS: 'the memory of a cache waits for finalizers, which could not be run in the twin',
  ERR_INSPECTOR: 'the inspector of this thread could not be used, or did not answer in the same turn',
  ERR_HOARD_NOT_EMPTIED: 'a hoard could not be emptied, or not wholly',
  ERR_HEAP_SNAPSHOT_WRITE: 'the heap snapshot could not be written to its descriptor',
  ERR_HEAP_SNAPSHOT_FORMAT: 'a heap snapshot was not understood',
  ERR_BREAKDOWN_UNAVAILABLE: 'where resident memory is cannot be told on this system, or of this process',
  ERR_RESIDENT_UNKNOWN: 'the system does not tell the resident memory of this process',
  ERR_CRONER_MISSING: 'a schedule has a cron expression, and the package croner is not installed',
  ERR_PROFILING_ALLOCATOR: 'the heap profiler is part of jemalloc, and this process runs on another allocator',
  ERR_PROFILING_BUILD: 'this jemalloc was built without its heap profiler',
  ERR_PROFILING_START: 'the process was not started so that it can be profiled',
  ERR_PROFILING_THREADS: 'the process was started so that no thread takes part in profiling',
  ERR_PROFILING_OFF: 'profiling is off, so there is nothing that a profile could show',
  ERR_PROFILE_IN_PROGRESS: 'a different capture, or a run that explains its residual, uses the profiler',
  ERR_PROFILER_IN_USE: "V8's heap profiler, of which a thread has one, is in use by something else",
  ERR_PROFILE_ABORTED: 'the capture was aborted through its signal, or by close()',
  ERR_PROFILE_DUMP: 'a heap profile could not be written to the disk',
  ERR_DUMP_UNKNOWN: 'there is no dump of this name, or it is of another kind',
  ERR_DUMP_FOLDER: 'a folder of dumps could not be read or changed',
  ERR_GROWTH_ACTION: 'an action of a growth monitor could not be carried out',
  ERR_GROWTH_LIMIT: 'a growth monitor is to watch a share of a limit, and there is no limit',
  ERR_PROFILE_READ: 'a heap profile could not be read from its file or its address',
  ERR_PROFILE_FORMAT: 'the text of a heap profile was not understood',
  ERR_PROFILE_TRUNCATED: 'the text of a heap profile ends too early',
  ERR_PROFILE_TOO_LARGE: 'a heap profile is longer than may be read',
  ERR_PROFILE_COLUMN: 'a heap profile has no such kind of value, or no rows of this thread',
  ERR_PROFILE_WRITE: 'what was made of a heap profile could not be written',
  ERR_PROFILE_BASE: 'two heap profiles cannot be subtracted from one another',
  ERR_PPROF_FORMAT_MISSING: 'the package pprof-format, which writes pprof files, could not be loaded',
  ERR_HTTP_UNAUTHENTICATED: 'the request carries no token that is known',
  ERR_HTTP_FORBIDDEN: 'whoever asks may not do this',
  ERR_HTTP_CROSS_ORIGIN: 'a request that changes something came from another origin, or as a form would send it',
  ERR_HTTP_NOT_FOUND: 'there is nothing at this address',
  ERR_HTTP_METHOD: 'this address does not know this method',
  ERR_HTTP_NOT_ACCEPTABLE: 'none of the forms that the request accepts is made here',
  ERR_HTTP_MEDIA_TYPE: 'the body of the request is not JSON',
  ERR_HTTP_BODY: 'the body of the request cannot be read',
  ERR_HTTP_BODY_SIZE: 'the body of the request is too large',
  ERR_HTTP_PATH: 'the path is written in a way that could be read as another one',
  ERR_HTTP_PARAMETER: 'a parameter that is given twice, or is not what its name wants',
  ERR_HTTP_MODE_NEEDED: 'no twin can be made here, and the request does not say what to do instead',
  ERR_HTTP_COOL_DOWN: 'the last releasing run is too short a while ago',
  ERR_HTTP_INTERNAL: 'the request failed for a reason that is not told outside',
  ERR_COMMAND_USAGE: 'the command line was not understood',
  ERR_COMMAND_START: 'the program that the command should run could not be started',
  ERR_JEMALLOC_NOT_FOUND: 'no libjemalloc was found on this machine',
  ERR_JEMALLOC_FETCH: 'libjemalloc could not be fetched',
  ERR_HISTORY_FOLDER: 'a history, or a saved report, could not be read',
  ERR_HISTORY_RECORD: 'what was to be kept in a history is no report and no observation',
  ERR_HISTORY_CLOSED: 'the history was closed',
  ERR_PROM_CLIENT_MISSING: 'the package prom-client, which metrics for Prometheus go through, could not be loaded',
  ERR_OPENTELEMETRY_MISSING: 'the package @opentelemetry/api could not be loaded',
  ERR_METRICS_DUPLICATE: 'the registry has metrics of these names already',
  ERR_COUNTER_LIMIT: 'there are too many allocation counters',
  ERR_ATTACH_NO_PROCESS: 'the process to attach to is not there, not visible, or ended meanwhile',
  ERR_ATTACH_OTHER_USER: 'the process to attach to belongs to another user, or the kernel keeps it closed',
  ERR_ATTACH_NOT_NODE: 'the process to attach to does not run Node',
  ERR_ATTACH_NODE_VERSION: 'the process to attach to runs a Node that is too old',
  ERR_ATTACH_STOPPED: 'the process to attach to is stopped, or held by a tracer',
  ERR_ATTACH_BLOCKED: 'the main thread of the process to attach to does not answer',
  ERR_ATTACH_PERMISSION: "Node's permission model keeps the process from being attached to",
  ERR_ATTACH_SIGNAL_OFF: 'the process to attach to opens no inspector on SIGUSR1',
  ERR_ATTACH_SIGNAL_TAKEN: 'the application handles SIGUSR1 itself, so that no inspector opened',
  ERR_ATTACH_PORT_TAKEN: 'the port on which the inspector would open belongs to another process',
  ERR_ATTACH_NETWORK: 'the process to attach to has a network of its own, which cannot be entered',
  ERR_ATTACH_FOLDER: 'there is no folder from which the process to attach to could load the native addon',
  ERR_ATTACH_ADDON: 'the process to attach to cannot load the native addon',
  ERR_ATTACH_CONNECTION: 'the connection to the inspector of the process failed',
  ERR_ADMIN_ANSWER: 'an admin endpoint gave no answer that could be understood',
  ERR_WATCH_ANSWER: 'the endpoint that is watched gave no answer that could be understood',
} as const

/** A stable error code of this library. */
export type ErrorCode = keyof typeof ERROR_CODES

/** Code → what a reader of the report should know. Warnings never fail a run. */
export const WARNING_CODES = {
  WARN_ALLOCATOR_UNAVAILABLE: 'no allocator statistics: only V8 heap figures were measured',
  WARN_TCACHE_UNKNOWN: 'this jemalloc has no tcache statistics: freed memory in thread caches counts as live',
  WARN_TCACHE_MISCOUNTED: 'this jemalloc counts larger blocks in thread caches too small: live bytes err by them',
  WARN_PROFILER_OVERCOUNT: "jemalloc's profiler adds to live bytes, and does not tell how much",
  WARN_SELF_CHECK: 'a set of known size was measured wrongly before the first window: rows may err as much',
  WARN_ALIASED: 'the same object is registered under two names: the memory can go to only one of them',
  WARN_MAPPED_UNKNOWN: 'WebAssembly memories and resizable buffers could not be read: rows do not count them',
  WARN_NOT_SETTLED: 'a window did not come to rest in its bounded time: its row may carry other work',
  WARN_LATE_BYTES: 'memory went in the turns after a release: a deferred finalizer, or unfinished work of that release',
  WARN_RELEASED_OTHER: 'one release emptied another registered cache too',
  WARN_RELEASED_ELSEWHERE: 'a cache was emptied during the run before its own release',
  WARN_NOT_EMPTY: 'a cache still counts entries after its release',
  WARN_NO_NATURAL_GC: 'V8 did not collect by itself within naturalGcTimeoutMs: garbage may count as live',
  WARN_WORKER_THREAD: 'measured in a worker thread: the other threads were not at rest',
  WARN_CACHE_METHOD: 'entries() or claimedBytes() of a cache threw or returned no number: shown as unknown',
  WARN_TWIN_FIRST_TURN: 'a release went on after its first turn: only what that dropped was measured in the twin',
  WARN_FINALIZERS_WAIT: 'finalizers could not be run in a twin: what they free is in no row',
  WARN_TWIN_RETRIED: 'a twin ended without a result, another one was made',
  WARN_OWNERS_UNKNOWN: 'the heap was to be walked for its owners, and could not be',
  WARN_DISCOVERY_FAILED: 'hoards were to be sought in the twin of a run, and could not be',
  WARN_HOARD_UNREADABLE: 'some live objects could not be looked into when hoards were sought',
  WARN_DISCOVER_THREADS: 'other threads of the process have heaps, which discover() did not search',
  WARN_HOARD_NAMES: 'the time for naming hoards was over before all were named',
  WARN_HOARD_RELEASE: 'the release of a registered cache threw when hoards were sought: its hoards may be listed',
  WARN_BREAKDOWN: 'where all of RSS is was asked for in a run, and could not be told',
  WARN_DEFAULT_VERSION: 'two copies of this package that do not understand each other have a default coordinator each',
  WARN_AUTO_SETTING: 'a variable of the environment was not understood, and is passed over',
  WARN_AUTO_ENDPOINT: 'an address of the admin endpoint could not be opened: the program runs without it',
  WARN_AUTO_NOT_FOLLOWED: 'a class of caches has more instances than are followed: rows show those that are',
  WARN_AUTO_FAILED: 'a part of auto could not be started: the program runs without it',
  WARN_LOG_SINK: 'a logger or a history of a PeriodicReporter failed: its lines were lost, the service went on',
  WARN_LISTENER: 'an event listener threw: the run went on',
  WARN_TRIM_COLDEST: 'a whole was estimated from the coldest entries alone: its error is not known',
  WARN_RESIDUAL_UNEXPLAINED: 'what no cache held was to be explained by the heap profiler, and could not be',
  WARN_SHARED_MEMORY:
    'caches hold the same values, as two orders showed: they come back with the one that is released last',
  WARN_PINNED_PAGES: 'caches have memory on the same pages, as two orders showed: RSS falls when both are released',
  WARN_CLAIM_CONTRADICTED: 'next to nothing came back of what a cache claims to hold',
  WARN_REPORT_EXTENSION: 'what was to be added to a report could not be: the report is given without it',
  WARN_HISTORY_WRITE: 'a history cannot be written: its records wait in memory',
  WARN_HISTORY_RESUMED: 'a history is written again',
  WARN_HISTORY_TORN: 'a line of a history was cut off by a crash, or is no record, and was passed over',
  WARN_HISTORY_VERSION: 'a line of a history is of a newer version, and was passed over',
  WARN_HISTORY_UNREADABLE: 'a file of a history could not be read',
} as const

/** A stable warning code of this library. */
export type WarningCode = keyof typeof WARNING_CODES

/**
 * The error class of the library. `message` starts with the code; `code` is stable.
 *
 * @example
 * try { await coordinator.attribute({ only: ['typo'] }) }
 * catch (error) { if (error instanceof CacheAttributionError && error.code === 'ERR_CACHE_UNKNOWN') … }
 */
export class CacheAttributionError extends Error {
  override readonly name = 'CacheAttributionError'
  readonly code: ErrorCode
  /** The message without the code. */
  readonly reason: string

  constructor(code: ErrorCode, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options)
    this.code = code
    this.reason = reason
  }
}

/** The text of anything that was thrown, for where its code is shown beside it; never throws. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof CacheAttributionError ? thrown.reason : messageOf(thrown)
}

/** Failure of a mallctl: carries the key and the errno as jemalloc returned them. */
export class MallctlError extends CacheAttributionError {
  /** The mallctl key, e.g. `stats.allocated`. */
  readonly key: string
  /** The errno's name, e.g. `ENOENT`. */
  readonly errno: string

  constructor(operation: 'reading' | 'writing' | 'calling', key: string, errno: string, hint?: string) {
    super('ERR_MALLCTL', `${operation} "${key}" failed: ${errno}${hint === undefined ? '' : ` (${hint})`}`)
    this.key = key
    this.errno = errno
  }
}

/** The text of anything that was thrown: an Error's message, or the value itself; never throws. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) {
      // A subclass may make anything of its message.
      const message: unknown = thrown.message
      return typeof message === 'string' ? message : describe(message)
    }
    return typeof thrown === 'string' ? thrown : `${describe(thrown)} was thrown, which is not an Error`
  } catch {
    return 'something that cannot be shown was thrown'
  }
}

/** A value and its type as error texts show them: `-5 (number)`, `"x" (string)`, `null`. Never throws, never long. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  const type = typeof value
  if (type === 'object') return describeObject(value)
  if (type === 'function') return 'a function'
  const text = type === 'string' ? JSON.stringify(value) : (value as number | bigint | boolean | symbol).toString()
  return `${text.length > 60 ? `${text.slice(0, 59)}…` : text} (${type})`
}

/** A proxy may throw from any look at it; a revoked one does not even tell whether it is an array. */
function describeObject(value: unknown): string {
  try {
    return Array.isArray(value) ? `an array of ${String(value.length)}` : 'an object'
  } catch {
    return 'an object'
  }
}

/** Hears of errors where nobody else wants to. */
export function warnOfError(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : describe(error))
}
