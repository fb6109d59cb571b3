/**
 * V8's own sampling heap profiler, through the inspector on this thread: what JavaScript allocated and kept.
 *
 * Rule: one at a time in an isolate; it is stopped and the session closed whatever happens.
 */
import { Session } from 'node:inspector'
import { CoordinatorError, messageOf } from '../../support/errors.js'
import { ProfileBuilder } from '../profile/builder.js'
import type { HeapProfile } from '../profile/types.js'

/** A node of the tree that V8 gives. */
interface SampledNode {
  readonly callFrame: {
    readonly functionName: string
    readonly url: string
    /** From 0; -1 for what has no source. */
    readonly lineNumber: number
  }
  readonly selfSize: number
  readonly children: readonly SampledNode[]
}

/** Sampling under way. */
export interface JsSampling {
  /** Ends it and gives what was allocated since its begin and is still reachable. */
  stop(): HeapProfile
  /** Ends it without a result; does nothing after {@link JsSampling.stop}. */
  discard(): void
}

/** V8's own default. */
const SAMPLE_BYTES = 32 * 1024

/** @throws CoordinatorError `ERR_INSPECTOR` where this thread has no inspector, or V8 refuses */
export function startJsSampling(sampleBytes = SAMPLE_BYTES): JsSampling {
  const session = new Session()
  try {
    session.connect()
  } catch (error) {
    throw new CoordinatorError('ERR_INSPECTOR', `no inspector session: ${messageOf(error)}`, { cause: error })
  }
  let isOpen = true
  const close = (): void => {
    if (!isOpen) return
    isOpen = false
    // V8 stops sampling with its session, too.
    session.disconnect()
  }
  try {
    post(session, 'HeapProfiler.startSampling', { samplingInterval: sampleBytes })
  } catch (error) {
    close()
    throw error
  }
  return {
    stop: () => {
      try {
        const { profile } = post(session, 'HeapProfiler.stopSampling') as { profile: { head: SampledNode } }
        return toHeapProfile(profile.head, sampleBytes)
      } finally {
        close()
      }
    },
    discard: close,
  }
}

/** The tree of V8 as a profile: one sample for each node that allocated. */
function toHeapProfile(head: SampledNode, sampleBytes: number): HeapProfile {
  const builder = new ProfileBuilder({
    source: 'v8',
    // V8 tells the bytes of each place, scaled up, and not how many objects they are.
    sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }],
    sampleIntervalBytes: sampleBytes,
  })
  // A stack of JavaScript may be thousands of calls deep: no recursion.
  const waiting: { readonly node: SampledNode; readonly stack: readonly number[] }[] = [{ node: head, stack: [] }]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { node, stack } = next
    // The root stands for no function.
    const own = node === head ? stack : [frameOf(builder, node), ...stack]
    if (node.selfSize > 0) builder.add(own, [node.selfSize])
    for (const child of node.children) waiting.push({ node: child, stack: own })
  }
  return builder.build()
}

function frameOf(builder: ProfileBuilder, { callFrame }: SampledNode): number {
  const { functionName, url, lineNumber } = callFrame
  return builder.named(
    functionName === '' ? '(anonymous)' : functionName,
    url === '' ? null : url,
    lineNumber < 0 ? null : lineNumber + 1,
  )
}

function post(session: Session, method: string, parameters: object = {}): unknown {
  const answers: { readonly error: unknown; readonly result: unknown }[] = []
  session.post(method, parameters, (error: unknown, result?: unknown) => {
    answers.push({ error, result })
  })
  const [answer] = answers
  if (answer === undefined) throw new CoordinatorError('ERR_INSPECTOR', `${method} did not answer in the same turn`)
  if (answer.error !== null && answer.error !== undefined) {
    const words = (answer.error as { readonly message?: unknown }).message
    throw new CoordinatorError('ERR_INSPECTOR', `${method} failed: ${String(words)}`, { cause: answer.error })
  }
  return answer.result
}
