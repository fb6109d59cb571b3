/**
 * Makes a twin, and another where one ends without a result.
 *
 * Rule: a twin that crashed or got stuck says nothing about the function in it and is tried again; what the function
 * itself did (threw, used up its time) is final. Whatever happens, this process is as it was.
 */
import { constants } from 'node:os'
import type { EndedTwin, TwinBinding } from '../allocator/twin-binding.js'
import type { MemorySample } from '../measure/sample.js'
import { inStretch } from '../measure/in-stretch.js'
import type { Instrument } from '../measure/window.js'
import { CacheAttributionError, reasonOf } from '../support/errors.js'
import { loadLateCode } from '../support/late-code.js'
import { notePause } from './expected-pause.js'
import { checkHeadroom, forgetCopiedBytes, mayDieFirst, noteCopiedBytes } from './headroom.js'
import { TWIN_EXIT, describeExit } from './exit-codes.js'
import { frameSecret } from './frames.js'
import { lifeOf } from './child.js'
import type { TwinContext } from './child.js'
import { watchTwin } from './parent.js'
import type { TwinEnd } from './parent.js'
import { forkAtRest } from './fork-at-rest.js'
import type { ForkedAtRest } from './fork-at-rest.js'
import { twinBinding } from './support.js'
import type { TwinCost } from './types.js'
import { bytesOfFirstPage, learnYoungPages } from './young-generation.js'

/** The work in a twin. */
export interface TwinOrder {
  readonly instrument: Instrument
  readonly allowMs: number
  readonly attempts: number
  readonly signal: AbortSignal | undefined
  /** A descriptor that stays open in the child; -1 for none. */
  readonly keepFd: number
  /** The allocations of `work` in the twin, beyond what a twin copies. */
  readonly extraBytes: number
  /** Whether what it copies says what a later run may copy: it collects the whole heap, and allocates nothing beside. */
  readonly predictsCopies: boolean
  readonly work: (twin: TwinContext) => unknown
  /** A child was forked; `before` is this process right before it. */
  onForked(before: MemorySample, pid: number): void
  onMessage(message: unknown): void
  /** An attempt failed. True: try again, as far as attempts are left. */
  onFailure(error: TwinError): boolean
}

/** The outcome. */
export interface TwinOutcome {
  readonly value: unknown
  readonly cost: TwinCost
}

/** A failed twin with what it cost. */
export class TwinError extends CacheAttributionError {
  readonly cost: TwinCost | null
  /** The name of the signal that ended it; null where it ended in another way. */
  readonly signal: string | null

  constructor(
    code: CacheAttributionError['code'],
    message: string,
    cost: TwinCost | null,
    signal: string | null = null,
  ) {
    super(code, message)
    this.cost = cost
    this.signal = signal
  }
}

/** The kernel ends a child that is silent for this and four times its processor time, whatever state its parent is in. */
const ALARM_LEAST_S = 3600

/** @throws CacheAttributionError `ERR_TWIN_*`, `ERR_RUN_ABORTED` */
export async function makeTwin(order: TwinOrder): Promise<TwinOutcome> {
  const { environment } = order.instrument
  const pausesMs: number[] = []
  const held = <T>(work: () => T): T => inStretch(() => environment.now(), pausesMs, work)
  await loadLateCode()
  const binding = held(twinBinding)
  let childMs = 0
  let majorGcs = 0
  let lastCost: TwinCost | null = null
  for (let attempt = 1; ; attempt++) {
    const startMs = environment.now()
    const secret = frameSecret()
    const { forked, before, ...rest } = await fork({ order, binding, attempt, secret, held }).catch(
      (error: unknown) => {
        throw withCost(error, lastCost)
      },
    )
    pausesMs.push(...rest.pausesMs)
    majorGcs += rest.majorGcs
    const forkedMs = environment.now()
    const ending = watchTwin(binding, forked, {
      secret,
      allowMs: order.allowMs,
      signal: order.signal,
      held,
      onMessage: (message) => {
        order.onMessage(message)
      },
    })
    order.onForked(before, forked.pid)
    const end = await ending
    notePause(Math.max(...pausesMs), before.rssBytes)
    const copiedBytes = end.kind === 'result' ? end.copiedBytes : null
    if (copiedBytes !== null && order.predictsCopies) noteCopiedBytes(copiedBytes, before.heapTotalBytes)
    if (end.kind === 'crashed' && end.ended.signal === constants.signals.SIGKILL) forgetCopiedBytes()
    childMs += environment.now() - forkedMs
    const cost: TwinCost = {
      pauseMs: Math.max(...pausesMs),
      pausesMs: [...pausesMs],
      majorGcs,
      forkMs: forked.scanMs + forked.forkMs,
      childMs,
      copiedBytes,
      attempts: attempt,
    }
    lastCost = cost
    if (end.kind === 'result') return { value: end.value, cost }
    const error = errorOf(end, cost, environment.now() - startMs)
    const isFinal = end.kind === 'thrown' || end.kind === 'aborted'
    if (isFinal || attempt >= order.attempts || !order.onFailure(error)) throw error
  }
}

