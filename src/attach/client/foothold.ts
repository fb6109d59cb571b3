/**
 * The foothold: a few functions in the other process through which the agent is brought there, and the inspector is closed.
 *
 * Rule: the application may have replaced `process`, its timers or parts of JavaScript. Node's own modules are sought before
 * anything is done, and nothing that runs later can throw: an exception in a timer would end the process.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { CacheAttributionError } from '../../support/errors.js'
import { AGENTS_KEY } from '../protocol.js'
import type { AgentSettings } from '../protocol.js'
import { SessionError } from './inspector-session.js'
import type { InspectorSession } from './inspector-session.js'
import type { TargetProcess } from './target-process.js'

/** A file as this process sees it. */
export interface SeenFile {
  readonly file: string
  readonly dev: number
  readonly ino: number
  readonly size: number
}

/** The agent's text, and what it is started with. */
export interface AgentText {
  readonly text: string
  /** By which stacks and owners tell what is this library's. */
  readonly url: string
  readonly settings: AgentSettings
}

const ANSWER_MS = 10_000
const LOAD_MS = 60_000
const POLL_MS = 10
/** The answer to the last question goes out first. */
const CLOSE_MS = 20

/** The functions, held by the session alone. */
export class Foothold {
  readonly #session: InspectorSession
  readonly #handle: string

  private constructor(session: InspectorSession, handle: string) {
    this.#session = session
    this.#handle = handle
  }

  /** @throws CacheAttributionError `ERR_ATTACH_AGENT`; SessionError */
  static async open(target: TargetProcess, session: InspectorSession, timeoutMs = ANSWER_MS): Promise<Foothold> {
    const options = { timeoutMs, keep: true }
    // The inspector's own `require` is taken where `process` is not Node's: it is a part of what DevTools bring along.
    const handle =
      (await session.evaluate(FOOTHOLD, options)) ??
      (await session.evaluate(FOOTHOLD, { ...options, hasCommandLine: true }))
    if (typeof handle === 'string') return new Foothold(session, handle)
    throw new CacheAttributionError(
      'ERR_ATTACH_AGENT',
      `process ${String(target.pid)} has replaced its global \`process\`, and Node's own cannot be reached: its inspector may be open still`,
    )
  }

