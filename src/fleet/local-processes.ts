/**
 * Processes of this machine that were started with `auto`: by their ids, or as those that one of them started (`node:cluster`, pm2).
 *
 * Rule: a process that is no service of this library is left out only where it runs another program; else it is told, since its memory counts.
 */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { findAdminSocket } from '../support/admin-socket.js'
import type { AdminAddress } from '../support/admin-client.js'

/** A process, and where it answers; null where it has no socket. */
export interface LocalProcess {
  readonly pid: number
  readonly address: AdminAddress | null
}

/** One process. */
export async function localProcess(pid: number): Promise<LocalProcess> {
  const socketPath = await findAdminSocket(pid)
  return { pid, address: socketPath === null ? null : { socketPath } }
}

/**
 * A process and all that it started, by their ids: those of the same program, and others that answer. Null where the process is not
 * there, or where there is no /proc.
 */
export async function processTree(root: number): Promise<LocalProcess[] | null> {
  const parents = parentsOf()
  if (!parents.has(root)) return null
  const found = await Promise.all(withDescendants(root, parents).map(localProcess))
  const program = programOf(root)
  return found.filter(({ pid, address }) => address !== null || (program !== null && programOf(pid) === program))
}

/** The root first, each generation by id. */
export function withDescendants(root: number, parents: ReadonlyMap<number, number>): number[] {
  const children = new Map<number, number[]>()
  for (const [pid, parent] of parents) children.set(parent, [...(children.get(parent) ?? []), pid])
  const tree = [root]
  // It grows as it is gone through; the kernel has no circle of parents, a text might.
  for (const pid of tree) {
    const born = (children.get(pid) ?? []).filter((child) => !tree.includes(child))
    tree.push(...born.toSorted((a, b) => a - b))
  }
  return tree
}

/** Process → its parent, of all that this process may see. */
function parentsOf(): Map<number, number> {
  const parents = new Map<number, number>()
  for (const name of entriesOf('/proc')) {
    const parent = /^\d+$/.test(name) ? parentIn(name) : null
    if (parent !== null) parents.set(Number(name), parent)
  }
  return parents
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** Behind the name of the program, which may hold anything: the state, then the parent. Null where it has ended. */
function parentIn(pid: string): number | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return state === 'Z' || state === 'X' ? null : Number(parent)
  } catch {
    return null
  }
}

function programOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${String(pid)}/exe`)
  } catch {
    return null
  }
}
