/**
 * Obstacles to an attach that are known before anything is done to the process.
 *
 * Rule: each obstacle is an error with its own code and a cure that helps there; what cannot be known here passes.
 */
import { CacheAttributionError } from '../../support/errors.js'
import { holderOf } from './port-holder.js'
import type { PortHolder } from './port-holder.js'
import { programKind } from './program-kind.js'
import type { ProgramKind } from './program-kind.js'
import { otherUser, programFile } from './target-process.js'
import type { Listener, TargetProcess } from './target-process.js'

/** From which version on the agent runs: `require()` of this package's modules needs it too. */
const LEAST_VERSION = [20, 19] as const

/** Node's own choice where no option names another port. */
const DEFAULT_PORT = 9229

/** Refuses what is no Node, too old, another user's, or does not run. @throws CacheAttributionError `ERR_ATTACH_*` */
export function checkProcess(target: TargetProcess): void {
  checkRuns(target)
  // The list of its open files is what the kernel shows to the same user and to root alone.
  target.ownListeners()
  checkKind(target, kindOf(target))
}

/** Refuses a version that is too old. @throws CacheAttributionError `ERR_ATTACH_NODE_VERSION` */
export function checkVersion(target: TargetProcess, version: string): void {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number)
  if (major > LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor >= LEAST_VERSION[1])) return
  throw new CacheAttributionError(
    'ERR_ATTACH_NODE_VERSION',
    `process ${String(target.pid)} runs Node ${version.replace(/^v/, '')}: it takes Node ${LEAST_VERSION.join('.')} or later`,
  )
}

/** Refuses to signal where no inspector would open. @throws CacheAttributionError `ERR_ATTACH_*` */
export function checkSignal(target: TargetProcess): void {
  const pid = String(target.pid)
  if (!target.catchesSigusr1) {
    if (hasPermissionModel(target)) {
      throw new CacheAttributionError(
        'ERR_ATTACH_PERMISSION',
        `process ${pid} runs under Node's permission model, which keeps its inspector closed: start it with --allow-inspector (Node 26) and --allow-addons, or with --inspect-port and an endpoint of its own (docs/guide/attach.md)`,
      )
    }
    const causes = target.hasTitle ? '--disable-sigusr1, the permission model' : '--disable-sigusr1'
    throw new CacheAttributionError(
      'ERR_ATTACH_SIGNAL_OFF',
      `process ${pid} opens no inspector on SIGUSR1 (${causes}, or the signal is blocked): start it with --inspect=127.0.0.1:0 or with cache-attribution/auto`,
    )
  }
}

/** Whether another process has the port on which its inspector would open. */
export function isPortTaken(target: TargetProcess): boolean {
  return listenerInTheWay(target) !== undefined
}

/** The other process that has the port; null where none has. */
export function portHolder(target: TargetProcess): PortHolder | null {
  const listener = listenerInTheWay(target)
  return listener === undefined ? null : holderOf(listener.inode)
}

function listenerInTheWay(target: TargetProcess): Listener | undefined {
  const port = expectedPort(target)
  return port === 0 ? undefined : target.foreignListeners().find((listener) => isInTheWay(listener, port))
}

/** `ERR_ATTACH_PORT_TAKEN`. */
export function portTaken(target: TargetProcess): CacheAttributionError {
  const holder = portHolder(target)?.name ?? 'another process'
  return new CacheAttributionError(
    'ERR_ATTACH_PORT_TAKEN',
    `port ${String(expectedPort(target))}, on which process ${String(target.pid)} would open its inspector, is taken by ${holder}: attach when that is done with it, or start this process with --inspect-port=0`,
  )
}

/** Where its inspector would listen: as its options say, else Node's default. 0: on any port. */
export function expectedPort(target: TargetProcess): number {
  return portsOf(target).at(-1) ?? DEFAULT_PORT
}

/** Whether that is sure: a title hides the options. */
export function isPortKnown(target: TargetProcess): boolean {
  return !target.hasTitle || portsOf(target).length > 0
}

function portsOf(target: TargetProcess): readonly number[] {
  return optionsOf(target).flatMap((option) => {
    const value = /^--(?:inspect(?:-brk|-wait|-port)?|debug-port)=(?:.*:)?(\d{1,5})$/.exec(option)?.[1]
    return value === undefined ? [] : [Number(value)]
  })
}

/** Whether its options say that its inspector has been open since the start. */
export function startsInspector(target: TargetProcess): boolean {
  return optionsOf(target).some((option) => /^--inspect(?:-brk|-wait)?(?:=|$)/.test(option))
}

function checkRuns(target: TargetProcess): void {
  const pid = String(target.pid)
  const { state } = target
  if (state === null || !target.isAlive)
    throw new CacheAttributionError('ERR_ATTACH_NO_PROCESS', `process ${pid} has ended`)
  if (state !== 'T' && state !== 't') return
  throw new CacheAttributionError(
    'ERR_ATTACH_STOPPED',
    state === 'T'
      ? `process ${pid} is stopped (SIGSTOP or job control) and answers nobody: kill -CONT ${pid}`
      : `process ${pid} is held by a tracer (strace, gdb): end that first`,
  )
}

function checkKind(target: TargetProcess, found: ProgramKind | null): void {
  const pid = String(target.pid)
  if (found === null) throw otherUser(target)
  const { kind, version } = found
  const program = target.program ?? 'its program'
  if (kind === 'bun' || kind === 'deno') {
    const name = kind === 'bun' ? 'Bun' : 'Deno'
    throw new CacheAttributionError(
      'ERR_ATTACH_NOT_NODE',
      `process ${pid} runs ${name}, not Node: only Node's own runtime can be attached to`,
    )
  }
  if (kind === 'other') {
    throw new CacheAttributionError(
      'ERR_ATTACH_NOT_NODE',
      `process ${pid} is no Node process (it runs ${program}): give the id of the Node process itself, not that of npm, a shell or an init`,
    )
  }
  if (version !== null) checkVersion(target, version)
}

/** Debian's Node is a library beside a small program. */
function kindOf(target: TargetProcess): ProgramKind | null {
  const own = programKind(programFile(target))
  if (own?.kind !== 'other') return own
  const library = target.mappedFiles.find((file) => /\/libnode\.so\b/.test(file))
  return library === undefined ? own : programKind(`${target.folder}/root${library}`)
}

/** Whether a listener of another process keeps an inspector from opening at `wanted`. */
function isInTheWay({ address, port }: Listener, wanted: number): boolean {
  return port === wanted && (address === '127.0.0.1' || address === '0.0.0.0' || address === '::')
}

function hasPermissionModel(target: TargetProcess): boolean {
  return optionsOf(target).some((option) => option === '--permission' || option === '--experimental-permission')
}

/** Of its command line up to its script, and of NODE_OPTIONS. */
function optionsOf(target: TargetProcess): readonly string[] {
  const [, ...given] = target.arguments
  const script = given.findIndex((argument) => !argument.startsWith('-'))
  const fromEnvironment = (target.environment?.get('NODE_OPTIONS') ?? '').split(/\s+/)
  return [...fromEnvironment, ...(script < 0 ? given : withValues(given))].map((option) => option.replaceAll('_', '-'))
}

/** An option may have its value behind it, so the script is not told for sure: everything that looks like an option counts. */
function withValues(given: readonly string[]): readonly string[] {
  const separator = given.indexOf('--')
  return (separator < 0 ? given : given.slice(0, separator)).flatMap((argument, at) => {
    const next = given[at + 1]
    return /^--(?:inspect|debug)-port$/.test(argument) && next !== undefined ? [`${argument}=${next}`] : [argument]
  })
}
