/**
 * Brings the agent into the other process: opens the inspector, finds a place for the addon, evaluates the agent's text.
 *
 * Rule: where it fails the inspector is closed again before the error is told, or, of a process that does not answer, as soon
 * as it does.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import { CacheAttributionError } from '../../support/errors.js'
import { besideCode } from '../../support/own-package.js'
import type { AgentSettings, AgentStart } from '../protocol.js'
import { copiesOfAddon, ownAddon, seenFile, temporaryFolders } from './addon-file.js'
import { Foothold } from './foothold.js'
import { inspectorClosed } from './inspector-closed.js'
import { startGuard } from './guard.js'
import type { Guard } from './guard.js'
import { SessionError } from './inspector-session.js'
import type { InspectorSession } from './inspector-session.js'
import { checkVersion } from './obstacles.js'
import { connectionLost, openInspector } from './open-inspector.js'
import type { BeforeSignal } from './open-inspector.js'
import type { TargetProcess } from './target-process.js'

/** An agent that runs, and the way to it. */
export interface LoadedAgent {
  readonly session: InspectorSession
  readonly handle: string
  readonly started: AgentStart
}

/** How it is loaded. */
export interface LoadSettings {
  /** The file of the addon, as this process sees it. */
  readonly addon: string
  readonly openTimeoutMs: number
  readonly portTimeoutMs: number
  readonly progress: (text: string) => void
}

const ANSWER_MS = 10_000

/** @throws CacheAttributionError `ERR_ATTACH_*` */
export async function loadAgent(target: TargetProcess, settings: LoadSettings): Promise<LoadedAgent> {
  const { openTimeoutMs: timeoutMs, portTimeoutMs, progress } = settings
  let guard: Guard | undefined
  try {
    const beforeSignal = (before: BeforeSignal): void => {
      guard?.dismiss()
      guard = startGuard({ pid: target.pid, ...before })
    }
    const { session, wasClosed } = await openInspector(target, { timeoutMs, portTimeoutMs, progress, beforeSignal })
    const loaded = await loadThrough(target, session, { ...settings, opened: wasClosed, guard })
    guard?.dismiss()
    return loaded
  } catch (error) {
    await guard?.takeOver()
    throw error
  }
}

/** A worker that is blocked for longer is left out: the others wait for their turn. */
const WORKER_TURN_MS = 5_000

/** Brings the agent into a worker thread, by its session. @throws CacheAttributionError `ERR_ATTACH_*`; SessionError */
export async function loadWorkerAgent(target: TargetProcess, session: InspectorSession): Promise<LoadedAgent> {
  const hold = await Foothold.open(target, session, WORKER_TURN_MS)
  await hold.turned(WORKER_TURN_MS)
  checkBuiltIns(target, await hold.changed())
  const files = { addon: ownAddon(), guard: undefined }
  const handle = await withAddon(target, hold, files, (addonFile) => startAgent(hold, { addonFile, opened: false }))
  return { session, handle, started: await startOf(session, handle) }
}

async function startOf(session: InspectorSession, handle: string): Promise<AgentStart> {
  return JSON.parse((await session.call(handle, 'started', '', { timeoutMs: ANSWER_MS })) as string) as AgentStart
}

interface SessionSettings extends LoadSettings {
  readonly opened: boolean
  readonly guard: Guard | undefined
}

async function loadThrough(
  target: TargetProcess,
  session: InspectorSession,
  settings: SessionSettings,
): Promise<LoadedAgent> {
  let foothold: Foothold | undefined
  try {
    const hold = (foothold = await Foothold.open(target, session))
    checkVersion(target, await hold.version())
    await hold.turned()
    checkBuiltIns(target, await hold.changed())
    settings.progress('loading the agent into the process')
    const { opened } = settings
    const handle = await withAddon(target, hold, settings, (addonFile) => startAgent(hold, { addonFile, opened }))
    return { session, handle, started: await startOf(session, handle) }
  } catch (error) {
    const reason = error instanceof SessionError ? connectionLost(target, error) : error
    const isUndone = settings.opened && foothold !== undefined && (await closedAgain(target, session, foothold))
    // Left alone, the guard would take the inspector of the next attach for this one's.
    if (isUndone) settings.guard?.dismiss()
    session.close()
    throw reason
  }
}

/** Closes the inspector by the foothold, and waits for it. Never rejects. */
async function closedAgain(target: TargetProcess, session: InspectorSession, foothold: Foothold): Promise<boolean> {
  try {
    const threads = target.threads()
    await foothold.close()
    return await inspectorClosed(target, session, threads)
  } catch {
    return false
  }
}

/** @throws CacheAttributionError `ERR_ATTACH_AGENT` */
function checkBuiltIns(target: TargetProcess, changed: readonly string[]): void {
  if (changed.length === 0) return
  throw new CacheAttributionError(
    'ERR_ATTACH_AGENT',
    `process ${String(target.pid)} has changed parts of JavaScript that the agent works with: ${changed.join(', ')}`,
  )
}

/** With a file of the addon that the process can load. @throws CacheAttributionError `ERR_ATTACH_ADDON`, `ERR_ATTACH_FOLDER` */
async function withAddon<T>(
  target: TargetProcess,
  foothold: Foothold,
  { addon, guard }: Pick<SessionSettings, 'addon' | 'guard'>,
  task: (addonFile: string) => Promise<T>,
): Promise<T> {
  if (await foothold.sees(seenFile(addon))) {
    const problem = await foothold.loadProblem(addon)
    if (problem !== null) throw cannotLoad(target, problem)
    return task(addon)
  }
  let problem: string | null = null
  for (const { path, folder } of copiesOfAddon(target, addon)) {
    guard?.watchFolder(folder)
    try {
      problem = await foothold.loadProblem(path)
      if (problem === null) return await task(path)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    if (!isOfFolder(problem)) throw cannotLoad(target, problem)
  }
  const tried = temporaryFolders(target).join(', ')
  throw new CacheAttributionError(
    'ERR_ATTACH_FOLDER',
    `process ${String(target.pid)} does not see this package's files, and none of its folders (${tried}) ${
      problem === null ? 'can be written to from here' : `lets it load a library (${problem})`
    }: mount a writable folder there (of Kubernetes: an emptyDir at /tmp) or run the command in the same container`,
  )
}

/** A folder may forbid what another allows: mounted noexec, closed to the user of the process. */
function isOfFolder(problem: string): boolean {
  return /failed to map segment|permission denied|cannot open shared object file|operation not permitted/i.test(problem)
}

function cannotLoad(target: TargetProcess, problem: string): CacheAttributionError {
  const isForbidden = /ERR_DLOPEN_DISABLED|ERR_ACCESS_DENIED/.test(problem)
  const cure = isForbidden
    ? 'start it with --allow-addons under the permission model, and without --no-addons'
    : /^ERR_DLOPEN_FAILED\b/.test(problem)
      ? 'it has to run on glibc, on the processor of this package'
      : 'its application has replaced process.dlopen()'
  return new CacheAttributionError(
    'ERR_ATTACH_ADDON',
    `process ${String(target.pid)} cannot load the native addon (${problem.slice(0, 300)}): ${cure}`,
  )
}

function startAgent(foothold: Foothold, settings: AgentSettings): Promise<string> {
  const file = besideCode('attach/agent/agent.bundle.js')
  return foothold.start({ text: agentText(file), url: pathToFileURL(file).href, settings })
}

/** The package has it compressed. */
function agentText(file: string): string {
  const packed = `${file}.br`
  return existsSync(packed) ? brotliDecompressSync(readFileSync(packed)).toString() : readFileSync(file, 'utf8')
}
