/**
 * The guard: a process beside the command that undoes what the command did, should it die before the agent has started. From
 * then on the agent watches over itself.
 *
 * Rule: it acts only when its pipe to the command ends without the word that all is well.
 */
import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { besideCode } from '../../support/own-package.js'
import { InspectorSession } from './inspector-session.js'
import { Foothold } from './foothold.js'
import { openedSince } from './open-inspector.js'
import type { BeforeSignal } from './open-inspector.js'
import { isTakenByNode } from './signal-thread.js'
import { TargetProcess } from './target-process.js'

/** The command's end of it. */
export interface Guard {
  /** A folder to be removed. */
  watchFolder(folder: string): void
  /** All is well: nothing is left to be undone. */
  dismiss(): void
  /** Lets it undo what was done; resolves when it is done, or after some seconds in which the process did not answer. */
  takeOver(): Promise<void>
}

type Message = { readonly folder: string } | { readonly done: true }

const ANSWER_MS = 5_000
const POLL_MS = 250
/** A process that answers is left as it was by then; of another the guard goes on alone. */
const TAKE_OVER_MS = 3_000
/** A process that is blocked opens its inspector when it goes on. */
const WATCH_MS = 600_000
/**
 * One that woke up so often, and has none this long after, got no signal, or somebody else closed the inspector; where Node's own
 * handler took the signal, it is about to open it.
 */
const WOKEN = { switches: 3, leastMs: 5_000, byNodeMs: 60_000 }

/** A process that is being attached to, as it was before its inspector is opened. */
interface GuardedProcess extends BeforeSignal {
  readonly pid: number
}

/** Of the arguments of a guard's process. */
export function guardedProcess([pid, wakes, ...sockets]: readonly string[]): GuardedProcess {
  return { pid: Number(pid), wakes: wakes === UNKNOWN ? null : Number(wakes), sockets: new Set(sockets) }
}

const UNKNOWN = 'unknown'

/** Starts a guard. */
export function startGuard({ pid, wakes, sockets }: GuardedProcess): Guard {
  const args = [String(pid), wakes === null ? UNKNOWN : String(wakes), ...sockets]
  const child = spawn(process.execPath, [besideCode('attach/client/guard-process.js'), ...args], {
    // In a session of its own: a signal to the command's group is not for it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: {},
  })
  const send = (message: Message): void => {
    child.stdin.write(`${JSON.stringify(message)}\n`)
  }
  child.stdin.on('error', () => undefined)
  child.on('error', () => undefined)
  child.unref()
  return {
    watchFolder: (folder) => {
      send({ folder })
    },
    dismiss: () => {
      send({ done: true })
      child.stdin.end()
    },
    takeOver: () =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) {
          resolve()
          return
        }
        const timer = setTimeout(resolve, TAKE_OVER_MS)
        child.once('exit', () => {
          clearTimeout(timer)
          resolve()
        })
        child.stdin.end()
      }),
  }
}

/** The guard's end of it: what its process does. */
export async function guard(before: GuardedProcess): Promise<void> {
  const target = new TargetProcess(before.pid)
  const folders = new Set<string>()
  let isDone = false
  for await (const line of createInterface({ input: process.stdin })) {
    const message = JSON.parse(line) as Message
    if ('folder' in message) folders.add(message.folder)
    else isDone = true
  }
  if (isDone) return
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  await closeInspector(target, before)
}

/**
 * The signal may be on its way, and the process may be blocked. Of one that is awake it lets go soon: a later attach has its own
 * guard, and its inspector is not for this one to close.
 */
async function closeInspector(target: TargetProcess, { sockets, wakes }: BeforeSignal): Promise<void> {
  const startMs = performance.now()
  const { switches } = target.mainThread
  const isSettled = (): boolean => {
    // A call such as execSync() wakes the main thread for every line that it reads.
    const leastMs = isTakenByNode(target, wakes) === true ? WOKEN.byNodeMs : WOKEN.leastMs
    return target.mainThread.switches >= switches + WOKEN.switches && performance.now() - startMs > leastMs
  }
  while (performance.now() - startMs < WATCH_MS && target.isAlive) {
    await delay(POLL_MS)
    try {
      const open = await openedSince(target, sockets)
      if (open === null) {
        if (isSettled()) return
        continue
      }
      const session = await InspectorSession.open(open.webSocketUrl, ANSWER_MS)
      try {
        await (await Foothold.open(target, session)).close()
        return
      } finally {
        session.close()
      }
    } catch {
      // The process may have been in the middle of anything: it is asked again.
    }
  }
}
