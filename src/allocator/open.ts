/**
 * Finds the allocator of this process: jemalloc, else glibc, else none, with the reason.
 *
 * Rule: 'auto' gives an allocator and says what it lacks; an explicit choice that is not there is an error, and so is an addon that
 * was left behind by who bundled or copied the code.
 */
import { CacheAttributionError, messageOf } from '../support/errors.js'
import type { ErrorCode } from '../support/errors.js'
import { oneOf, resolveOptions } from '../support/options.js'
import { loadAddonBinding } from './binding.js'
import { loadFfiBinding } from './ffi-binding.js'
import { glibcAllocator } from './glibc.js'
import { jemallocAllocator } from './jemalloc.js'
import type { Allocator, AllocatorName, BindingKind, NativeBinding } from './port.js'
import { unavailableAllocator } from './unavailable.js'

/** How the allocator is chosen. */
export interface OpenAllocatorOptions {
  /**
   * Which allocator's statistics to read.
   * @default 'auto' jemalloc where it serves malloc(), else glibc, else V8's figures alone
   */
  readonly allocator?: AllocatorName | 'auto' | undefined
  /**
   * How native code is reached.
   * @default 'auto' the addon, else ffi-napi with ref-napi
   */
  readonly binding?: BindingKind | 'auto' | undefined
}

/** The command that fixes most of what this file reports. */
export const PRELOAD_HINT = 'start Node with LD_PRELOAD=libjemalloc.so.2, or through "npx cache-attribution run app.js"'

/**
 * The allocator of this process.
 *
 * @throws CacheAttributionError `ERR_ALLOCATOR_UNAVAILABLE` when an explicit `allocator` is not there;
 *   `ERR_ADDON_MISSING`, `ERR_FFI_MISSING` when an explicit `binding` cannot be loaded; `ERR_ADDON_BUNDLED` where the code was taken
 *   away from the addon, and `ERR_ADDON_FILE` where a named file does not load, unless `allocator` is `'unavailable'`
 * @example
 * const allocator = openAllocator()
 * console.log(allocator.name, allocator.statistic ?? allocator.reason)
 */
export function openAllocator(options?: OpenAllocatorOptions): Allocator {
  const choice = resolveOptions('openAllocator()', options, {
    allocator: { check: oneOf('auto', 'jemalloc', 'glibc', 'unavailable'), fallback: 'auto' as const },
    binding: { check: oneOf('auto', 'addon', 'ffi'), fallback: 'auto' as const },
  })
  if (choice.allocator === 'unavailable') return unavailableAllocator('chosen by option')
  const binding = openBinding(choice.binding)
  if (typeof binding === 'string') return refuseOr(choice.allocator, unavailableAllocator(binding))
  return refuseOr(choice.allocator, bestOf(binding, choice.allocator === 'glibc'))
}

function refuseOr(chosen: AllocatorName | 'auto', found: Allocator): Allocator {
  if (chosen === 'auto' || chosen === found.name) return found
  throw new CacheAttributionError(
    'ERR_ALLOCATOR_UNAVAILABLE',
    `${chosen} was asked for, but ${found.reason ?? `this process runs under ${found.name}`}`,
  )
}

/** The binding asked for, or the reason why 'auto' found none. */
function openBinding(choice: BindingKind | 'auto'): NativeBinding | string {
  if (choice === 'ffi') return loadFfiBinding()
  if (choice === 'addon') return loadAddonBinding()
  try {
    return loadAddonBinding()
  } catch (addonError) {
    if (isOf(addonError, 'ERR_ADDON_FILE')) throw addonError
    try {
      return loadFfiBinding()
    } catch (ffiError) {
      // Without the addon most of a cache is not seen: what somebody left behind without knowing is said, not measured.
      if (isOf(addonError, 'ERR_ADDON_BUNDLED')) throw addonError
      return `neither binding can be loaded: ${messageOf(addonError)}; ${messageOf(ffiError)}`
    }
  }
}

function isOf(error: unknown, code: ErrorCode): boolean {
  return error instanceof CacheAttributionError && error.code === code
}

/** The allocator that `binding` finds; `glibcOnly` is the option that passes jemalloc over. */
function bestOf(binding: NativeBinding, glibcOnly: boolean): Allocator {
  const facts = binding.facts()
  const foundJemalloc = facts.mallctlPrefix !== null && facts.servesMalloc !== false
  if (foundJemalloc && !glibcOnly) return openJemalloc(binding)
  if (foundJemalloc) return unavailableAllocator('jemalloc serves malloc() here, so glibc has nothing to report')
  const reason =
    facts.mallctlPrefix === null
      ? `no jemalloc is loaded (${PRELOAD_HINT})`
      : `a jemalloc is loaded, but it does not serve malloc() of this process (${PRELOAD_HINT})`
  return facts.mallinfo2
    ? glibcAllocator(binding, reason)
    : unavailableAllocator(`${reason}, and glibc's mallinfo2 is missing or does not count this process's malloc()`)
}

function openJemalloc(binding: NativeBinding): Allocator {
  try {
    const allocator = jemallocAllocator(binding)
    return allocator.statistic === null
      ? unavailableAllocator('jemalloc is loaded, but was built without --enable-stats')
      : allocator
  } catch (error) {
    return unavailableAllocator(`jemalloc is loaded, but ${messageOf(error)}`)
  }
}