interface Attempt {
  readonly order: TwinOrder
  readonly binding: TwinBinding
  readonly attempt: number
  readonly secret: string
  readonly held: <T>(work: () => T) => T
}

async function fork({ order, binding, attempt, secret, held }: Attempt): Promise<ForkedAtRest> {
  throwIfAborted(order.signal)
  const { allowMs, instrument, keepFd, work } = order
  const alarmSeconds = Math.ceil(ALARM_LEAST_S + (4 * allowMs) / 1000)
  const diesFirst = held(() => {
    checkHeadroom(order.extraBytes)
    return mayDieFirst()
  })
  // A twin that got stuck may have met a thread in the middle of something that no look had seen.
  return forkAtRest(instrument, attempt === 1 ? 'swept' : 'sweeping', {
    majorGcs: instrument.environment.majorGcs ?? binding.majorGcs,
    openHeap: () => {
      learnYoungPages(binding, instrument.collector)
      binding.openHeap()
    },
    closeHeap: binding.closeHeap,
    fork: (isStillQuiescent) => {
      // Coming to rest takes a while, and a fork that nobody waits for pauses all the same.
      throwIfAborted(order.signal)
      const busyThreads = instrument.threads?.passedOver() ?? []
      return binding.fork(lifeOf(binding, work, isStillQuiescent, secret), {
        keepFd,
        alarmSeconds,
        busyThreads,
        diesFirst,
        youngBytes: bytesOfFirstPage(),
      })
    },
  })
}

/** An error before another fork, with what the attempts before it cost. */
function withCost(error: unknown, cost: TwinCost | null): unknown {
  if (cost === null || !(error instanceof CacheAttributionError)) return error
  return new TwinError(error.code, reasonOf(error), cost)
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new CacheAttributionError('ERR_RUN_ABORTED', 'aborted before a twin was made')
}

/** The error of a twin that ended so. */
export function errorOf(end: Exclude<TwinEnd, { kind: 'result' }>, cost: TwinCost, elapsedMs: number): TwinError {
  const after = `after ${(elapsedMs / 1000).toFixed(1)} s`
  switch (end.kind) {
    case 'thrown':
      return new TwinError(end.code, end.message, cost)
    case 'aborted':
      return new TwinError('ERR_RUN_ABORTED', 'the twin was ended by its signal', cost)
    case 'overtime':
      return new TwinError('ERR_TWIN_OVERTIME', `it was ended ${after}: it used up its processor time`, cost)
    case 'stuck':
      return new TwinError('ERR_TWIN_STUCK', `it was ended ${after}: it slept and used no processor time`, cost)
    case 'forged':
      return new TwinError(
        'ERR_TWIN_CRASHED',
        `it was ended ${after}: something in it wrote to the pipe of its results`,
        cost,
      )
    case 'crashed':
      if (end.ended.code === TWIN_EXIT.WAITS) {
        return new TwinError('ERR_TWIN_STUCK', `it ended ${after}: it waited for a thread that it does not have`, cost)
      }
      return new TwinError('ERR_TWIN_CRASHED', `it ended ${after} ${wordsOf(end.ended)}`, cost, signalOf(end.ended))
  }
}

function signalOf({ signal }: EndedTwin): string | null {
  if (signal === null) return null
  const name = Object.entries(constants.signals).find(([, number]) => number === signal)?.[0]
  return name ?? `signal ${String(signal)}`
}

function wordsOf(ended: EndedTwin): string {
  const { code } = ended
  const signal = signalOf(ended)
  if (signal !== null) return `by ${signal}`
  if (code === null) return 'with nothing that can be read'
  return describeExit(code)
}
