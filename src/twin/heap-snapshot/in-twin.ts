/** Heap snapshots and class histograms without stopping the service: a twin makes them. */
import { closeSync, openSync, rmSync } from 'node:fs'
import v8 from 'node:v8'
import { CacheAttributionError, describe, messageOf, reasonOf } from '../../support/errors.js'
import { boolean, number, resolveOptions } from '../../support/options.js'
import type { TwinContext } from '../child.js'
import { twinRules, workInTwin } from '../run-in-twin.js'
import type { ResolvedTwinOptions } from '../run-in-twin.js'
import type { TwinOptions } from '../types.js'
import type { HeapClasses } from '../../allocator/heap-walk.js'
import type { Instrument } from '../../measure/window.js'
import { walkClasses } from '../heap-walk/walk-classes.js'
import { snapshotHistogram } from './class-histogram.js'
import { SNAPSHOT_FACTOR, snapshotProblem } from './snapshot-memory.js'
import { listed } from './histogram.js'
import type { ClassHistogram, ClassRow, HistogramSettings } from './histogram.js'
import { writeHeapSnapshot } from './write.js'

const TIMEOUT_MS = 3_600_000
/** The same of the walk's columns (bench/heap-walk.ts). */
const WALK_FACTOR = 1.2

/** A written snapshot. */
export interface HeapSnapshotFile {
  readonly path: string
  readonly bytes: number
}

/**
 * Writes a V8 heap snapshot of this process to a new file, for Chromium's DevTools. A twin makes it: this process pauses
 * for the fork alone, where V8's own snapshot stops it for seconds to minutes.
 *
 * The file gets mode 0600, because it holds every string of the process. After a failure the unfinished file is removed.
 *
 * @throws CacheAttributionError as `runInTwin()`; `ERR_HEAP_SNAPSHOT_WRITE` where the file exists already, cannot be made, or
 *   the disk is full
 * @example
 * const { bytes } = await heapSnapshot(`/var/tmp/${process.pid}.heapsnapshot`)
 */
export async function heapSnapshot(path: string, options?: TwinOptions): Promise<HeapSnapshotFile> {
  if (typeof path !== 'string' || path === '') {
    throw new CacheAttributionError(
      'ERR_OPTION_TYPE',
      `heapSnapshot() takes the path of a new file, got ${describe(path)}`,
    )
  }
  const twin = resolveOptions<ResolvedTwinOptions>('heapSnapshot()', options, twinRules(TIMEOUT_MS))
  const file = open(path)
  let isWritten = false
  try {
    const bytes = await snapshotInto(file, twin)
    isWritten = true
    return { path, bytes }
  } finally {
    closeSync(file)
    if (!isWritten) rmSync(path, { force: true })
  }
}

/**
 * The same into an open, empty file, which stays open and may have no name any more. Resolves with the bytes written; the
 * descriptor's position stands behind them.
 *
 * @internal
 */
export async function heapSnapshotInto(file: number, options?: TwinOptions): Promise<number> {
  return snapshotInto(file, resolveOptions<ResolvedTwinOptions>('heapSnapshot()', options, twinRules(TIMEOUT_MS)))
}

async function snapshotInto(file: number, twin: ResolvedTwinOptions): Promise<number> {
  // A child that died in the middle of its writing has moved the file's end: another attempt would add to it.
  const settings = { ...twin, attempts: 1 }
  const outcome = await workInTwin(() => written(file), settings, {
    keepFd: file,
    extraBytes: heapBytes(SNAPSHOT_FACTOR),
  })
  const { bytes, problem } = outcome as ReturnType<typeof written>
  if (problem !== undefined) throw new CacheAttributionError('ERR_HEAP_SNAPSHOT_WRITE', problem)
  return bytes
}

/** In the twin. What the disk refuses is reported as it is: a code would be lost on the way. */
function written(file: number): { readonly bytes: number; readonly problem?: string } {
  try {
    return writeHeapSnapshot(file)
  } catch (error) {
    if (!(error instanceof CacheAttributionError) || error.code !== 'ERR_HEAP_SNAPSHOT_WRITE') throw error
    return { bytes: 0, problem: reasonOf(error) }
  }
}

