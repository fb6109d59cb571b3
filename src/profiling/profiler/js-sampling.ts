/**
 * V8's own sampling heap profiler, through the inspector on this thread: what JavaScript allocated and kept.
 *
 * Rule: V8 has one sampler in an isolate for all users: a second start does nothing, and any stop ends it for all.
 * One that runs already is therefore left alone, and the capture refused before anything is started. Our own is stopped
 * and the session closed whatever happens.
 */
import { Session } from 'node:inspector'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { originalPlace, pathOfScript } from '../javascript-stacks/source-maps.js'
import { profileInProgress } from './switch-on.js'
import { freedSamples, whyFreedUnknown } from './freed-samples.js'
import type { FreedSamples, GivenSample } from './freed-samples.js'
import { ProfileBuilder } from '../../heap-profile/profile/builder.js'
import type { HeapProfile, SampleType } from '../../heap-profile/profile/types.js'

/** A node of the tree that V8 gives. */
interface SampledNode {
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    /** From 0; -1 for what has no source. */
    readonly lineNumber: number
    readonly columnNumber: number
  }
  readonly selfSize: number
  readonly id: number
  readonly children: readonly SampledNode[]
}

/** The node of a profile as V8 gives it. */
interface SampledTree {
  readonly head: SampledNode
  /** Of each sampled object the bytes that it stands for, its node, and its number in the order of allocation. */
  readonly samples: readonly GivenSample[]
}

/** Sampling under way. */
export interface JsSampling {
  /** Leaves allocations from now on out of the result; once. */
  leaveOutTheRest(): void
  /** Ends it and gives what was allocated since its begin and is still reachable, and where it was asked for what is not. */
  stop(): HeapProfile
  /** Ends it without a result; does nothing after {@link JsSampling.stop}. */
  discard(): void
}

/** V8's own default. */
const SAMPLE_BYTES = 32 * 1024

/** Of all that is allocated: V8 keeps each sample, and there is much more than lives. */
const SAMPLE_BYTES_OF_ALL = 512 * 1024

/** Samples of collected objects are kept. */
const OF_ALL = { includeObjectsCollectedByMajorGC: true, includeObjectsCollectedByMinorGC: true }

/** What is sampled. */
export interface JsSamplingOptions {
  /** Undefined: 32 KiB, of all that is allocated 512. */
  readonly sampleBytes?: number | undefined
  /** Whether what is freed already is wanted, too. */
  readonly temporary: boolean
}

/** Whether a capture of this thread samples. */
let isSampling = false

/**
 * Starts V8's sampler.
 *
 * @throws CacheAttributionError `ERR_PROFILER_IN_USE` where something else samples, `ERR_PROFILE_IN_PROGRESS` where another
 *   capture of this thread does, `ERR_INSPECTOR` where this thread has no inspector, or V8 refuses
 */
export function startJsSampling({ sampleBytes: given, temporary }: JsSamplingOptions): JsSampling {
  const sampleBytes = given ?? (temporary ? SAMPLE_BYTES_OF_ALL : SAMPLE_BYTES)
  if (isSampling) throw profileInProgress("another capture of kind 'js' is under way in this thread")
  const session = new Session()
  try {
    session.connect()
  } catch (error) {
    throw new CacheAttributionError('ERR_INSPECTOR', `no inspector session: ${messageOf(error)}`, { cause: error })
  }
  let isOpen = true
  let whyUnknown: string | null = null
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    isSampling = false
    // V8 stops sampling with its session, too.
    session.disconnect()
  }
  try {
    if (isSamplerOn(session)) {
      throw inUse('already, and a second capture would end that one for good: take the profile there, or end it first')
    }
    if (temporary) whyUnknown = whyFreedUnknown(trialIn(session))
    post(session, 'HeapProfiler.startSampling', { samplingInterval: sampleBytes, ...(temporary ? OF_ALL : {}) })
    isSampling = true
  } catch (error) {
    close()
    throw error
  }
  let last = Infinity
  const profileBy = (method: string): SampledTree => {
    if (!isSamplerOn(session)) throw inUse('as well, and ended this capture: take it again')
    return (post(session, method) as { profile: SampledTree }).profile
  }
  return {
    leaveOutTheRest: () => {
      last = profileBy('HeapProfiler.getSamplingProfile').samples.reduce(
        (most, { ordinal }) => Math.max(most, ordinal),
        0,
      )
    },
    stop: () => {
      try {
        if (temporary) {
          const tree = profileBy('HeapProfiler.getSamplingProfile')
          return withFreed(tree, sampleBytes, whyUnknown ?? freedSamples(tree.samples))
        }
        const { head, samples } = profileBy('HeapProfiler.stopSampling')
        return toHeapProfile(head, sampleBytes, last === Infinity ? null : bytesUpTo(samples, last))
      } finally {
        close()
      }
    },
    discard: close,
  }
}

/**
 * Whether V8's sampler runs. It gives its profile to every session; of one that does not run it gives none. What V8 counts is
 * the isolate's sampler, so that of an addon and of `--heap-prof` is seen too. The sampler goes on.
 */
function isSamplerOn(session: Session): boolean {
  const { error } = answerOf(session, 'HeapProfiler.getSamplingProfile')
  if (error === undefined) return true
  if (error.includes('not started')) return false
  throw failed('HeapProfiler.getSamplingProfile', error)
}

