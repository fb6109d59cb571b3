/**
 * Waits until an inspector that is being closed is gone.
 *
 * Rule: a signal that comes while the process stops its inspector is lost: who attaches next must find it stopped. Its thread
 * ends after its socket, and the main thread waits for that.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { InspectorSession } from './inspector-session.js'
import type { TargetProcess } from './target-process.js'

const END_MS = 2_000
const POLL_MS = 5
const SETTLE_MS = 25

/**
 * `threads` are those that the process had while the inspector was open. Ends after two seconds, whatever is so then.
 *
 * @returns whether it is gone: another attach may have come to use it
 */
export async function inspectorClosed(
  target: TargetProcess,
  session: InspectorSession,
  threads: readonly string[],
): Promise<boolean> {
  const endMs = performance.now() + END_MS
  const isOpen = (): boolean => {
    if (!session.isLost || target.ownListeners().some(({ port }) => port === session.port)) return true
    const running = new Set(target.threads())
    return threads.every((thread) => running.has(thread))
  }
  while (isOpen() && performance.now() < endMs) await delay(POLL_MS)
  await delay(SETTLE_MS)
  return !isOpen()
}
