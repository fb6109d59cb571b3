/**
 * Whether Node's own handler took a SIGUSR1: it wakes a thread that Node keeps for that signal alone. A handler of the application
 * does not, and the thread that opens the inspector is the main one, which may be blocked.
 *
 * Rule: only /proc is read. Where the thread cannot be told for sure from those of libraries, nothing is said.
 */
import { readFileSync } from 'node:fs'
import type { TargetProcess } from './target-process.js'

/** So is it named from Node 24 on. */
const NAME = 'SignalInspector'
/** SIGINT, SIGUSR1, SIGSEGV, SIGTERM: it blocks every signal; V8's threads block SIGUSR1 alone, and most threads none. */
const BLOCKED = [2n, 10n, 11n, 15n].reduce((bits, signal) => bits | (1n << (signal - 1n)), 0n)

/** How often that thread woke so far; null where it is not known which it is. */
export function signalThreadWakes(target: TargetProcess): number | null {
  const candidates = target
    .threads()
    .filter((thread) => thread !== String(target.pid))
    .flatMap((thread) => threadAt(`${target.folder}/task/${thread}/status`) ?? [])
    .filter(({ blocked }) => (blocked & BLOCKED) === BLOCKED)
  const named = candidates.filter(({ name }) => name === NAME)
  const [found, ...others] = named.length > 0 ? named : candidates
  return found === undefined || others.length > 0 ? null : found.wakes
}

/** Whether Node's own handler has run since the thread had woken `before` times; null where it is not known. */
export function isTakenByNode(target: TargetProcess, before: number | null): boolean | null {
  const now = signalThreadWakes(target)
  return before === null || now === null ? null : now > before
}

interface Thread {
  readonly name: string | undefined
  readonly blocked: bigint
  readonly wakes: number
}

function threadAt(file: string): Thread | null {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return null
  }
  const blocked = /^SigBlk:\s*([0-9a-f]+)/m.exec(text)?.[1]
  const wakes = /^voluntary_ctxt_switches:\s*(\d+)/m.exec(text)?.[1]
  if (blocked === undefined || wakes === undefined) return null
  return { name: /^Name:\s*(\S+)/m.exec(text)?.[1], blocked: BigInt(`0x${blocked}`), wakes: Number(wakes) }
}
