/**
 * Gets a session with the inspector of one process, opening it by SIGUSR1 where it is closed.
 *
 * Rule: who listens is proved by the process's own sockets, never by the port: 9229 may be anybody's.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { InspectorSession, SessionError, inspectorAt } from './inspector-session.js'
import type { InspectorTarget } from './inspector-session.js'
import {
  checkSignal,
  expectedPort,
  isPortKnown,
  isPortTaken,
  portHolder,
  portTaken,
  startsInspector,
} from './obstacles.js'
import { isTakenByNode, signalThreadWakes } from './signal-thread.js'
import { otherUser } from './target-process.js'
import type { Listener, TargetProcess } from './target-process.js'

/** An open session. */
export interface OpenInspector {
  readonly session: InspectorSession
  /** Whether the inspector was closed before. */
  readonly wasClosed: boolean
}

/** A process right before it gets the signal. */
export interface BeforeSignal {
  /** Inodes of the sockets on which it listens: others are new. */
  readonly sockets: ReadonlySet<string>
  /** Of `signalThreadWakes()`. */
  readonly wakes: number | null
}

/** How the inspector is opened. */
export interface OpenInspectorOptions {
  /** How long the process may take to open its inspector, in milliseconds. */
  readonly timeoutMs: number
  /** How long another process may keep the port, in milliseconds. */
  readonly portTimeoutMs: number
  /** Told right before the signal is sent: from then on something has to be undone. */
  readonly beforeSignal: (before: BeforeSignal) => void
  /** Told what is waited for. */
  readonly progress: (text: string) => void
}

const POLL_MS = 10
const ANSWER_MS = 5_000
/** A free processor runs the main thread within this; a service under load within a few of them. */
const TOLD_AFTER_MS = 1_000

/** @throws CacheAttributionError `ERR_ATTACH_*` */
export async function openInspector(target: TargetProcess, options: OpenInspectorOptions): Promise<OpenInspector> {
  // Another attach may open it at any moment from here on: what is listened on by then counts as new.
  const before = new Set(target.ownListeners().map(({ inode }) => inode))
  const open = await inspectorOf(target)
  if (open !== null) return { session: await connect(target, open), wasClosed: false }
  const endMs = performance.now() + options.portTimeoutMs
  for (;;) {
    await waitForPort(target, endMs, options)
    const wakes = signalThreadWakes(target)
    options.beforeSignal({ sockets: before, wakes })
    signal(target)
    try {
      const opened = await newInspector(target, { sockets: before, wakes }, options)
      return { session: await connect(target, opened), wasClosed: true }
    } catch (error) {
      const hidden = await hiddenInspector(target, error)
      if (hidden !== null) return { session: await connect(target, hidden), wasClosed: false }
      // An attach to another worker of a cluster was faster: the port is waited for again.
      if (!isOfPort(error) || performance.now() > endMs) throw error
    }
  }
}

function isOfPort(error: unknown): boolean {
  return error instanceof CacheAttributionError && error.code === 'ERR_ATTACH_PORT_TAKEN'
}

/**
 * The inspector that a process has open. Only where its options or the usual port suggest one is somebody asked: a
 * service must not get requests that nobody sent.
 */
async function inspectorOf(target: TargetProcess): Promise<InspectorTarget | null> {
  const port = expectedPort(target)
  const candidates = target.ownListeners().filter((listener) => mayBeInspector(target, listener, port))
  return firstInspector(candidates)
}

/** On any port it is on the loopback interface, unless its options say where. */
function mayBeInspector(target: TargetProcess, { address, port }: Listener, expected: number): boolean {
  if (expected !== 0) return port === expected
  return startsInspector(target) || isLoopback({ address })
}

function isLoopback({ address }: Pick<Listener, 'address'>): boolean {
  return address === '127.0.0.1' || address === '::1'
}

/** Of a process whose title hides its options: one that has been open all the time, on whatever port. */
async function hiddenInspector(target: TargetProcess, error: unknown): Promise<InspectorTarget | null> {
  const isUnopened =
    error instanceof CacheAttributionError &&
    // Node's handler takes the signal, too, where the inspector has been open.
    (error.code === 'ERR_ATTACH_SIGNAL_TAKEN' || error.code === 'ERR_ATTACH_BLOCKED')
  if (isPortKnown(target) || !(isUnopened || isOfPort(error))) return null
  return firstInspector(target.ownListeners().filter(isLoopback))
}

/** The inspector that a process opened since `before`. */
export function openedSince(target: TargetProcess, before: ReadonlySet<string>): Promise<InspectorTarget | null> {
  const port = expectedPort(target)
  const isCandidate = (each: Listener): boolean => !before.has(each.inode) && (each.port === port || isLoopback(each))
  return firstInspector(target.ownListeners().filter(isCandidate))
}

async function firstInspector(candidates: readonly Listener[]): Promise<InspectorTarget | null> {
  for (const { address, port } of candidates) {
    const found = await inspectorAt(address, port, ANSWER_MS)
    if (found !== null) return found
  }
  return null
}

async function connect(target: TargetProcess, { webSocketUrl }: InspectorTarget): Promise<InspectorSession> {
  try {
    return await InspectorSession.open(webSocketUrl, ANSWER_MS)
  } catch (error) {
    throw connectionLost(target, error)
  }
}

