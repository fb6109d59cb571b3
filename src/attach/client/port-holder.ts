/** Which process listens on a socket, as far as this user may see that. */
import { readdirSync } from 'node:fs'
import { programKind } from './program-kind.js'
import { TargetProcess, programFile, socketInodes } from './target-process.js'

/** Another process that has a port. */
export interface PortHolder {
  /** `process 123 (python3)`; `another process` where it is hidden: another user's, or of another process namespace. */
  readonly name: string
  /** Whether it may be the inspector of a Node, which is gone after a while. */
  readonly mayBeInspector: boolean
}

const HIDDEN: PortHolder = { name: 'another process', mayBeInspector: true }

/** Who listens on the socket with this inode. */
export function holderOf(inode: string): PortHolder {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (!hasSocket(pid, inode)) continue
    try {
      const holder = new TargetProcess(Number(pid))
      const program = holder.program
      const what = program === null ? '' : ` (${program.slice(program.lastIndexOf('/') + 1)})`
      const kind = programKind(programFile(holder))?.kind
      return { name: `process ${pid}${what}`, mayBeInspector: kind !== 'other' }
    } catch {
      return HIDDEN
    }
  }
  return HIDDEN
}

function hasSocket(pid: string, inode: string): boolean {
  try {
    return socketInodes(`/proc/${pid}`).has(inode)
  } catch {
    return false
  }
}
