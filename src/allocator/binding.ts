/**
 * The only file that loads a `.node`: the Node-API addon of native/, built here or taken from native/prebuilds.
 *
 * Rule: every failure to load is `ERR_ADDON_MISSING` or `ERR_ADDON_BUNDLED` with its cause and cure; nothing is tried behind the caller's back.
 */
import path from 'node:path'
import { threadId } from 'node:worker_threads'
import type { MajorGcState } from '../support/environment.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { isThere, noBuildIn } from './addon-files.js'
import { addonMissing } from './addon-missing.js'
import type { AddonMissing, AddonSurroundings } from './addon-missing.js'
import { findAddon } from './find-addon.js'
import { MALLCTL_TYPES, checkSlots, checkedMallctl, mallctlFailure } from './mallctl.js'
import type { RawMallctl } from './mallctl.js'
import type {
  BindingFacts,
  JavaScriptStacksBinding,
  LastMajorGc,
  MallctlType,
  NativeBinding,
  ThreadsBinding,
} from './port.js'
import type { EndedTwin, ForkedTwin, TwinBinding, TwinFacts } from './twin-binding.js'
import type { HeapClasses, HeapOwners, NoHeapWalk } from './heap-walk.js'

/** The exports of native/addon.c. */
interface Addon {
  facts(): BindingFacts
  /** Throws an Error whose `code` is the decimal errno. */
  mallctl(key: string, type: number, newValue?: unknown): unknown
  readJemalloc(slots: Float64Array): void
  readGlibc(slots: Float64Array): void
  threadsAtWork(ids: Int32Array): number
  runFinalizers(): boolean | null
  mappedLearn(buffers: readonly object[], facts: readonly number[]): string | null
  mappedLearnOld(): string | null
  mappedBeforeMemory(): void
  mappedAfterMemory(bytes: number): string | null
  mappedRead(): number | string
  mappedMemoryBytes(): number
  mappedHas(buffer: object): boolean
  nameThread(threadId: number): void
  answerThreads(change: number): void
  /** Pairs of a thread's id and how many answer there. */
  listThreads(): readonly number[] | null
  takeThreadsTurn(): boolean
  giveThreadsTurn(): void
  tryRunLock(): boolean
  releaseRunLock(): void
  tryProfilingLock(): boolean
  releaseProfilingLock(): void
  readonly tellsAccessors: boolean
  accessorKeys(object: object): PropertyKey[] | null | undefined
  twinFacts(): TwinFacts
  /** Throws an Error whose `code` is the decimal errno. */
  twinOpenHeap(): void
  twinCloseHeap(): void
  /** Throws an Error whose `code` is the decimal errno and whose message names the system call. */
  twinFork(
    run: () => void,
    keepFd: number,
    alarmSeconds: number,
    busyThreads: Int32Array,
    diesFirst: boolean,
    youngBytes: number,
  ): ForkedTwin
  twinLearnYoungPages(scavenge: () => void): boolean
  twinWrite(text: string): void
  twinExit(code: number): void
  /** Throws an Error whose `code` is the decimal errno. */
  twinDumpProfile(): void
  /** Missing off Linux. */
  twinHeapClasses?(
    functions: readonly unknown[],
    objects: readonly object[],
    likeSnapshot: boolean,
  ): HeapClasses | NoHeapWalk
  twinHeapOwners?(functions: readonly unknown[], known: readonly object[], leastBytes: number): HeapOwners | NoHeapWalk
  heapAfterMajorGc(): number | null
  watchMajorGcs(): void
  unwatchMajorGcs(): void
  lastMajorGc(): LastMajorGc | null
  twinMajorGcs(): MajorGcState
  /** Undefined on other systems than Linux. */
  readonly twinDropFields?: (object: object) => number
  twinPurge(isHeap: boolean): boolean
  twinReap(pid: number): EndedTwin | null
  /** Missing off Linux. */
  readonly javaScriptStacks?: JavaScriptStacksBinding
  /** Throws an Error whose `code` is the decimal errno. */
  joinNetwork(file: string): void
}

const NO_WALK: NoHeapWalk = { reason: 'the addon was built without the walk' }
const TYPE_VOID = MALLCTL_TYPES.length

/** As it was named; undefined where it is looked for. */
let addonFile: string | undefined
let loadedFile: string | undefined
let loadedAddon: Addon | undefined
let loaded: NativeBinding | undefined
/** A second attempt would fail like the first, and cost as much. */
let missing: { readonly why: AddonMissing; readonly cause: unknown } | undefined

/**
 * The addon's binding; loaded once per thread.
 *
 * @throws CacheAttributionError `ERR_ADDON_MISSING`, `ERR_ADDON_BUNDLED`, `ERR_ADDON_FILE` with the reason and what fixes it
 */
