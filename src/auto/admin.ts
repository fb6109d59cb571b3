/**
 * The serving and reporting side of `auto`: the admin endpoint, profiles, history, logs. It is loaded when somebody asks for the first time, or
 * at the start where the environment wants a history or logs.
 */
import { createServer } from 'node:http'
import type net from 'node:net'
import { writeSync } from 'node:fs'
import { Coordinator } from '../coordinator/coordinator.js'
import { ReportHistory } from '../history/index.js'
import { bearerToken, createAdminHandler, createProfileHandler, toNodeListener } from '../http/index.js'
import type { Authorize } from '../http/index.js'
import { PeriodicReporter } from '../log/index.js'
import type { Logger } from '../log/index.js'
import { HeapProfiler } from '../profiling/profiler/heap-profiler.js'
import { recordedBox } from './record-black-box.js'
import type { AutoSettings } from './settings.js'

/** In place of an address: the peer came through a file that only this user can open. No peer of a network has it. */
const PRIVATE_PEER = 'a private socket'
/** The same where no token is set: it is served as this machine is. */
const THIS_MACHINE = '127.0.0.1'

/** Observations are kept so often where only a history is asked for. */
const OBSERVE_MS = 60_000

/** Takes connections. */
export interface AdminServer {
  serve(socket: net.Socket, isPrivate: boolean): void
}

/** Makes all of it, around the coordinator that the process shares. */
export async function createAdmin(settings: AutoSettings, isReporting: boolean): Promise<AdminServer> {
  const coordinator = Coordinator.default()
  const history = settings.history === null || !isReporting ? undefined : await ReportHistory.open(settings.history)
  history?.attach(coordinator)
  if (isReporting) startReports(coordinator, settings, history)
  const authorize = authorizeBy(settings.token)
  const profiler = new HeapProfiler()
  const profiles = profiler.state.enabled === true ? createProfileHandler(profiler, { authorize }) : undefined
  const admin = toNodeListener(
    createAdminHandler(coordinator, {
      authorize,
      ...(history === undefined ? {} : { history }),
      blackBox: recordedBox(),
      ...(profiles === undefined ? {} : { profiles }),
    }),
  )
  const others = profiles === undefined ? undefined : toNodeListener(profiles)
  const server = createServer((request, response) => {
    void admin(request, response, others === undefined ? undefined : () => others(request, response))
  })
  const peer = settings.token === null ? THIS_MACHINE : PRIVATE_PEER
  return {
    serve: (socket, isPrivate) => {
      if (isPrivate) Object.defineProperty(socket, 'remoteAddress', { value: peer })
      server.emit('connection', socket)
    },
  }
}

/** A private socket is its own permission. Over the network a token is one; without it only this machine is served. */
function authorizeBy(token: string | null): Authorize | undefined {
  if (token === null) return undefined
  const bearer = bearerToken({ operator: token })
  return (request, connection) => (connection.remoteAddress === PRIVATE_PEER ? 'operator' : bearer(request, connection))
}

function startReports(
  coordinator: Coordinator,
  { logMs, attributeMs }: AutoSettings,
  history: ReportHistory | undefined,
): void {
  if (logMs !== null || history !== undefined) {
    const schedules = [{ every: logMs ?? OBSERVE_MS, mode: 'observe' as const }]
    const logger = logMs === null ? SILENT : STDERR
    new PeriodicReporter(coordinator, { schedules, logger, form: 'json', history })
  }
  // A history that is attached keeps reports by itself.
  if (attributeMs !== null) {
    const schedules = [{ every: attributeMs, mode: 'twin' as const }]
    new PeriodicReporter(coordinator, { schedules, logger: STDERR, form: 'json', trends: history })
  }
}

const SILENT: Logger = { info: () => undefined, warn: () => undefined }
const STDERR: Logger = { info: toStderr, warn: toStderr }

/** At once, and without a stream that may fail later; what standard output carries stays the program's. */
function toStderr(...parts: readonly unknown[]): void {
  try {
    writeSync(2, `${parts.map(String).join(' ')}\n`)
  } catch {
    // Nobody reads it any more.
  }
}
