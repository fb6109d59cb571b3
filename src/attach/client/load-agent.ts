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
import { copiesOfAddon, seenBy, temporaryFolders } from './addon-file.js'
import { startGuard } from './guard.js'
import type { Guard } from './guard.js'
import { SessionError } from './inspector-session.js'
import type { InspectorSession } from './inspector-session.js'
import { checkVersion } from './obstacles.js'
import { CLOSE_INSPECTOR, connectionLost, openInspector } from './open-inspector.js'
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
const START_MS = 60_000

/** @throws CacheAttributionError `ERR_ATTACH_*` */
export async function loadAgent(target: TargetProcess, settings: LoadSettings): Promise<LoadedAgent> {
  const { openTimeoutMs: timeoutMs, portTimeoutMs, progress } = settings
  let guard: Guard | undefined
  try {
    const beforeSignal = (sockets: ReadonlySet<string>): void => {
      guard?.dismiss()
      guard = startGuard(target.pid, sockets)
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

interface SessionSettings extends LoadSettings {
  readonly opened: boolean
  readonly guard: Guard | undefined
}

async function loadThrough(
  target: TargetProcess,
  session: InspectorSession,
  settings: SessionSettings,
): Promise<LoadedAgent> {
  try {
    checkVersion(target, String(await session.evaluate('process.version', { timeoutMs: ANSWER_MS })))
    settings.progress('loading the agent into the process')
    return await withAddon(target, session, settings, (addonFile) =>
      startAgent(session, { addonFile, opened: settings.opened }),
    )
  } catch (error) {
    if (settings.opened) await session.evaluate(CLOSE_INSPECTOR, { timeoutMs: ANSWER_MS }).catch(() => undefined)
    session.close()
    throw error instanceof SessionError ? connectionLost(target, error) : error
  }
}

/** With a file of the addon that the process can load. @throws CacheAttributionError `ERR_ATTACH_ADDON`, `ERR_ATTACH_FOLDER` */
async function withAddon<T>(
  target: TargetProcess,
  session: InspectorSession,
  { addon, guard }: SessionSettings,
  task: (addonFile: string) => Promise<T>,
): Promise<T> {
  if ((await session.evaluate(seenBy(addon), { timeoutMs: ANSWER_MS })) === true) {
    const problem = await loadProblem(session, addon)
    if (problem !== null) throw cannotLoad(target, problem)
    return task(addon)
  }
  let problem: string | null = null
  for (const { path, folder } of copiesOfAddon(target, addon)) {
    guard?.watchFolder(folder)
    try {
      problem = await loadProblem(session, path)
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

/** Why the process cannot load the addon; null where it can. */
async function loadProblem(session: InspectorSession, file: string): Promise<string | null> {
  const expression = `(() => { try { process.dlopen({ exports: {} }, ${JSON.stringify(file)}); return null } catch (error) { return String(error?.code) + ': ' + String(error?.message) } })()`
  return (await session.evaluate(expression, { timeoutMs: START_MS })) as string | null
}

/** A folder may forbid what another allows: mounted noexec, closed to the user of the process. */
function isOfFolder(problem: string): boolean {
  return /failed to map segment|permission denied|cannot open shared object file|operation not permitted/i.test(problem)
}

function cannotLoad(target: TargetProcess, problem: string): CacheAttributionError {
  const isForbidden = /ERR_DLOPEN_DISABLED|ERR_ACCESS_DENIED/.test(problem)
  const cure = isForbidden
    ? 'start it with --allow-addons under the permission model, and without --no-addons'
    : 'it has to run on glibc, on the processor of this package'
  return new CacheAttributionError(
    'ERR_ATTACH_ADDON',
    `process ${String(target.pid)} cannot load the native addon (${problem.slice(0, 300)}): ${cure}`,
  )
}

async function startAgent(session: InspectorSession, settings: AgentSettings): Promise<LoadedAgent> {
  const file = besideCode('attach/agent/agent.bundle.js')
  const text = agentText(file)
  const expression = expressionOf(text, pathToFileURL(file).href, settings)
  const handle = (await session.evaluate(expression, { timeoutMs: START_MS, keep: true })) as string
  const started = JSON.parse((await session.call(handle, 'started', '', ANSWER_MS)) as string) as AgentStart
  return { session, handle, started }
}

/** The package has it compressed. */
function agentText(file: string): string {
  const packed = `${file}.br`
  return existsSync(packed) ? brotliDecompressSync(readFileSync(packed)).toString() : readFileSync(file, 'utf8')
}

/**
 * The agent as one expression. Modules are got from Node itself, so that nobody's `require` is called and no cache of modules
 * keeps it; its script is named after its file, by which stacks and owners tell what is this library's.
 */
function expressionOf(text: string, url: string, settings: AgentSettings): string {
  return `((startMs, heapBytes) => {
  const module = { exports: {} }
  const load = process.getBuiltinModule('node:vm').compileFunction(${JSON.stringify(text)}, ['require', 'module', 'exports', 'AGENT_URL'], { filename: ${JSON.stringify(url)} })
  load((name) => process.getBuiltinModule(name), module, module.exports, ${JSON.stringify(url)})
  return module.exports.startAgent(${JSON.stringify(settings)}, { startMs, heapBytes, textBytes: ${String(text.length)} })
})(process.getBuiltinModule('node:perf_hooks').performance.now(), process.getBuiltinModule('node:v8').getHeapStatistics().used_heap_size)`
}
