/**
 * The exports of the addon as a binding: names and errors are those of the port.
 *
 * Rule: whatever the addon throws with an errno becomes a `MallctlError` or a `CacheAttributionError` here.
 */
import type { MajorGcState } from '../support/environment.js'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import type { BlackBoxBinding } from './black-box-binding.js'
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
export interface Addon {
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
  heapSamples?(numbers: Float64Array): number | string
  /** Missing off Linux. */
  readonly javaScriptStacks?: JavaScriptStacksBinding
  /** Missing off Linux. */
  readonly blackBox?: BlackBoxBinding
  /** Throws an Error whose `code` is the decimal errno. */
  joinNetwork(file: string): void
}

const NO_WALK: NoHeapWalk = { reason: 'the addon was built without the walk' }

const TYPE_VOID = MALLCTL_TYPES.length

export function addonBinding(addon: Addon): NativeBinding {
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
    heapSamples: (numbers) => addon.heapSamples?.(numbers) ?? 'the addon of this process was built without it',
    accessorKeys: addon.tellsAccessors ? (object) => addon.accessorKeys(object) : null,
    threads: threadsBinding(addon),
    javaScriptStacks: addon.javaScriptStacks ?? null,
    blackBox: addon.blackBox ?? null,
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
