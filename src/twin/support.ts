/**
 * Whether a twin can be made of this process, known before anything is done.
 *
 * Rule: the answer costs next to nothing, since status pages ask for it every few seconds.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { addonOrNull, reasonAddonMissing } from '../allocator/binding.js'
import type { TwinBinding } from '../allocator/twin-binding.js'
import { CacheAttributionError } from '../support/errors.js'
import { readText } from '../support/read-text.js'

/** The answer of {@link supportsTwin}. */
export interface TwinSupport {
  readonly supported: boolean
  /** Why not, in words for an operator; null where it is supported. */
  readonly reason: string | null
}

/** The process that is looked at; injectable for tests. */
export interface TwinGround {
  readonly platform: string
  readonly arch: string
  readonly binding: TwinBinding | null
  /** The content of a file below /proc, or null where it cannot be read. */
  readonly read: (path: string) => string | null
  /** Whether the kernel says how this process's memory is mapped. */
  readonly canReadSmaps: () => boolean
}

const ARCHITECTURES = ['x64', 'arm64']

/** The ground of this process. */
function groundOfProcess(): TwinGround {
  return {
    platform: process.platform,
    arch: process.arch,
    binding: addonOrNull()?.twin ?? null,
    read: readText,
    canReadSmaps,
  }
}

let hasReadSmaps = false

/**
 * Of `/proc/self/smaps` one byte: the kernel walks every page of the process for the whole file, 40 to 80 ms a gigabyte. What
 * could be read once can be read again.
 */
function canReadSmaps(): boolean {
  if (hasReadSmaps) return true
  try {
    const file = openSync('/proc/self/smaps', 'r')
    try {
      hasReadSmaps = readSync(file, new Uint8Array(1)) === 1
    } finally {
      closeSync(file)
    }
  } catch {
    return false
  }
  return hasReadSmaps
}

/**
 * Whether {@link runInTwin} and `attribute({ mode: 'twin' })` work here, and the reason where they do not. Conditions that change
 * from moment to moment, such as the memory that is left, are checked when a twin is made.
 *
 * @example
 * const mode = supportsTwin().supported ? 'twin' : 'release'
 */
export function supportsTwin(): TwinSupport {
  const reason = refusalOf(groundOfProcess())
  return { supported: reason === null, reason }
}

/** The twin's part of the addon. @throws CacheAttributionError `ERR_TWIN_UNSUPPORTED` */
export function twinBinding(): TwinBinding {
  const ground = groundOfProcess()
  const reason = refusalOf(ground)
  if (reason !== null || ground.binding === null) throw new CacheAttributionError('ERR_TWIN_UNSUPPORTED', reason ?? '')
  return ground.binding
}

/** Whole, with what fixes it: nothing else does. */
function addonReason(): string {
  const missing = reasonAddonMissing()
  return `the native addon is not loaded${missing === null ? '' : `: ${missing.reason}. To fix it: ${missing.cure}`}`
}

/** Why no twin can be made; null where one can. */
export function refusalOf({ platform, arch, binding, read, canReadSmaps: canRead }: TwinGround): string | null {
  if (platform !== 'linux') return `twins are made on Linux only, this is ${platform}`
  if (!ARCHITECTURES.includes(arch)) return `twins are made on ${ARCHITECTURES.join(' and ')} only, this is ${arch}`
  if (binding === null) return addonReason()
  const { libc, signalSlots, canConfine, tellsMajorGcs } = binding.facts()
  if (libc === null) return 'this is not glibc: how its threads wait is not known well enough to do without them'
  if (signalSlots < 1) return 'this Node binary is linked so that the calls that wake its threads cannot be replaced'
  if (!canConfine) return 'this kernel takes no filter of system calls: a release could reach out of the twin'
  if (!tellsMajorGcs)
    return "this Node binary does not export V8's notices of collections: whether it marks cannot be known"
  if (!canRead()) return '/proc/self/smaps cannot be read'
  if (read('/proc/sys/vm/overcommit_memory')?.trim() === '2') {
    return 'vm.overcommit_memory is 2: a fork must be backed by as much memory again'
  }
  const limit = /^Max address space\s+(\S+)/m.exec(read('/proc/self/limits') ?? '')?.[1]
  if (limit !== undefined && limit !== 'unlimited') {
    return `the address space is limited to ${limit} bytes (ulimit -v): the twin's collections could not map memory`
  }
  return null
}
