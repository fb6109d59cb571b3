/**
 * Which process wrote a box, so that another one with the same number is not taken for it.
 *
 * Rule: a number, the time of its start, the boot and the namespace together are one process. A fact that cannot be read is null, and then
 * nothing is said.
 */
import { readlinkSync } from 'node:fs'
import { readText } from '../../support/read-text.js'
import type { BoxHeader } from './layout.js'

/** The parts of a header that name a process. */
type ProcessIdentity = Pick<BoxHeader, 'pid' | 'startTicks' | 'bootId' | 'pidNamespace'>

/** The calling process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    bootId: bootId(),
    pidNamespace: pidNamespace(),
  }
}

/** Whether that process runs here and now; null where that cannot be told from here. */
export function isRunning({ pid, startTicks, bootId: boot, pidNamespace: namespace }: ProcessIdentity): boolean | null {
  if (boot === null || startTicks === null || namespace === null) return null
  if (boot !== bootId()) return bootId() === null ? null : false
  if (namespace !== pidNamespace()) return null
  return startTicksOf(pid) === startTicks
}

function bootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id')?.trim() ?? null
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}

/** The 22nd field; the second, in brackets, may hold anything. Null of a process that is gone, or waits to be reaped. */
function startTicksOf(pid: number): string | null {
  const stat = readText(`/proc/${String(pid)}/stat`)
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields[0] === 'Z' || fields[0] === 'X' ? null : (fields[19] ?? null)
}
