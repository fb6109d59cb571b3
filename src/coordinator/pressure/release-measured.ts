/**
 * One release under pressure: the call, what follows it, and by how much resident memory fell.
 *
 * Rule: whatever a release does costs its own row. The fall is read from the system, with whatever else the process did meanwhile.
 */
import { SLOT_COUNT, liveBytes } from '../../allocator/port.js'
import type { Allocator } from '../../allocator/port.js'
import type { ReleaseOutcome } from '../../measure/window.js'
import type { Environment } from '../../support/environment.js'
import { isThenable } from '../../support/is-thenable.js'
import type { RegisteredCache } from '../registry.js'
import { ReleaseCall } from '../run/release-call.js'
import type { ReleaseEnd } from '../run/release-call.js'
import type { DuringRelease, PressureParts } from './pressure-parts.js'
import type { ResolvedPressureOptions } from './options.js'

/** The end of a release and what it gave back. */
export interface Released extends ReleaseEnd {
  readonly freedBytes: number
  /** Live memory that went beyond that: the allocator keeps its pages for what is allocated next. 0 where it was purged. */
  readonly keptBytes: number
  readonly pauseMs: number
  readonly isPurged: boolean
}

/** The surroundings of the releases of one round. */
export interface ReleaseSurroundings {
  readonly parts: PressureParts
  readonly settings: Pick<ResolvedPressureOptions, 'collect' | 'purge'>
  readonly duringRelease: DuringRelease
  /** Aborted when the watch is stopped. */
  readonly signal: AbortSignal
}

/** Releases a cache, or a share of it. */
export async function releaseMeasured(
  cache: RegisteredCache,
  fraction: number | null,
  { parts, settings, duringRelease, signal }: ReleaseSurroundings,
): Promise<Released> {
  const { allocator, environment, releaseTimeoutMs } = parts
  const before = environment.figures().rssBytes
  const liveBefore = liveNow(parts)
  const called = environment.now()
  const call = new ReleaseCall(cache, fraction === null ? 'release' : 'trim', batchOf(cache, fraction))
  const outcome = outcomeOf(() => duringRelease(() => call.call()))
  const callMs = environment.now() - called
  const end = await call.end(outcome, releaseTimeoutMs, signal)
  const collectMs = settings.collect && cache.traits.gc !== 'none' ? collect(environment) : 0
  // Finalizers free native memory in a turn of their own.
  await environment.yieldToLoop(0)
  const purgedAt = environment.now()
  const isPurged = settings.purge && purge(allocator)
  const purgeMs = environment.now() - purgedAt
  const freedBytes = before - environment.figures().rssBytes
  return {
    ...end,
    freedBytes,
    keptBytes: isPurged ? 0 : Math.max(0, liveBefore - liveNow(parts) - Math.max(0, freedBytes)),
    pauseMs: Math.max(callMs, collectMs, purgeMs),
    isPurged,
  }
}

function batchOf(
  { releasable }: RegisteredCache,
  fraction: number | null,
): ConstructorParameters<typeof ReleaseCall>[2] {
  if (fraction === null) return undefined
  const choices = releasable.trimChoices ?? ['coldest']
  const choice = choices.includes('coldest') ? 'coldest' : 'random'
  return { fraction, share: fraction, choice, isLast: true }
}

async function outcomeOf(release: () => unknown): Promise<ReleaseOutcome> {
  try {
    const returned = release()
    if (isThenable(returned)) await returned
    return { kind: 'done' }
  } catch (error) {
    return { kind: 'failed', error }
  }
}

/** Live bytes of the allocator, as far as it tells, and of V8's heap. */
function liveNow({ allocator, environment }: PressureParts): number {
  const slots = new Float64Array(SLOT_COUNT)
  allocator.readInto(slots)
  const live = liveBytes(slots)
  return (Number.isNaN(live) ? 0 : live) + environment.heapUsedBytes()
}

/** For how long it held the event loop. Where V8 gives no collector, it collects when it wants to. */
function collect(environment: Environment): number {
  const startMs = environment.now()
  try {
    const collector = environment.collector()
    collector.major()
    // It waits for the backing stores of dead Buffers, which another thread frees.
    collector.minor()
  } catch {
    // What was dropped is garbage still.
  }
  return environment.now() - startMs
}

/** The service's other freed pages go with them: it is short of memory. False without jemalloc. */
function purge({ mallctl }: Allocator): boolean {
  if (mallctl === null) return false
  try {
    // A block in the cache of this thread holds its slab. 4096 is MALLCTL_ARENAS_ALL.
    mallctl.call('thread.tcache.flush')
    mallctl.call('arena.4096.purge')
    return true
  } catch {
    return false
  }
}
