/**
 * One report over the replicas of a service: each is asked for a run, a few at a time, the first of them alone.
 *
 * Rule: a replica costs its own row; what does the service harm ends the whole, and what was measured stays.
 */
import { ATTRIBUTION_MODES } from '../report/types.js'
import type { AttributionMode, AttributionReport } from '../report/types.js'
import { abortSignal, boolean, callable, number, oneOf, optional, resolveOptions, text } from '../support/options.js'
import type { Check } from '../support/options.js'
import { formatMs } from '../support/units.js'
import { askReplica } from './ask-replica.js'
import type { Asking, AskedReplica } from './ask-replica.js'
import { FleetRows } from './join-replicas.js'
import { resolveTargets } from './targets.js'
import type { FleetSource, ResolvedTarget } from './targets.js'
import type { FleetError, FleetReplica, FleetReport } from './types.js'

/** A replica that has ended, for who shows how far it is. */
export interface FleetProgress {
  readonly replica: FleetReplica
  /** Its report, which the fleet's does not keep; null where there is none. */
  readonly report: AttributionReport | null
  readonly done: number
  readonly total: number
}

/** How {@link attributeFleet} asks. */
export interface AttributeFleetOptions {
  /** The run that each replica is asked for. In a twin, none of them loses an entry. @default 'twin' */
  readonly mode?: AttributionMode | undefined
  /** The largest owners that nobody registered, so many of each replica; 0 for none. @default 0 */
  readonly discover?: number | undefined
  /** How many replicas are asked at a time. @default 1 */
  readonly concurrency?: number | undefined
  /** Asks one replica alone before the others; where its run does not end well, no other is asked. @default true */
  readonly canary?: boolean | undefined
  /** A replica that stands still for longer ends the whole, in milliseconds. @default 1000 */
  readonly pauseMs?: number | undefined
  /** So many runs that were begun and did not end well end the whole. @default 3 */
  readonly failures?: number | undefined
  /** A replica with more of its memory limit in use is spared, 0 to 1. @default 0.9 */
  readonly memoryShare?: number | undefined
  /** Sent to each replica as a bearer token. */
  readonly token?: string | undefined
  /** Milliseconds within which a replica must say how it stands. @default 5000 */
  readonly answerTimeoutMs?: number | undefined
  /** Milliseconds within which its run must end. @default 120000 */
  readonly timeoutMs?: number | undefined
  /** Ends the whole; replicas that were measured stay in the report, and the others are `not-asked`. */
  readonly signal?: AbortSignal | undefined
  /** Called when a replica has ended. What it throws is passed over. */
  readonly onProgress?: ((progress: FleetProgress) => void) | undefined
}

const TIMEOUT_MOST_MS = 2 ** 31 - 1

/**
 * Asks the admin endpoints of a service's replicas for their caches, and gives one report: sum, median, minimum, maximum and outliers
 * of each cache, and by labels which replicas have the larger entries.
 *
 * @param sources URLs of admin endpoints, a name in DNS, targets in Prometheus' format, a Prometheus server, processes
 *   of this machine that were started with `auto`, or several of these
 * @throws CacheAttributionError `ERR_FLEET_TARGETS`, `ERR_OPTION_*`; the failure of a replica is in its row
 * @example
 * const { caches } = await attributeFleet({ dns: 'shop.default.svc.cluster.local', port: 8080 }, { concurrency: 4 })
 * for (const { name, sum, outliers } of caches) console.log(name, sum.totalBytes, outliers)
 */
export async function attributeFleet(
  sources: FleetSource | readonly FleetSource[],
  options?: AttributeFleetOptions,
): Promise<FleetReport> {
  const timeout = number({ min: 1, max: TIMEOUT_MOST_MS })
  const resolved = resolveOptions('attributeFleet()', options, {
    mode: { check: oneOf(...ATTRIBUTION_MODES), fallback: 'twin' as const },
    discover: { check: number({ min: 0, max: 1000, integer: true }), fallback: 0 },
    concurrency: { check: number({ min: 1, max: 1000, integer: true }), fallback: 1 },
    canary: { check: boolean, fallback: true },
    pauseMs: { check: number({ min: 0, unbounded: true }), fallback: 1000 },
    failures: { check: number({ min: 1, unbounded: true }), fallback: 3 },
    memoryShare: { check: number({ min: 0, max: 1 }), fallback: 0.9 },
    token: optional(text(8192)),
    answerTimeoutMs: { check: timeout, fallback: 5000 },
    timeoutMs: { check: timeout, fallback: 120_000 },
    signal: optional(abortSignal),
    onProgress: optional(callable as Check<(progress: FleetProgress) => void>),
  })
  const startedAt = new Date().toISOString()
  const startMs = performance.now()
  const targets = await resolveTargets(sources, resolved.signal)
  const { stopped, replicas, rows } = await new Fleet(targets, resolved).ask()
  return {
    schemaVersion: 1,
    startedAt,
    durationMs: performance.now() - startMs,
    mode: resolved.mode,
    stopped,
    replicas,
    caches: rows.caches(),
    owners: rows.owners(),
  }
}

