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
import { ProfileBuilder } from '../../heap-profile/profile/builder.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'

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
  /** Of each sampled object that lives the bytes that it stands for, its node, and its number in the order of allocation. */
  readonly samples: readonly { readonly size: number; readonly nodeId: number; readonly ordinal: number }[]
}

/** Sampling under way. */
export interface JsSampling {
  /** Leaves allocations from now on out of the result; once. */
  leaveOutTheRest(): void
  /** Ends it and gives what was allocated since its begin and is still reachable. */
  stop(): HeapProfile
  /** Ends it without a result; does nothing after {@link JsSampling.stop}. */
  discard(): void
}

/** V8's own default. */
const SAMPLE_BYTES = 32 * 1024

/** Whether a capture of this thread samples. */
let isSampling = false

/**
 * Starts V8's sampler.
 *
 * @throws CacheAttributionError `ERR_PROFILER_IN_USE` where something else samples, `ERR_PROFILE_IN_PROGRESS` where another
 *   capture of this thread does, `ERR_INSPECTOR` where this thread has no inspector, or V8 refuses
 */
export function startJsSampling(sampleBytes = SAMPLE_BYTES): JsSampling {
  if (isSampling) throw profileInProgress("another capture of kind 'js' is under way in this thread")
  const session = new Session()
  try {
    session.connect()
  } catch (error) {
    throw new CacheAttributionError('ERR_INSPECTOR', `no inspector session: ${messageOf(error)}`, { cause: error })
  }
  let isOpen = true
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
    post(session, 'HeapProfiler.startSampling', { samplingInterval: sampleBytes })
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

/** The tree of V8 as a profile: one sample for each node that allocated, or as far as `bytesOf` says. */
function toHeapProfile(
  head: SampledNode,
  sampleBytes: number,
  bytesOf: ReadonlyMap<number, number> | null,
): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'v8',
    // V8 reports the bytes of each place, scaled up, and not how many objects they are.
    sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }],
    sampleIntervalBytes: sampleBytes,
  })
  // A stack of JavaScript may be thousands of calls deep: no recursion.
  const waiting: { readonly node: SampledNode; readonly stack: readonly number[] }[] = [{ node: head, stack: [] }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, stack } = next
    // The root stands for no function.
    const own = node === head ? stack : [frameOf(builder, node), ...stack]
    const bytes = bytesOf === null ? node.selfSize : (bytesOf.get(node.id) ?? 0)
    if (bytes > 0) builder.add(own, [bytes])
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
