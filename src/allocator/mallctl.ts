/**
 * The common part of both bindings' controls of jemalloc: checks before a call, and failures in the allocator's own words.
 *
 * Rule: nothing reaches native code unchecked; every failure names the key and the errno.
 */
import { getSystemErrorName } from 'node:util'
import { CacheAttributionError, MallctlError, describe } from '../support/errors.js'
import { SLOT_COUNT } from './port.js'
import type { Mallctl, MallctlType, MallctlTypes } from './port.js'

/** The types in the order of native/addon.c; `void` (a key without a value) comes after them. */
export const MALLCTL_TYPES = ['bool', 'unsigned', 'size_t', 'ssize_t', 'uint64', 'string'] as const

const UNSIGNED_MAX = 2 ** 32 - 1

/**
 * Keys whose value is a pointer to text, in jemalloc 4 to 5.3 and its development branch. jemalloc compares sizes alone:
 * a number read as text, or written in place of text, would be followed as a pointer and end the process.
 */
const TEXT_KEYS = new RegExp(
  [
    'version',
    String.raw`config\.malloc_conf`,
    String.raw`opt\.(?:dss|junk|metadata_thp|percpu_arena|purge|thp|zero_realloc)`,
    String.raw`opt\.(?:prof_prefix|prof_time_resolution|stats_interval_opts|stats_print_opts)`,
    String.raw`opt\.malloc_conf\..*`,
    String.raw`(?:stats\.arenas|arena)\.\d+\.(?:dss|name)`,
    String.raw`thread\.prof\.name`,
    String.raw`prof\.(?:dump|prefix|log_start)`,
  ]
    .map((key) => `^${key}$`)
    .join('|'),
)

/** Of these the ones that may be called without a text: some versions follow the pointer of others where none is given. */
const CALLED_TEXT_KEYS = /^prof\.(?:dump|log_start)$/

/**
 * Keys that take a pointer to code or to a caller's structure, which JavaScript has not, or the number of a thread cache, which
 * jemalloc does not check. native/mallctl-keys.c has the same lists.
 */
const REFUSED_KEYS = /^experimental\.|^arenas\.lookup$|^tcache\./
/** The same, where they are written or called. */
const READ_ONLY_KEYS = /^arena\.\d+\.extent_hooks$|^arenas\.(?:create|extend)$/

/** Keys by whose value jemalloc divides without a check: 0 ends the process by SIGFPE, at some later allocation. */
const DIVISOR_KEYS = /^max_background_threads$/