export function loadAddonBinding(): NativeBinding {
  if (loaded !== undefined) return loaded
  if (missing === undefined) {
    try {
      return (loaded = addonBinding(loadAddon()))
    } catch (error) {
      missing = { why: addonMissing(messageOf(error), surroundings()), cause: error }
    }
  }
  const { why, cause } = missing
  throw new CacheAttributionError(why.code, `${why.reason} (to fix it: ${why.cure})`, { cause })
}

/**
 * Names the file of the addon, before it is first loaded: for code that does not stand beside it (the option `addon`, src/attach/).
 *
 * @throws CacheAttributionError `ERR_ADDON_LOADED` if another file was loaded before
 */
export function useAddonFile(file: string): void {
  const wanted = path.resolve(file)
  if (loadedFile !== undefined && loadedFile !== wanted) {
    throw new CacheAttributionError(
      'ERR_ADDON_LOADED',
      `the native addon ${wanted} was asked for, and ${loadedFile} is loaded already`,
    )
  }
  if (addonFile === wanted) return
  addonFile = wanted
  missing = undefined
}

/**
 * Puts this thread into the network namespace that `file` names: sockets that are made later are there. Throws what the
 * kernel says.
 *
 * @throws CacheAttributionError `ERR_ADDON_MISSING`
 */
export function joinNetwork(file: string): void {
  loadAddonBinding()
  loadAddon().joinNetwork(file)
}

/** The addon's binding where it can be loaded: for what is useful beside the allocator, and can be done without. */
export function addonOrNull(): NativeBinding | null {
  return reasonAddonMissing() === null ? loadAddonBinding() : null
}

/** Why the addon is not loaded, and what fixes it; null where it is. */
export function reasonAddonMissing(): AddonMissing | null {
  try {
    loadAddonBinding()
    return null
  } catch (error) {
    return missing?.why ?? { code: 'ERR_ADDON_MISSING', reason: messageOf(error), cure: 'report it' }
  }
}

/** The file that would be loaded in this process. Throws where there is none for this platform. */
export function pathOfAddon(): string {
  const found = findAddon(addonFile)
  for (const file of found.files) return file
  throw new Error(noBuildIn(found.folder))
}

/** The file that is loaded in this process. Throws where there is none for this platform. */
export function fileOfAddon(): string {
  return loadedFile ?? pathOfAddon()
}

/** The first file that loads; throws what the first said that did not. */
function loadAddon(): Addon {
  if (loadedAddon !== undefined) return loadedAddon
  const found = findAddon(addonFile)
  let failure: Error | undefined
  for (const file of found.files) {
    try {
      const addon = loadFile(file)
      loadedFile = file
      addon.nameThread(threadId)
      return (loadedAddon = addon)
    } catch (error) {
      failure ??= error instanceof Error ? error : new Error(messageOf(error))
    }
  }
  throw failure ?? new Error(noBuildIn(found.folder))
}

/** Without an entry in the cache of modules, which would outlive who asked. */
function loadFile(file: string): Addon {
  const module = { exports: {} }
  // eslint-disable-next-line no-restricted-syntax -- this file is the one that loads native code
  process.dlopen(module, file)
  return module.exports as Addon
}

function surroundings(): AddonSurroundings {
  const { folder, namedBy } = findAddon(addonFile)
  const { permission } = process as { permission?: { has(scope: string, reference?: string): boolean } }
  const mayRead = folder === null || (permission?.has('fs.read', folder) ?? true)
  return {
    folder,
    namedBy,
    // What may not be read may well be there.
    hasFolder: folder !== null && (!mayRead || isThere(folder)),
    versions: process.versions,
    platform: process.platform,
    arch: process.arch,
    permission: permission === undefined ? null : { addons: allowsAddons(permission), read: mayRead },
    options: givenOptions(),
  }
}

/** Node 20 and 22 know no scope for addons: there the option says. */
function allowsAddons(permission: { has(scope: string): boolean }): boolean {
  if (givenOptions().includes('--allow-addons')) return true
  try {
    return permission.has('addon')
  } catch {
    return false
  }
}

function givenOptions(): string[] {
  return [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)]
}