/** For what ended a session: `ERR_ATTACH_CONNECTION`; `ERR_ATTACH_BLOCKED` where nobody answers, `ERR_ATTACH_AGENT` for what threw there. */
export function connectionLost(target: TargetProcess, error: unknown): CacheAttributionError {
  const pid = String(target.pid)
  if (!target.isAlive) {
    return new CacheAttributionError('ERR_ATTACH_NO_PROCESS', `process ${pid} ended while it was attached to`, {
      cause: error,
    })
  }
  if (error instanceof SessionError && error.kind === 'silent') return blocked(target)
  if (error instanceof SessionError && error.kind === 'refused') {
    const why = messageOf(error).slice(0, 300)
    return new CacheAttributionError('ERR_ATTACH_AGENT', `the agent failed in process ${pid}: ${why}`, { cause: error })
  }
  return new CacheAttributionError(
    'ERR_ATTACH_CONNECTION',
    `the connection to the inspector of process ${pid} failed: ${messageOf(error)}; somebody may have closed it: try again`,
    { cause: error },
  )
}

/** `ERR_ATTACH_BLOCKED`. */
function blocked(target: TargetProcess): CacheAttributionError {
  const pid = String(target.pid)
  if (target.state === 'T') {
    return new CacheAttributionError('ERR_ATTACH_STOPPED', `process ${pid} was stopped meanwhile: kill -CONT ${pid}`)
  }
  return new CacheAttributionError(
    'ERR_ATTACH_BLOCKED',
    `the main thread of process ${pid} is blocked in a call that does not return (synchronous I/O, execSync, Atomics.wait, a paused debugger): try again when it answers requests`,
  )
}

async function waitForPort(
  target: TargetProcess,
  endMs: number,
  { portTimeoutMs, progress }: OpenInspectorOptions,
): Promise<void> {
  checkSignal(target)
  if (!isPortKnown(target)) return
  const holder = portHolder(target)
  if (holder === null) return
  if (!holder.mayBeInspector) throw portTaken(target)
  const seconds = String(Math.ceil(portTimeoutMs / 1000))
  progress(
    `${holder.name} has port ${String(expectedPort(target))}, of the inspector: waiting for it, up to ${seconds} s`,
  )
  while (isPortTaken(target)) {
    if (performance.now() > endMs) throw portTaken(target)
    await delay(20 * POLL_MS)
  }
}

function signal(target: TargetProcess): void {
  try {
    process.kill(target.pid, 'SIGUSR1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPERM') throw otherUser(target)
    throw new CacheAttributionError('ERR_ATTACH_NO_PROCESS', `process ${String(target.pid)} has ended`, {
      cause: error,
    })
  }
}

async function newInspector(
  target: TargetProcess,
  before: BeforeSignal,
  { timeoutMs, progress }: OpenInspectorOptions,
): Promise<InspectorTarget> {
  const startMs = performance.now()
  const { switches } = target.mainThread
  const closing = new ClosingInspector(target)
  for (let isReported = false; performance.now() - startMs < timeoutMs;) {
    await delay(POLL_MS)
    if (!target.isAlive) {
      throw new CacheAttributionError(
        'ERR_ATTACH_NO_PROCESS',
        `process ${String(target.pid)} ended while it was attached to`,
      )
    }
    // Another attach may have opened it before this one read the list.
    const port = expectedPort(target)
    const isTaken = isPortKnown(target) && isPortTaken(target)
    const candidates = target.ownListeners().filter((each) => !before.sockets.has(each.inode) || each.port === port)
    const found = await firstInspector(candidates)
    if (found !== null) return found
    if (isTaken) throw portTaken(target)
    if (closing.hasEnded()) signal(target)
    if (!isReported && performance.now() - startMs > TOLD_AFTER_MS) {
      isReported = true
      progress('waiting for the process to open its inspector')
    }
  }
  const isTaken = isTakenByNode(target, before.wakes)
  // Of a thread that cannot be told, the main one's: it woke up and opened nothing, or it did not wake up at all.
  throw notOpened(target, isTaken === null ? target.mainThread.switches > switches : !isTaken)
}

/** A signal that comes while the inspector of another attach stops is lost: it is sent once more when that one's thread is gone. */
class ClosingInspector {
  readonly #target: TargetProcess
  readonly #threads: readonly string[]
  #isReported = false

  constructor(target: TargetProcess) {
    this.#target = target
    this.#threads = target.threads()
  }

  /** True once, where a thread of the process ended since. */
  hasEnded(): boolean {
    if (this.#isReported) return false
    const running = new Set(this.#target.threads())
    this.#isReported = !this.#threads.every((thread) => running.has(thread))
    return this.#isReported
  }
}

function notOpened(target: TargetProcess, isTakenByApplication: boolean): CacheAttributionError {
  if (!isPortKnown(target) && isPortTaken(target)) return portTaken(target)
  if (!isTakenByApplication) return blocked(target)
  return new CacheAttributionError(
    'ERR_ATTACH_SIGNAL_TAKEN',
    `process ${String(target.pid)} took SIGUSR1 and opened no inspector: its application has a handler for that signal of its own, which was called. Start it with --inspect=127.0.0.1:0 or with cache-attribution/auto, which need no signal`,
  )
}
