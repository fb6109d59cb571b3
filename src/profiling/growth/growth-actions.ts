/**
 * The actions of a growth monitor when it fires, each into a file of its own.
 *
 * Rule: an action that fails costs itself only; no file of it is left, and the next one is carried out.
 */
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { CacheAttributionError, reasonOf } from '../../support/errors.js'
import { workInTurn } from '../../support/lease.js'
import type { LeaseGrant } from '../../support/lease.js'
import { discover } from '../../twin/discover/discover.js'
import { heapSnapshot } from '../../twin/heap-snapshot/in-twin.js'
import { supportsTwin } from '../../twin/support.js'
import { dumpName } from '../dumps/dump-names.js'
import type { DumpKind } from '../dumps/dump-names.js'
import type { HeapProfiler } from '../profiler/heap-profiler.js'
import type { GrowthCoordinator } from './options.js'
import type { GrowthAction, GrowthActionResult, GrowthEvent } from './types.js'

/** The dependencies of actions. */
export interface ActionContext {
  readonly folder: string | undefined
  readonly prefix: string
  readonly coordinator: GrowthCoordinator | undefined
  readonly profiler: HeapProfiler | undefined
  readonly now: () => number
  /** Resolves when an action that makes a twin may begin; null where no lease is asked. */
  readonly turn: (() => Promise<LeaseGrant>) | null
}

/** Actions that fork. */
const TWIN_ACTIONS: ReadonlySet<GrowthAction> = new Set<GrowthAction>(['attribute', 'discover', 'heap-snapshot'])

type FileAction = Exclude<GrowthAction, (...values: never[]) => unknown>

const KIND_OF: Readonly<Record<FileAction, DumpKind>> = {
  dump: 'heap-profile',
  observe: 'observation',
  attribute: 'attribution',
  discover: 'discovery',
  'heap-snapshot': 'heap-snapshot',
}

/** Carries out one action; never rejects. */
export async function carryOut(
  action: GrowthAction,
  event: GrowthEvent,
  context: ActionContext,
): Promise<GrowthActionResult> {
  const startMs = context.now()
  const name = typeof action === 'function' ? 'callback' : action
  let leaseToken: number | null = null
  const ended = (written: string | null, error: GrowthActionResult['error']): GrowthActionResult => ({
    action: name,
    path: written,
    bytes: written === null ? null : statSync(written).size,
    durationMs: context.now() - startMs,
    leaseToken,
    error,
  })
  try {
    if (typeof action === 'function') {
      await action(event)
      return ended(null, null)
    }
    if (context.turn === null || !TWIN_ACTIONS.has(action)) return ended(await writeFile(action, event, context), null)
    const grant = await context.turn()
    leaseToken = grant.token
    const { result, wasHeld } = await workInTurn(grant, (signal) => writeFile(action, event, context, signal))
    return ended(result, wasHeld ? null : LOST_AT_THE_END)
  } catch (error) {
    const code = error instanceof CacheAttributionError ? error.code : 'ERR_GROWTH_ACTION'
    return ended(null, { code, message: reasonOf(error) })
  }
}

const LOST_AT_THE_END = {
  code: 'ERR_LEASE_LOST',
  message: 'the lease was lost before the action ended; its file is whole',
} as const

async function writeFile(
  action: FileAction,
  event: GrowthEvent,
  context: ActionContext,
  signal?: AbortSignal,
): Promise<string> {
  const { folder = '.', prefix, coordinator, profiler } = context
  const takenAt = new Date(event.firedAt)
  const file = path.join(
    folder,
    dumpName({ prefix, pid: process.pid, takenAt, trigger: event.trigger, kind: KIND_OF[action] }),
  )
  makeFolder(folder)
  switch (action) {
    case 'dump':
      profiler?.dumpFile(file)
      break
    case 'heap-snapshot':
      await heapSnapshot(file, { signal })
      break
    case 'observe':
      writeJson(file, { event, observation: coordinator?.observe() })
      break
    case 'attribute':
      writeJson(file, { event, report: await attribute(coordinator, signal) })
      break
    case 'discover': {
      const known = coordinator === undefined ? {} : { coordinator }
      writeJson(file, { event, discovery: await discover({ ...known, signal }) })
    }
  }
  return file
}

/** Not with its parents: below a folder that takes none, as /proc, Node 20 would try for ever. */
function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as { code?: unknown }).code === 'EEXIST') return
    throw new CacheAttributionError('ERR_GROWTH_ACTION', `its folder cannot be made: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** In a twin; where none can be made the live process keeps its entries, and the action says why. */
async function attribute(
  coordinator: GrowthCoordinator | undefined,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const { supported, reason } = supportsTwin()
  if (!supported) {
    throw new CacheAttributionError(
      'ERR_TWIN_UNSUPPORTED',
      `an attribution is made in a twin, and ${reason ?? 'none can be made here'}; action 'observe' needs none`,
    )
  }
  return coordinator?.attribute({ mode: 'twin', trigger: 'growth', ...(signal === undefined ? {} : { signal }) })
}

function writeJson(file: string, value: unknown): void {
  const text = `${JSON.stringify(value, null, 2)}\n`
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    // A full disk leaves a part of it; a file that was there before is not ours.
    if ((error as { code?: unknown }).code !== 'EEXIST') rmSync(file, { force: true })
    throw new CacheAttributionError('ERR_GROWTH_ACTION', `its file cannot be written: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}