function inUse(how: string): CacheAttributionError {
  const others = 'node --heap-prof, the profiler of an APM such as @datadog/pprof, or DevTools'
  return new CacheAttributionError('ERR_PROFILER_IN_USE', `something else (${others}) uses V8's heap profiler ${how}`)
}

/** Bytes by node, of objects that were allocated up to one of them. */
function bytesUpTo(samples: SampledTree['samples'], last: number): ReadonlyMap<number, number> {
  const bytes = new Map<number, number>()
  for (const { size, nodeId, ordinal } of samples) {
    if (ordinal <= last) bytes.set(nodeId, (bytes.get(nodeId) ?? 0) + size)
  }
  return bytes
}

/** Sampling by itself, before the one that is wanted. */
function trialIn(session: Session): Parameters<typeof whyFreedUnknown>[0] {
  return {
    begin: (samplingInterval) => {
      post(session, 'HeapProfiler.startSampling', { samplingInterval, ...OF_ALL })
    },
    samples: () => (post(session, 'HeapProfiler.getSamplingProfile') as { profile: SampledTree }).profile.samples,
    end: () => {
      post(session, 'HeapProfiler.stopSampling')
    },
  }
}

/** The profile of all that was allocated, and of what lives of it where `freed` tells. */
function withFreed({ head, samples }: SampledTree, sampleBytes: number, freed: FreedSamples): HeapProfile {
  const rows = new Map<number, number[]>()
  const isKnown = typeof freed !== 'string'
  for (const { size, nodeId, ordinal } of samples) {
    const [live = 0, all = 0] = rows.get(nodeId) ?? []
    rows.set(nodeId, [live + (isKnown && !freed.has(ordinal) ? size : 0), all + size])
  }
  const allocated: SampleType = { type: 'alloc_space', unit: 'bytes' }
  const facts = { source: 'v8', sampleIntervalBytes: sampleBytes } as const
  if (isKnown) {
    const builder = new ProfileBuilder({ ...facts, sampleTypes: [LIVE, allocated] })
    return treeInto(builder, head, ({ id }) => rows.get(id) ?? [])
  }
  const comments = [`which objects of V8’s heap are freed is not known here, alloc_space has all of them: ${freed}`]
  const builder = new ProfileBuilder({ ...facts, sampleTypes: [allocated], comments })
  return treeInto(builder, head, ({ id }) => rows.get(id)?.slice(1) ?? [])
}

const LIVE: SampleType = { type: 'inuse_space', unit: 'bytes' }

/** The tree of V8 as a profile: one sample for each node that allocated, or as far as `bytesOf` says. */
function toHeapProfile(
  head: SampledNode,
  sampleBytes: number,
  bytesOf: ReadonlyMap<number, number> | null,
): HeapProfile {
  // V8 reports the bytes of each place, scaled up, and not how many objects they are.
  const builder = new ProfileBuilder({ source: 'v8', sampleTypes: [LIVE], sampleIntervalBytes: sampleBytes })
  return treeInto(builder, head, ({ id, selfSize }) => [bytesOf === null ? selfSize : (bytesOf.get(id) ?? 0)])
}

/** Adds the nodes with their stacks and the values that `valuesOf` gives them. */
function treeInto(
  builder: ProfileBuilder,
  head: SampledNode,
  valuesOf: (node: SampledNode) => readonly number[],
): HeapProfile {
  // A stack of JavaScript may be thousands of calls deep: no recursion.
  const waiting: { readonly node: SampledNode; readonly stack: readonly number[] }[] = [{ node: head, stack: [] }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, stack } = next
    // The root stands for no function.
    const own = node === head ? stack : [frameOf(builder, node), ...stack]
    const values = valuesOf(node)
    if (values.some((bytes) => bytes > 0)) builder.add(own, values)
    for (const child of node.children) waiting.push({ node: child, stack: own })
  }
  return builder.build()
}

function frameOf(builder: ProfileBuilder, { callFrame }: SampledNode): number {
  const { functionName, url, lineNumber, columnNumber } = callFrame
  const place = { file: url === '' ? null : pathOfScript(url), line: lineNumber < 0 ? null : lineNumber + 1 }
  const { file, line } = originalPlace(place, { own: columnNumber + 1, call: columnNumber + 1 })
  return builder.named(functionName === '' ? '(anonymous)' : functionName, file, line)
}

function post(session: Session, method: string, parameters: object = {}): unknown {
  const { error, result } = answerOf(session, method, parameters)
  if (error !== undefined) throw failed(method, error)
  return result
}

/** V8's answer to a command: a result, or the words of its refusal. */
function answerOf(session: Session, method: string, parameters: object = {}): { error?: string; result?: unknown } {
  const answers: { readonly error: unknown; readonly result: unknown }[] = []
  session.post(method, parameters, (error: unknown, result?: unknown) => {
    answers.push({ error, result })
  })
  const [answer] = answers
  if (answer === undefined)
    throw new CacheAttributionError('ERR_INSPECTOR', `${method} did not answer in the same turn`)
  if (answer.error === null || answer.error === undefined) return { result: answer.result }
  return { error: String((answer.error as { readonly message?: unknown }).message) }
}

function failed(method: string, words: string): CacheAttributionError {
  return new CacheAttributionError('ERR_INSPECTOR', `${method} failed: ${words}`)
}