function open(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    throw new CacheAttributionError('ERR_HEAP_SNAPSHOT_WRITE', `the file cannot be made: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** Options of {@link classHistogram}. */
export interface HistogramOptions extends TwinOptions {
  /** Classes to list, the largest first. @default 50 */
  readonly limit?: number | undefined
  /** Whether to report what each class keeps alive. Without it V8's snapshot takes half the time. @default true */
  readonly retained?: boolean | undefined
}

/**
 * Counts the live objects of each class in this process, with their own bytes and the bytes that they retain. A twin counts them by a
 * walk of V8's heap, which takes a second for a gigabyte of objects of a hundred bytes. Where the layout of this V8 is not known, it uses
 * V8's own heap snapshot, which takes minutes and fourteen times the memory. `method` and `reason` say which was used, and why.
 *
 * @throws CacheAttributionError as `runInTwin()`; `ERR_TWIN_MEMORY` too where only the snapshot would do and does not fit
 * @example
 * console.log(formatHistogram(await classHistogram({ limit: 20 })))
 */
export async function classHistogram(options?: HistogramOptions): Promise<ClassHistogram> {
  const { limit, retained, ...twin } = resolveHistogramOptions(options)
  let isWalking = false
  let noWalk: string | null = null
  const work = (context: TwinContext, instrument: Instrument): Counted =>
    countClasses(instrument, { limit, retained }, noWalk, (walks) => {
      context.send(walks)
    })
  const onMessage = (walks: unknown): void => {
    isWalking = walks === true
  }
  const counted = await workInTwin(
    work,
    { ...twin, onMessage },
    {
      extraBytes: heapBytes(WALK_FACTOR),
      // A walk that reads wrongly ends its twin, and costs the walk alone.
      onFailure: (reason) => {
        if (isWalking) noWalk = `a walk ended a twin (${reason})`
        isWalking = false
      },
    },
  )
  const { histogram, problem } = counted as Counted
  if (histogram === null) throw new CacheAttributionError('ERR_TWIN_MEMORY', problem)
  return histogram
}

/**
 * The same options as {@link classHistogram} takes, checked and with its defaults.
 *
 * @throws CacheAttributionError `ERR_OPTION_*`
 * @internal
 */
export function resolveHistogramOptions(options: HistogramOptions | undefined): ResolvedHistogramOptions {
  return resolveOptions<ResolvedHistogramOptions>('classHistogram()', options, {
    ...twinRules(TIMEOUT_MS),
    limit: { check: number({ min: 1, max: 100_000, integer: true }), fallback: 50 },
    retained: { check: boolean, fallback: true },
  })
}

interface ResolvedHistogramOptions extends ResolvedTwinOptions {
  readonly limit: number
  readonly retained: boolean
}

/** The message of the twin: a code of an error would be lost on the way. */
type Counted =
  | { readonly histogram: ClassHistogram; readonly problem?: undefined }
  | { readonly histogram: null; readonly problem: string }

/** In the twin. @internal */
export function countClasses(
  instrument: Instrument,
  { limit, retained }: HistogramSettings,
  noWalk: string | null = null,
  onWalking: (isWalking: boolean) => void = () => undefined,
): Counted {
  onWalking(noWalk === null)
  const walked = noWalk === null ? walkClasses(instrument) : { reason: noWalk }
  onWalking(false)
  if (walked.reason !== undefined) {
    const problem = snapshotProblem()
    if (problem !== null) return { histogram: null, problem: `${problem}; the heap was not walked: ${walked.reason}` }
    return { histogram: snapshotHistogram({ limit, retained }, walked.reason) }
  }
  const { classes, nodes, edges } = walked
  const rows = classes.map((row) => rowOf(row, retained))
  const shallowBytes = classes.reduce((sum, row) => sum + row.shallowBytes, 0)
  return {
    histogram: {
      method: 'heap walk',
      reason: null,
      ...listed(rows, limit),
      // The root is a node, and no object.
      total: { nodes: nodes - 1, edges, shallowBytes },
    },
  }
}

function rowOf(
  { className, count, shallowBytes, retainedBytes, largestBytes, path, script }: HeapClasses['classes'][number],
  retained: boolean,
): ClassRow {
  if (!retained) return { className, count, shallowBytes, retainedBytes: null, largest: null }
  const largest = {
    retainedBytes: largestBytes,
    path: path === '' ? null : path,
    script: script === '' ? null : script,
  }
  return { className, count, shallowBytes, retainedBytes, largest }
}

function heapBytes(factor: number): number {
  return factor * v8.getHeapStatistics().used_heap_size
}
