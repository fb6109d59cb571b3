/**
 * Starts `auto` in this process, once, however many copies of the package it is loaded from.
 *
 * Rule: the program must not notice. What is not needed until somebody asks is loaded then.
 */
import { writeSync } from 'node:fs'
import type net from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { waitForShared } from '../coordinator/default.js'
import type { Coordinator } from '../coordinator/coordinator.js'
import { messageOf } from '../support/errors.js'
import type { WarningCode } from '../support/errors.js'
import type { AdminServer } from './admin.js'
import { FoundCaches } from './found-caches.js'
import { ExportWrapper } from './export-wrapper.js'
import { listenAt, listenById } from './listen.js'
import { hookModules } from './module-hooks.js'
import { recordBlackBox, unnoticedEnd } from './record-black-box.js'
import { processKindOf } from './process-kind.js'
import type { ProcessKind } from './process-kind.js'
import { SERVED_BY, readSettings } from './settings.js'
import type { AutoSettings } from './settings.js'

const STARTED = Symbol.for('cache-attribution.auto.started')

/** V8 keeps types of a function that ran so often, and is quicker from then on. */
const COMPILED_AFTER = 10

/** Programs that end sooner open nothing. */
const DELAY_MS = 50

/** See the top of this file. Never throws. */
export function startAuto(): void {
  if (Reflect.has(globalThis, STARTED)) return
  Object.defineProperty(globalThis, STARTED, { value: true, configurable: true, enumerable: false })
  const { pid, env, argv, execArgv } = process
  const kind = processKindOf({ isMainThread, pid, env, script: argv[1], execArgv })
  if (kind === 'tool') return
  const { settings, problems } = readSettings(env)
  if (kind === 'service') {
    for (const problem of problems) warn('WARN_AUTO_SETTING', problem)
    env[SERVED_BY] = String(pid)
  }
  attempt('caches cannot register themselves', () => {
    registerCaches(settings)
  })
  // At once: a program may never let the event loop turn.
  if (kind === 'service') record(settings)
  setTimeout(() => {
    void open(settings, kind)
  }, DELAY_MS).unref()
}

function registerCaches(settings: AutoSettings): void {
  const { allowRelease, libraries } = settings
  if (libraries.size === 0) return
  const found = new FoundCaches({ allowRelease, cwd: process.cwd() })
  const instrument = new ExportWrapper({
    follows: (origin) => libraries.has(origin.library) && found.follows(origin),
    add: (creation) => {
      found.add(creation)
    },
  })
  waitForShared({
    attach: (coordinator) => {
      found.attach(coordinator as Coordinator)
    },
    settle: () => {
      found.settle()
    },
  })
  hookModules(instrument)
  compileAhead()
}

/** A creation that leads nowhere: the first ones of the service find compiled code. */
function compileAhead(): void {
  const found = new FoundCaches({ allowRelease: false, cwd: '' })
  const wrapper = new ExportWrapper({
    follows: (origin) => found.follows(origin),
    add: (creation) => {
      found.add(creation)
    },
  })
  const made = class Cache extends Map {}
  const Wrapped = wrapper.value(made, '', { kind: 'class', label: made.name }, null) as typeof made
  for (let each = 0; each < COMPILED_AFTER; each++) new Wrapped().clear()
}

function record({ blackBox, quiet }: AutoSettings): void {
  if (blackBox === null) return
  recordBlackBox(blackBox).then(
    () => setTimeout(sayLastLife, DELAY_MS, quiet).unref(),
    (error: unknown) => {
      warn('WARN_AUTO_FAILED', `no black box is recorded: ${messageOf(error)}`)
    },
  )
}

function sayLastLife(isQuiet: boolean): void {
  const lastLife = isQuiet ? null : unnoticedEnd()
  if (lastLife !== null) say(`cache-attribution: the last life of this program: ${lastLife.headline.join(' ')}`)
}

async function open(settings: AutoSettings, kind: ProcessKind): Promise<void> {
  // Workers of a cluster do the service's work: what the environment asks of reports, it asks of them.
  const isReporting = kind === 'service' || (await isClusterWorker())
  if (isReporting && kind !== 'service') record(settings)
  let admin: Promise<AdminServer> | undefined
  const load = (): Promise<AdminServer> => (admin ??= loadAdmin(settings, isReporting))
  const wantsReports = settings.history ?? settings.logMs ?? settings.attributeMs
  if (isReporting && wantsReports !== null) load().catch(failed)
  if (!settings.endpoint) return
  const onConnection = (socket: net.Socket, isPrivate: boolean): void => {
    socket.on('error', () => undefined)
    load().then(
      (loaded) => {
        loaded.serve(socket, isPrivate)
      },
      (error: unknown) => {
        socket.destroy()
        failed(error)
      },
    )
  }
  const addresses: string[] = []
  const listen = async (what: string, opened: Promise<string>): Promise<void> => {
    try {
      addresses.push(await opened)
    } catch (error) {
      if (kind === 'service') warn('WARN_AUTO_ENDPOINT', `${what} cannot be opened: ${messageOf(error)}`)
    }
  }
  await listen('the socket of the admin endpoint', listenById(process.env, onConnection))
  if (kind !== 'service') return
  if (settings.extra !== null) await listen('CACHE_ATTRIBUTION_ADMIN', listenAt(settings.extra, onConnection))
  if (!settings.quiet && addresses.length > 0) announce(addresses)
}

/** Loaded for this question alone: a service is none, as a rule. */
async function isClusterWorker(): Promise<boolean> {
  const { default: cluster } = await import('node:cluster')
  return cluster.isWorker
}

async function loadAdmin(settings: AutoSettings, isReporting: boolean): Promise<AdminServer> {
  const { createAdmin } = await import('./admin.js')
  return createAdmin(settings, isReporting)
}

function announce(addresses: readonly string[]): void {
  const where = addresses.map((address) => (address.startsWith('http:') ? `${address}/debug/memory` : address))
  say(
    `cache-attribution: process ${String(process.pid)} is served at ${where.join(' and ')} (cache-attribution attribute ${String(process.pid)})`,
  )
}

function say(line: string): void {
  try {
    // Not process.stderr: a stream whose reader has gone fails later, where nobody catches it.
    writeSync(2, `${line}\n`)
  } catch {
    // Nobody reads it.
  }
}

function attempt(what: string, action: () => void): void {
  try {
    action()
  } catch (error) {
    warn('WARN_AUTO_FAILED', `${what}: ${messageOf(error)}`)
  }
}

function failed(error: unknown): void {
  warn('WARN_AUTO_FAILED', `the admin endpoint cannot be served: ${messageOf(error)}`)
}

function warn(code: WarningCode, message: string): void {
  process.emitWarning(message, { code })
}
