/**
 * A run in twins without a fork: what each twin sends and how it ends is a script.
 *
 * Rule: it keeps the contract of makeTwin(): one order, as many attempts as the run wants, each with messages and an end.
 */
import { TwinRun } from '../../helpers/internals/coordinator-twin.js'
import type { TwinMessage } from '../../helpers/internals/coordinator-twin.js'
import type { CoordinatorEventPayloads } from '../../helpers/internals/coordinator.js'
import { resolveAttributeOptions, resolveCoordinatorOptions, Registry } from '../../helpers/internals/coordinator.js'
import type { AttributeOptions, AttributionReport } from '../../../src/index.js'
import { createSampler } from '../../helpers/internals/measure.js'
import { errorOf } from '../../helpers/internals/twin.js'
import type { TwinOrder, TwinOutcome, TwinEnd } from '../../helpers/internals/twin.js'
import { MIB, World } from '../world.js'

/** The messages of one twin, and its end. */
export interface ScriptedTwin {
  readonly messages: readonly TwinMessage[]
  readonly end: 'result' | Exclude<TwinEnd, { kind: 'result' }>
}

type Payload = CoordinatorEventPayloads[keyof CoordinatorEventPayloads]

/** A run and what it emitted. */
export interface ScriptedRun {
  /** Null where it rejected. */
  readonly report: AttributionReport | null
  readonly error: unknown
  readonly twins: number
  /** Event and the name of the cache it is about. */
  readonly events: readonly { readonly event: string; readonly name: string | undefined; readonly payload: Payload }[]
}

/** Held by each cache. */
export const CACHE_BYTES = MIB

const COST = { pauseMs: 1, pausesMs: [1], majorGcs: 0, forkMs: 1, childMs: 1, copiedBytes: null, attempts: 1 }

/**
 * Runs over caches of these names.
 *
 * @param twinOf what the next twin does: the caches that the run has not left out, in order, and how many twins there were
 */
export async function scriptedRun(
  names: readonly string[],
  twinOf: (left: readonly string[], index: number) => ScriptedTwin,
  options: AttributeOptions & { readonly signal?: AbortSignal } = {},
): Promise<ScriptedRun> {
  const world = new World()
  const registry = new Registry()
  for (const name of names) {
    registry.add(name, world.cache(name, { allocated: CACHE_BYTES }), undefined, () => undefined)
  }
  const settings = resolveCoordinatorOptions({ environment: world.environment, allocator: world.allocator })
  const sampler = createSampler(world.allocator, world.environment)
  const events: ScriptedRun['events'][number][] = []
  let twins = 0
  const make = async (order: TwinOrder): Promise<TwinOutcome> => {
    for (let attempt = 1; ; attempt++) {
      await Promise.resolve()
      const out = events.filter(({ event }) => event === 'cache-failed' || event === 'cache-skipped')
      const left = names.filter((name) => !out.some((each) => each.name === name))
      const { messages, end } = twinOf(left, twins++)
      order.onForked(sampler.sample(), 0)
      for (const message of messages) order.onMessage(message)
      if (end === 'result') return { value: undefined, cost: COST }
      const error = errorOf(end, COST, 1000)
      const isFinal = end.kind === 'thrown' || end.kind === 'aborted'
      if (isFinal || attempt >= order.attempts || !order.onFailure(error)) throw error
    }
  }
  const run = new TwinRun(
    {
      settings,
      options: resolveAttributeOptions({ mode: 'twin', controls: 1, ...options }, settings),
      allocator: world.allocator,
      instrument: {
        environment: world.environment,
        sampler,
        collector: world.environment.collector(),
        threads: null,
        finalizers: null,
      },
      caches: registry.all(),
      warnings: [],
      earlier: [],
      rotation: 0,
      signal: options.signal ?? new AbortController().signal,
      residual: null,
      isRegistered: () => true,
      duringRelease: (release) => release(),
      emit: (event, payload) => {
        events.push({ event, name: 'name' in payload ? payload.name : undefined, payload })
      },
    },
    make,
  )
  const report = await run.execute().catch((error: unknown) => ({ error }))
  return 'error' in report
    ? { report: null, error: report.error, twins, events }
    : { report, error: null, twins, events }
}

/** Everything that a twin sends in which all goes well. */
export function wholePass(names: readonly string[]): TwinMessage[] {
  const world = new World()
  const sample = createSampler(world.allocator, world.environment).sample()
  const figures = (releases: number): { allocatedBytes: number; heapBytes: number; mappedBytes: number } => ({
    allocatedBytes: 100 * MIB - releases * CACHE_BYTES,
    heapBytes: 10 * MIB,
    mappedBytes: 0,
  })
  return [
    { kind: 'settle', name: null },
    { kind: 'begin', before: sample, settleMs: 1, selfCheck: null },
    { kind: 'settle', name: null },
    { kind: 'control', change: { allocatedBytes: 0, heapBytes: 0, mappedBytes: 0 }, residentFall: 0 },
    ...names.flatMap((name, index): TwinMessage[] => [
      { kind: 'release', name },
      { kind: 'settle', name },
      { kind: 'finalize', name },
      { kind: 'settle', name },
      {
        kind: 'row',
        row: {
          name,
          status: 'released',
          before: figures(index),
          after: figures(index + 1),
          entriesBefore: 10,
          entriesAfter: 0,
          claimedBytes: CACHE_BYTES,
          durationMs: 1,
          residentFall: CACHE_BYTES,
        },
      },
    ]),
    { kind: 'end', after: sample },
  ]
}