interface Resolved extends Omit<Asking, 'signal' | 'claim'> {
  readonly concurrency: number
  readonly canary: boolean
  readonly pauseMs: number
  readonly failures: number
  readonly signal: AbortSignal | undefined
  readonly onProgress: ((progress: FleetProgress) => void) | undefined
}

/** One call, under way. */
class Fleet {
  readonly #targets: readonly ResolvedTarget[]
  readonly #options: Resolved
  readonly #rows = new FleetRows()
  readonly #replicas: (FleetReplica | undefined)[] = []
  readonly #processes = new Map<string, string>()
  #next = 0
  #done = 0
  #failed = 0
  #stopped: FleetError | null = null

  constructor(targets: readonly ResolvedTarget[], options: Resolved) {
    this.#targets = targets
    this.#options = options
  }

  async ask(): Promise<{ stopped: FleetError | null; replicas: FleetReplica[]; rows: FleetRows }> {
    const { canary, concurrency } = this.#options
    // One that does not answer has shown nothing: the next is the canary then.
    while (canary && this.#goesOn()) {
      const status = await this.#askNext()
      if (status === 'measured') break
      if (status === 'failed')
        this.#stop(`the run of the first replica, ${this.#nameOf(this.#next - 1)}, did not end well`)
    }
    const lane = async (): Promise<void> => {
      while (this.#goesOn()) await this.#askNext()
    }
    await Promise.all(Array.from({ length: Math.min(concurrency, this.#targets.length) }, lane))
    const replicas = this.#targets.map((target, index) => this.#replicas[index] ?? this.#notAsked(target))
    return { stopped: this.#stopped, replicas, rows: this.#rows }
  }

  #goesOn(): boolean {
    this.#noteAbort()
    return this.#stopped === null && this.#next < this.#targets.length
  }

  async #askNext(): Promise<FleetReplica['status']> {
    const index = this.#next++
    const target = this.#targets[index]
    if (target === undefined) return 'not-asked'
    const { signal = new AbortController().signal, ...options } = this.#options
    const claim = (process: string): string | null => this.#claim(process, target.name)
    const asked = await askReplica(target, { ...options, signal, claim })
    this.#enter(index, asked)
    return asked.replica.status
  }

  #claim(process: string, name: string): string | null {
    const first = this.#processes.get(process)
    if (first === undefined) this.#processes.set(process, name)
    return first ?? null
  }

  #enter(index: number, { replica, report }: AskedReplica): void {
    const { pauseMs, failures, onProgress } = this.#options
    this.#replicas[index] = replica
    if (report !== null) this.#rows.add(replica.name, replica.labels, report)
    if (replica.longestPauseMs !== null && replica.longestPauseMs > pauseMs) {
      this.#stop(
        `${replica.name} stood still for ${formatMs(replica.longestPauseMs)}, longer than ${formatMs(pauseMs)}`,
      )
    }
    if (replica.status === 'failed') this.#failed++
    if (this.#failed >= failures)
      this.#stop(`${String(this.#failed)} runs did not end well, the last of ${replica.name}`)
    this.#done++
    try {
      onProgress?.({ replica, report, done: this.#done, total: this.#targets.length })
    } catch {
      // An error that a listener throws is no matter of the fleet.
    }
  }

  /** An abort is the reason of what it broke off, and comes before any other. */
  #stop(message: string): void {
    if (!this.#noteAbort()) this.#stopped ??= { code: 'ERR_FLEET_STOPPED', message }
  }

  #noteAbort(): boolean {
    const isAborted = this.#options.signal?.aborted === true
    if (isAborted) this.#stopped ??= { code: 'ERR_RUN_ABORTED', message: 'aborted by the signal' }
    return isAborted
  }

  #notAsked({ name, url, labels }: ResolvedTarget): FleetReplica {
    return {
      name,
      url,
      labels,
      status: 'not-asked',
      ...(this.#stopped === null ? {} : { error: this.#stopped }),
      pid: null,
      host: null,
      rssBytes: null,
      memoryLimitBytes: null,
      longestPauseMs: null,
      durationMs: 0,
    }
  }

  #nameOf(index: number): string {
    return this.#targets[index]?.name ?? ''
  }
}