  /**
   * Resolves when the event loop has turned. An inspector also answers in the middle of a call that does not return, such as
   * `Atomics.wait()`, or while a debugger has paused.
   *
   * @throws SessionError `silent` where it does not turn in time
   */
  async turned(timeoutMs = ANSWER_MS): Promise<void> {
    const endMs = performance.now() + timeoutMs
    const hasTurned = async (): Promise<boolean> =>
      (await this.#session.call(this.#handle, 'turned', '', { timeoutMs })) === true
    while (!(await hasTurned())) {
      if (performance.now() > endMs)
        throw new SessionError('silent', `its event loop did not turn within ${String(timeoutMs)} ms`)
      await delay(POLL_MS)
    }
  }

  /** `v20.20.2` */
  async version(): Promise<string> {
    return String(await this.#session.call(this.#handle, 'version', '', { timeoutMs: ANSWER_MS }))
  }

  /** Whether the process sees this very file, and may read it. */
  async sees(file: SeenFile): Promise<boolean> {
    return (await this.#session.call(this.#handle, 'sees', JSON.stringify(file), { timeoutMs: ANSWER_MS })) === true
  }

  /** Why the process cannot load the addon, with the code of the error; null where it can. */
  async loadProblem(file: string): Promise<string | null> {
    return (await this.#session.call(this.#handle, 'load', file, { timeoutMs: LOAD_MS })) as string | null
  }

  /** Built-ins of JavaScript that were replaced and no longer behave as the language says. */
  async changed(): Promise<readonly string[]> {
    const names = String(await this.#session.call(this.#handle, 'changed', '', { timeoutMs: ANSWER_MS }))
    return names.split(',').filter((name) => name !== '')
  }

  /** Starts the agent. @returns its handle */
  async start(agent: AgentText): Promise<string> {
    return (await this.#session.call(this.#handle, 'start', JSON.stringify(agent), {
      timeoutMs: LOAD_MS,
      keep: true,
    })) as string
  }

  /** Closes the inspector soon, unless an agent is there: the last one does it itself. */
  async close(): Promise<void> {
    await this.#session.call(this.#handle, 'close', '', { timeoutMs: ANSWER_MS })
  }
}

/**
 * Null where Node's modules cannot be reached. The timeout of a socket that is never opened is a timer that nobody replaces for
 * tests.
 */
const FOOTHOLD = `(() => {
  const works = (load) => {
    try { return typeof load('node:process').versions.node === 'string' } catch { return false }
  }
  const given = globalThis.process?.getBuiltinModule
  const builtin = works(given) ? given : typeof require === 'function' && works(require) ? require : null
  if (builtin === null) return null
  const process = builtin('node:process')
  const inspector = builtin('node:inspector')
  const attempt = (task) => { try { return task() } catch { return false } }
  const checks = [
    ['JSON', () => JSON.stringify({ a: ['b', 1, null] }) === '{"a":["b",1,null]}' && JSON.parse('{"a":[1]}').a[0] === 1],
    ['Map', () => { const map = new Map([[1, 2]]); map.set(3, 4); return map.get(1) === 2 && map.get(3) === 4 && map.size === 2 }],
    ['Set', () => { const set = new Set([1]); set.add(2); return set.has(1) && set.has(2) && [...set].length === 2 }],
    ['WeakMap', () => { const key = {}; return new WeakMap([[key, 1]]).get(key) === 1 }],
    ['Object', () => Object.entries(Object.fromEntries([['a', 1]]))[0][1] === 1 && Object.assign({}, { a: 1 }).a === 1 && Object.keys({ a: 1 })[0] === 'a'],
    ['Array', () => Array.from([1, 2]).length === 2 && Array.isArray([]) && Array.from({ length: 2 }, (_, at) => at)[1] === 1],
    ['Array.prototype.map', () => [1].map((each) => each + 1)[0] === 2],
    ['Array.prototype.filter', () => [1, 2].filter((each) => each > 1)[0] === 2],
    ['Array.prototype.find', () => [1, 2].find((each) => each > 1) === 2],
    ['Array.prototype.flatMap', () => [1].flatMap((each) => [each, 2])[1] === 2],
    ['Array.prototype.some', () => [1].some((each) => each === 1) && ![1].some((each) => each === 2)],
    ['Array.prototype.every', () => [1].every((each) => each === 1) && ![1].every((each) => each === 2)],
    ['Array.prototype.reduce', () => [1, 2].reduce((sum, each) => sum + each, 0) === 3],
    ['Array.prototype.slice', () => [1, 2].slice(1)[0] === 2],
    ['Array.prototype.join', () => [1, 2].join('-') === '1-2'],
    ['Array.prototype.push', () => [].push(1) === 1],
    ['Array.prototype.toSorted', () => [2, 1].toSorted((a, b) => a - b)[0] === 1],
    ['String', () => 'a-b'.split('-')[1] === 'b' && 'ab'.replace('a', 'c') === 'cb' && ' a '.trim() === 'a' && String(1) === '1'],
    ['Function.prototype.call', () => (function () { return this }).call(checks) === checks],
    ['Function.prototype.apply', () => ((a, b) => b).apply(null, [1, 2]) === 2],
    ['Function.prototype.bind', () => ((a) => a).bind(null, 1)() === 1],
    ['Reflect', () => Reflect.get({ a: 1 }, 'a') === 1 && Reflect.ownKeys({ a: 1 }).length === 1],
    ['globalThis', () => Object.isExtensible(globalThis)],
    ['Promise', () => typeof Promise.resolve(1).then === 'function' && typeof Promise.all([]).then === 'function'],
  ]
  let isAsked = false
  let hasTurned = false
  return {
    version: () => process.version,
    turned: () => {
      if (!isAsked) new (builtin('node:net').Socket)().setTimeout(1, () => { hasTurned = true })
      isAsked = true
      return hasTurned
    },
    sees: (json) => attempt(() => {
      const { file, dev, ino, size } = JSON.parse(json)
      const fs = builtin('node:fs')
      fs.accessSync(file, fs.constants.R_OK)
      const seen = fs.statSync(file)
      return seen.dev === dev && seen.ino === ino && seen.size === size
    }),
    load: (file) => {
      try { process.dlopen({ exports: {} }, file); return null } catch (error) { return String(error?.code) + ': ' + String(error?.message) }
    },
    changed: () => {
      let names = ''
      for (let at = 0; at < checks.length; at++) if (attempt(checks[at][1]) !== true) names += (names === '' ? '' : ',') + checks[at][0]
      return names
    },
    start: (json) => {
      const { performance } = builtin('node:perf_hooks')
      // The clock of the agent's timers.
      const startMs = Number(process.hrtime.bigint()) / 1e6
      const { text, url, settings } = JSON.parse(json)
      const heapBytes = builtin('node:v8').getHeapStatistics().used_heap_size
      const module = { exports: {} }
      const load = builtin('node:vm').compileFunction(text, ['require', 'module', 'exports', 'AGENT_URL', 'process', 'Buffer', 'performance'], { filename: url })
      load((name) => builtin(name), module, module.exports, url, process, builtin('node:buffer').Buffer, performance)
      return module.exports.startAgent(settings, { startMs, heapBytes, textBytes: text.length })
    },
    close: () => {
      if (inspector[Symbol.for(${JSON.stringify(AGENTS_KEY)})] !== undefined) return
      const close = inspector.close
      new (builtin('node:net').Socket)().setTimeout(${String(CLOSE_MS)}, () => { attempt(close) })
    },
  }
})()`
