/**
 * Runs a script of Node under a bound on its memory: a control group, whose bound the kernel holds; or, where none can be made, a watcher that
 * ends the process by SIGKILL as the kernel would.
 */
import { spawn } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { text } from 'node:stream/consumers'

/** How a bounded process ended. */
export interface Bounded {
  readonly bound: 'control group' | 'watcher'
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
}

/** A watcher reads often: a process may allocate hundreds of megabytes a second. */
const WATCH_MS = 2

/** `LIMIT_BYTES` is set for the script where nothing in the process shows the bound. */
export async function runBounded(script: string, args: readonly string[], limitBytes: number): Promise<Bounded> {
  const group = makeGroup(limitBytes)
  // The process is in the group before it is Node.
  const [command, before] =
    group === null ? [process.execPath, []] : ['sh', ['-c', INTO_GROUP, group.processes, process.execPath]]
  const env = { ...process.env, ...(group === null ? { LIMIT_BYTES: String(limitBytes) } : {}) }
  const child = spawn(command, [...before, script, ...args], { stdio: ['ignore', 'pipe', 'inherit'], env })
  const watcher = group === null ? watch(child.pid, limitBytes) : undefined
  const ended = new Promise<Pick<Bounded, 'code' | 'signal'>>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({ code, signal })
    })
  })
  try {
    const [output, end] = await Promise.all([text(child.stdout), ended])
    return { bound: group === null ? 'watcher' : 'control group', output, ...end }
  } finally {
    clearInterval(watcher)
    group?.remove()
  }
}

const INTO_GROUP = 'echo $$ > "$0" && exec "$@"'

interface Group {
  /** The file that takes process ids. */
  readonly processes: string
  remove(): void
}

/** Null where this user may make none. */
function makeGroup(limitBytes: number): Group | null {
  const [parent, limitFile, swapFile] = existsSync('/sys/fs/cgroup/cgroup.controllers')
    ? ['/sys/fs/cgroup', 'memory.max', 'memory.swap.max']
    : ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes', 'memory.swappiness']
  const folder = path.join(parent, `cache-attribution-${String(process.pid)}-${String(Date.now())}`)
  const remove = (): void => {
    try {
      rmdirSync(folder)
    } catch {
      // Never made, or the kernel has not let go of it yet: it is empty.
    }
  }
  try {
    accessSync(parent, constants.W_OK)
    mkdirSync(folder)
    writeFileSync(path.join(folder, limitFile), String(limitBytes))
    write(path.join(folder, swapFile), '0')
    return { processes: path.join(folder, 'cgroup.procs'), remove }
  } catch {
    remove()
    return null
  }
}

/** Not every kernel counts swap. */
function write(file: string, value: string): void {
  try {
    writeFileSync(file, value)
  } catch {
    // The bound holds for what is resident all the same.
  }
}

function watch(pid: number | undefined, limitBytes: number): NodeJS.Timeout | undefined {
  if (pid === undefined) return undefined
  return setInterval(() => {
    try {
      const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8')
      const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
      if (kilobytes * 1024 > limitBytes) process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }, WATCH_MS)
}