const VALUE_CHECKS: Record<MallctlType, { expected: string; holds: (value: unknown) => boolean }> = {
  bool: { expected: 'true or false', holds: (value) => typeof value === 'boolean' },
  unsigned: { expected: 'an integer from 0 to 2^32 - 1', holds: (value) => isInteger(value, 0, UNSIGNED_MAX) },
  size_t: { expected: 'an integer from 0 to 2^53 - 1', holds: (value) => isInteger(value, 0, Number.MAX_SAFE_INTEGER) },
  ssize_t: {
    expected: 'a safe integer',
    holds: (value) => isInteger(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
  },
  uint64: {
    expected: 'a bigint from 0 to 2^64 - 1',
    holds: (value) => typeof value === 'bigint' && value >= 0n && value < 2n ** 64n,
  },
  string: {
    expected: 'a string without NUL characters',
    holds: (value) => typeof value === 'string' && !value.includes('\0'),
  },
}

function isInteger(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

/** Raw calls of one binding; each returns 0 or an errno, or the value through `value`. */
export interface RawMallctl {
  read(key: string, type: MallctlType): { readonly errno: number; readonly value: unknown }
  write(key: string, type: MallctlType, value: unknown): number
  call(key: string): number
}

/** Puts checks and error texts around the raw calls of a binding. */
export function checkedMallctl(raw: RawMallctl): Mallctl {
  return {
    read<T extends MallctlType>(key: string, type: T): MallctlTypes[T] {
      checkKey(key)
      checkType(type)
      checkPointers(key, type)
      const { errno, value } = raw.read(key, type)
      if (errno !== 0) throw mallctlFailure('reading', key, errno)
      return value as MallctlTypes[T]
    },
    write(key, type, value) {
      checkKey(key)
      checkType(type)
      checkPointers(key, type)
      if (READ_ONLY_KEYS.test(key)) throw unchecked(key)
      const check = VALUE_CHECKS[type]
      if (!check.holds(value)) {
        throw wrongType(`the ${type} for "${key}" must be ${check.expected}, got ${describe(value)}`)
      }
      if (DIVISOR_KEYS.test(key) && Number(value) === 0) {
        throw new CacheAttributionError('ERR_OPTION_RANGE', `"${key}" cannot be 0: jemalloc divides by it`)
      }
      const errno = raw.write(key, type, value)
      if (errno !== 0) throw mallctlFailure('writing', key, errno)
    },
    call(key) {
      checkKey(key)
      if (READ_ONLY_KEYS.test(key)) throw unchecked(key)
      if (TEXT_KEYS.test(key) && !CALLED_TEXT_KEYS.test(key))
        throw wrongType(`"${key}" holds a string: it is not called`)
      const errno = raw.call(key)
      if (errno !== 0) throw mallctlFailure('calling', key, errno)
    },
  }
}

function checkKey(key: unknown): void {
  if (typeof key !== 'string' || key.length === 0 || key.length > 256 || key.includes('\0')) {
    throw wrongType(`a mallctl key must be a string of 1 to 256 characters without NUL, got ${describe(key)}`)
  }
  if (REFUSED_KEYS.test(key)) throw unchecked(key)
}

function checkType(type: MallctlType): void {
  if (!(MALLCTL_TYPES as readonly string[]).includes(type)) {
    throw new CacheAttributionError(
      'ERR_OPTION_RANGE',
      `a mallctl type must be one of ${MALLCTL_TYPES.join(', ')}, got ${describe(type)}`,
    )
  }
}

function checkPointers(key: string, type: MallctlType): void {
  const isText = TEXT_KEYS.test(key)
  if (isText === (type === 'string')) return
  throw wrongType(isText ? `"${key}" holds a string, not a ${type}` : `"${key}" is not known to hold a string`)
}

function unchecked(key: string): CacheAttributionError {
  return wrongType(`"${key}" takes what jemalloc follows unchecked, and JavaScript has none to give`)
}

function wrongType(message: string): CacheAttributionError {
  return new CacheAttributionError('ERR_OPTION_TYPE', message)
}

/** The error of a failed call, with the likeliest cause. */
export function mallctlFailure(operation: 'reading' | 'writing' | 'calling', key: string, errno: number): MallctlError {
  const name = errnoName(errno)
  return new MallctlError(operation, key, name, likelyCause(name, key))
}

function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno)
  } catch {
    return `errno ${String(errno)}`
  }
}

function likelyCause(errno: string, key: string): string | undefined {
  if (errno === 'ENOSYS') return key === 'mallinfo2' ? 'this libc has none' : 'this process does not run under jemalloc'
  if (errno === 'EINVAL') return 'the value is of another type or size'
  if (errno === 'EPERM') return 'the key is read-only, or write-only'
  if (errno !== 'ENOENT') return undefined
  if (key.startsWith('stats.')) return 'jemalloc built without --enable-stats, or an older version?'
  if (key.startsWith('prof.')) return 'profiling needs a build with --enable-prof and MALLOC_CONF=prof:true at start'
  return 'this build or version of jemalloc does not know the key'
}

/** Refuses a reading's target that is no Float64Array with room for every slot. */
export function checkSlots(slots: Float64Array): void {
  if (!(slots instanceof Float64Array) || slots.length < SLOT_COUNT) {
    throw wrongType(`a reading needs a Float64Array of at least ${String(SLOT_COUNT)}, got ${describe(slots)}`)
  }
}
