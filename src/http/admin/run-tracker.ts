/**
 * The tasks under way in this process, as far as they are known here: runs of the coordinator however they were started, and what is
 * done in twins over HTTP.
 *
 * Rule: it only listens. Whether something may start is the coordinator's and the run lock's to say; this shows who is in
 * the way, what it has reported so far, and when the caches were last released.
 */
import { randomUUID } from 'node:crypto'
import type { Coordinator } from '../../coordinator/coordinator.js'
import type { CoordinatorEventPayloads } from '../../coordinator/events.js'
import type { DiscoverProgress } from '../../twin/discover/discover-progress.js'
import { HttpProblem } from '../server/problem.js'
import type { ReportStore } from './report-store.js'
import type { CurrentRun } from './types.js'

interface Started extends CurrentRun {
  readonly startedMs: number
  readonly isOfHttp: boolean
  readonly abort: () => void
}

/** A message of a run. */
export interface Progress {
  readonly event: (typeof PROGRESS)[number] | 'discovery-progress'
  /** Its payload as JSON, in one line. */
  readonly data: string
}

/** The events that are passed on while a run is on. */
const PROGRESS = ['run-started', 'run-planned', 'cache-released', 'cache-failed', 'cache-skipped', 'warning'] as const

/** A run of ten thousand caches is told to those who join late from so far back. */
const REMEMBERED_MAX = 2000
/** Where nothing is known of how long runs take. */
const RETRY_MS = 5000

/** Watches one coordinator. */
export class RunTracker {
  readonly #coordinator: Coordinator
  readonly #coolDownMs: number
  readonly #now: () => number
  readonly #listeners = new Set<(progress: Progress) => void>()
  readonly #detach: () => void
  #current: Started | null = null
  #remembered: Progress[] = []
  #lastDurationMs: number | undefined
  #releasedMs: number | undefined

  constructor(coordinator: Coordinator, reports: ReportStore, coolDownMs: number, now: () => number) {
    this.#coordinator = coordinator
    this.#coolDownMs = coolDownMs
    this.#now = now
    this.#detach = this.#listen(reports)
  }

  /** The task under way, or null. */
  get current(): CurrentRun | null {
    if (this.#current === null) return null
    const { id, mode, startedAt } = this.#current
    return { id, mode, startedAt }
  }

  /** Whether what is under way was asked for over HTTP. */
  get isOfHttp(): boolean {
    return this.#current?.isOfHttp === true
  }

  /** Until the next releasing run may start. */
  get coolDownRemainingMs(): number {
    if (this.#releasedMs === undefined) return 0
    return Math.max(0, this.#releasedMs + this.#coolDownMs - this.#now())
  }

  /** Subscribes to the past and future events of the run under way. Returns the function that ends the subscription. */
  subscribe(listener: (progress: Progress) => void): () => void {
    this.#listeners.add(listener)
    for (const progress of this.#remembered) listener(progress)
    return () => this.#listeners.delete(listener)
  }

  /** Marks something other than a run of the coordinator. Returns what marks its end. @throws HttpProblem */
  begin(mode: CurrentRun['mode'], abort: () => void): () => void {
    if (this.#current !== null || this.#coordinator.isRunning) throw this.inProgress()
    const started = this.#start(randomUUID(), mode, true, abort)
    return () => {
      if (this.#current === started) this.#current = null
    }
  }

  /** Tells how far a discovery is to those who listen. */
  noteDiscovery(progress: DiscoverProgress): void {
    if (this.#current?.mode === 'discover')
      this.#publish({ event: 'discovery-progress', data: JSON.stringify(progress) })
  }

  /** Aborts what is under way, and returns its id; undefined where there is nothing. */
  abort(): string | undefined {
    const current = this.#current
    current?.abort()
    return current?.id
  }

  /** The refusal of what cannot start because something is under way. */
  inProgress(): HttpProblem {
    const current = this.#current
    const message =
      current === null
        ? 'another coordinator or thread of this process is measuring'
        : `${current.id} (${current.mode}) is under way: wait for its end, or ask for the same to join it`
    const elapsedMs = current === null ? 0 : this.#now() - current.startedMs
    const retryMs = Math.max(1000, (this.#lastDurationMs ?? RETRY_MS) - elapsedMs)
    return new HttpProblem('ERR_RUN_IN_PROGRESS', message, {
      extra: { runId: current?.id ?? null },
      headers: { 'retry-after': String(Math.ceil(retryMs / 1000)) },
    })
  }

  /** Refuses a releasing run that comes too soon after another. @throws HttpProblem `ERR_HTTP_COOL_DOWN` */
  checkCoolDown(): void {
    const remainingMs = this.coolDownRemainingMs
    // A request that joins the run under way releases nothing more; a different one is refused by the coordinator.
    if (remainingMs === 0 || this.#current !== null) return
    throw new HttpProblem(
      'ERR_HTTP_COOL_DOWN',
      `the next releasing run may start in ${String(Math.ceil(remainingMs / 1000))} s`,
      {
        extra: { coolDownRemainingMs: remainingMs },
        headers: { 'retry-after': String(Math.ceil(remainingMs / 1000)) },
      },
    )
  }

  /** Unsubscribes from the coordinator. */
  close(): void {
    this.#detach()
    this.#listeners.clear()
    this.#remembered = []
  }

  #listen(reports: ReportStore): () => void {
    const coordinator = this.#coordinator
    const onStarted = ({ id, mode, trigger }: CoordinatorEventPayloads['run-started']): void => {
      this.#start(id, mode, trigger === 'http', () => void coordinator.abort())
    }
    const onEnded = (): void => {
      const current = this.#current
      if (current === null) return
      this.#lastDurationMs = this.#now() - current.startedMs
      if (current.mode === 'release' || current.mode === 'trim') this.#releasedMs = this.#now()
      this.#current = null
    }
    const onFinished = ({ report }: CoordinatorEventPayloads['run-finished']): void => {
      reports.keep(report)
      onEnded()
    }
    const forwarders = PROGRESS.map((event) => {
      const forward = (payload: unknown): void => {
        if (this.#current !== null) this.#publish({ event, data: JSON.stringify(payload) })
      }
      return { event, tell: forward }
    })
    // It stands first: a run is known before it is reported.
    coordinator.on('run-started', onStarted)
    for (const { event, tell } of forwarders) coordinator.on(event, tell)
    coordinator.on('run-finished', onFinished)
    coordinator.on('run-failed', onEnded)
    return () => {
      coordinator.off('run-started', onStarted)
      for (const { event, tell } of forwarders) coordinator.off(event, tell)
      coordinator.off('run-finished', onFinished)
      coordinator.off('run-failed', onEnded)
    }
  }

  #start(id: string, mode: CurrentRun['mode'], isOfHttp: boolean, abort: () => void): Started {
    this.#remembered = []
    const startedAt = new Date().toISOString()
    const started = { id, mode, isOfHttp, abort, startedAt, startedMs: this.#now() }
    this.#current = started
    return started
  }

  #publish(progress: Progress): void {
    if (this.#remembered.length < REMEMBERED_MAX) this.#remembered.push(progress)
    for (const listener of this.#listeners) listener(progress)
  }
}
