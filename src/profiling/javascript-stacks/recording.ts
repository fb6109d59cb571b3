/**
 * Records the calls of JavaScript while jemalloc's profiler samples, in this thread; of the main thread also in its workers.
 *
 * Rule: recording follows `prof.active`, which is read and never remembered: it begins before sampling does, and ends when
 * sampling is found off. It is tried once, on itself, before it is trusted; what does not work leaves profiles as they
 * are without it.
 */
import { threadId } from 'node:worker_threads'
import type { JavaScriptStacksBinding, Mallctl } from '../../allocator/port.js'
import { selfTest } from './self-test.js'
import { forgetNames } from './forget-names.js'
import { noteFailure, reasonUnsupported, stacksBinding } from './support.js'
import { WorkerRecording } from './worker-recording.js'

/** How often it is seen whether names have to be noted. */
const TICK_MS = 1_000
/** The longest that a stack waits for its names where nobody asks for a dump. */
const RESOLVE_MS = 30_000
/** Stacks that may wait: half of what the addon keeps. */
const MAX_PENDING = 32_768

let timer: NodeJS.Timeout | undefined
let workers: WorkerRecording | null = null
let resolvedAt = 0
let isTested = false

/** Begins where it can; what it gives is whether it records. */
export function startRecording(mallctl: Mallctl): boolean {
  const stacks = stacksBinding()
  if (stacks === null || reasonUnsupported() !== null) return false
  if (stacks.isOn()) return true
  const reason = stacks.start(threadId) ?? tested(stacks)
  if (reason !== null) {
    noteFailure(reason)
    return false
  }
  resolvedAt = performance.now()
  timer ??= setInterval(tick, TICK_MS, mallctl).unref()
  workers ??= WorkerRecording.start()
  return true
}

/** Begins or ends, as jemalloc's profiler samples or not. */
export function followProfiler(mallctl: Mallctl): void {
  if (mallctl.read('prof.active', 'bool')) startRecording(mallctl)
  else stopRecording()
}

/** Has worker threads note their names, before a dump; this thread's are noted with the dump itself. */
export async function resolveWorkers(): Promise<void> {
  await workers?.resolve()
}

/** Ends; the names of what was sampled stay. */
function stopRecording(): void {
  clearInterval(timer)
  timer = undefined
  workers?.stop()
  workers = null
  const stacks = stacksBinding()
  if (stacks?.isOn() === true) stacks.stop()
}

function tested(stacks: JavaScriptStacksBinding): string | null {
  if (isTested) return null
  const reason = selfTest(stacks)
  if (reason === null) isTested = true
  else stacks.stop()
  return reason
}

function tick(mallctl: Mallctl): void {
  const stacks = stacksBinding()
  if (stacks === null) return
  followProfiler(mallctl)
  if (!stacks.isOn()) return
  void workers?.resolve()
  const isDue = performance.now() - resolvedAt > RESOLVE_MS && stacks.pending() > 0
  if (isDue || stacks.pending() > MAX_PENDING || threadId !== 0) {
    resolvedAt = performance.now()
    if (stacks.pending() > 0) stacks.resolve()
  }
  forgetNames(stacks, mallctl)
}
