/** Whether native heap profiles have the calls of JavaScript in this process, and why not. */
import { addonOrNull, reasonAddonMissing } from '../../allocator/binding.js'
import { openAllocator } from '../../allocator/open.js'
import type { JavaScriptStacksBinding } from '../../allocator/port.js'
import { CacheAttributionError } from '../../support/errors.js'
import { requireProfiling } from '../profiler/profiling-state.js'

/** The answer of {@link supportsJavaScriptStacks}. */
export interface JavaScriptStacksSupport {
  readonly supported: boolean
  /** Why not, in words for an operator; null where they are supported. */
  readonly reason: string | null
}

/** The result of this process's self-test; undefined until it ran. */
let failure: string | null | undefined

/**
 * Whether native heap profiles of this process name the JavaScript functions that allocated. It takes Linux on x64, a jemalloc 5.3
 * that was started with profiling, and a V8 in which the needed functions are found. The call changes no setting.
 *
 * @example
 * const { supported, reason } = supportsJavaScriptStacks()
 * if (!supported) console.log(`profiles end where JavaScript begins: ${reason}`)
 */
export function supportsJavaScriptStacks(): JavaScriptStacksSupport {
  const reason = reasonUnsupported() ?? whyNotProfiled()
  return { supported: reason === null, reason }
}

/** Why the stacks themselves cannot be read; null where nothing speaks against it. */
export function reasonUnsupported(): string | null {
  if (failure !== undefined && failure !== null) return failure
  const missing = reasonAddonMissing()
  if (missing !== null) return `it takes the addon: ${missing.reason}`
  if (givenOptions().some((option) => NATIVE_STACKS.test(option))) {
    return 'under --interpreted-frames-native-stack V8 takes locks to read a stack, and would wait for itself'
  }
  const stacks = stacksBinding()
  if (stacks === null) return `it takes Linux on x64, and this is ${process.platform} on ${process.arch}`
  return stacks.unsupported()
}

/** The addon's part; null where it has none. */
export function stacksBinding(): JavaScriptStacksBinding | null {
  return addonOrNull()?.javaScriptStacks ?? null
}

/** Notes why it did not work when it was tried. */
export function noteFailure(reason: string): void {
  failure = reason
}

const NATIVE_STACKS = /^--interpreted[-_]frames[-_]native[-_]stack$/

function givenOptions(): string[] {
  return [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
}

function whyNotProfiled(): string | null {
  try {
    requireProfiling(openAllocator({ allocator: 'auto', binding: 'auto' }))
    return null
  } catch (error) {
    if (error instanceof CacheAttributionError) return error.message
    throw error
  }
}