function addonBinding(addon: Addon): NativeBinding {
  return {
    kind: 'addon',
    ...checkedMallctl(rawMallctl(addon)),
    facts: () => addon.facts(),
    readJemalloc(slots) {
      checkSlots(slots)
      try {
        addon.readJemalloc(slots)
      } catch (error) {
        throw mallctlFailure('writing', 'epoch', errnoOf(error))
      }
    },
    readGlibc(slots) {
      checkSlots(slots)
      try {
        addon.readGlibc(slots)
      } catch (error) {
        throw mallctlFailure('calling', 'mallinfo2', errnoOf(error))
      }
    },
    threadsAtWork: (ids) => addon.threadsAtWork(ids),
    runFinalizers: () => addon.runFinalizers(),
    mapped: {
      learn: (buffers, facts) => addon.mappedLearn(buffers, facts),
      learnOld: () => addon.mappedLearnOld(),
      beforeMemory: () => {
        addon.mappedBeforeMemory()
      },
      afterMemory: (bytes) => addon.mappedAfterMemory(bytes),
      read: () => addon.mappedRead(),
      memoryBytes: () => addon.mappedMemoryBytes(),
      has: (buffer) => addon.mappedHas(buffer),
    },
    heapAfterMajorGc: () => addon.heapAfterMajorGc(),
    watchMajorGcs: () => {
      addon.watchMajorGcs()
    },
    unwatchMajorGcs: () => {
      addon.unwatchMajorGcs()
    },
    lastMajorGc: () => addon.lastMajorGc(),
    tryRunLock: () => addon.tryRunLock(),
    releaseRunLock: () => {
      addon.releaseRunLock()
    },
    tryProfilingLock: () => addon.tryProfilingLock(),
    releaseProfilingLock: () => {
      addon.releaseProfilingLock()
    },
    accessorKeys: addon.tellsAccessors ? (object) => addon.accessorKeys(object) : null,
    threads: threadsBinding(addon),
    javaScriptStacks: addon.javaScriptStacks ?? null,
    twin: twinBinding(addon),
  }
}

function threadsBinding(addon: Addon): ThreadsBinding {
  return {
    answer: (change) => {
      addon.answerThreads(change)
    },
    list: () => {
      const pairs = addon.listThreads()
      if (pairs === null) return null
      return Array.from({ length: pairs.length / 2 }, (_, index) => ({
        threadId: pairs[2 * index] ?? -1,
        answering: pairs[2 * index + 1] ?? 0,
      }))
    },
    takeTurn: () => addon.takeThreadsTurn(),
    giveTurn: () => {
      addon.giveThreadsTurn()
    },
  }
}

function twinBinding(addon: Addon): TwinBinding {
  const orForkError = <T>(call: () => T): T => {
    try {
      return call()
    } catch (error) {
      throw new CacheAttributionError('ERR_TWIN_FORK', messageOf(error), { cause: error })
    }
  }
  return {
    facts: () => addon.twinFacts(),
    openHeap: () => {
      orForkError(() => {
        addon.twinOpenHeap()
      })
    },
    closeHeap: () => {
      addon.twinCloseHeap()
    },
    learnYoungPages: (scavenge) => addon.twinLearnYoungPages(scavenge),
    fork: (run, { keepFd, alarmSeconds, busyThreads, diesFirst, youngBytes }) =>
      orForkError(() => addon.twinFork(run, keepFd, alarmSeconds, Int32Array.from(busyThreads), diesFirst, youngBytes)),
    write: (text) => {
      addon.twinWrite(text)
    },
    exit: (code) => {
      addon.twinExit(code)
    },
    dumpProfile: () => {
      try {
        addon.twinDumpProfile()
      } catch (error) {
        throw mallctlFailure('writing', 'prof.dump', errnoOf(error))
      }
    },
    heapClasses: (functions, objects, likeSnapshot) =>
      addon.twinHeapClasses?.(functions, objects, likeSnapshot) ?? NO_WALK,
    heapOwners: (functions, known, leastBytes) => addon.twinHeapOwners?.(functions, known, leastBytes) ?? NO_WALK,
    dropFields: (object) => addon.twinDropFields?.(object) ?? -1,
    purgeHeap: () => addon.twinPurge(true),
    purgeAllocator: () => addon.twinPurge(false),
    majorGcs: () => addon.twinMajorGcs(),
    reap: (pid) => addon.twinReap(pid),
  }
}

function rawMallctl(addon: Addon): RawMallctl {
  const errnoOfCall = (call: () => unknown): number => {
    try {
      call()
      return 0
    } catch (error) {
      return errnoOf(error)
    }
  }
  const place = (type: MallctlType): number => MALLCTL_TYPES.indexOf(type)
  return {
    read(key, type) {
      try {
        return { errno: 0, value: addon.mallctl(key, place(type)) }
      } catch (error) {
        return { errno: errnoOf(error), value: undefined }
      }
    },
    write: (key, type, value) => errnoOfCall(() => addon.mallctl(key, place(type), value)),
    call: (key) => errnoOfCall(() => addon.mallctl(key, TYPE_VOID)),
  }
}

/** The errno in an error of the addon; anything else is no failure of a mallctl and goes on. */
function errnoOf(error: unknown): number {
  const errno = Number((error as { code?: unknown } | null)?.code)
  if (!Number.isInteger(errno) || errno <= 0) throw error
  return errno
}
