/**
 * An attachment: the agent of this library in another process, and the way to ask it.
 *
 * Rule: whatever goes wrong, the other process is left as it was, and the error says what was in the way.
 */
import { CacheAttributionError } from '../../support/errors.js'
import { PROGRESS_MS } from '../protocol.js'
import type { AgentAnswer, AgentCost, AgentQuestion, AgentStart, AgentTask, AttachCost } from '../protocol.js'
import { valueOfAnswer } from './agent-answer.js'
import { ownAddon } from './addon-file.js'
import type { CallOptions, InspectorSession } from './inspector-session.js'
import { loadAgent, loadWorkerAgent } from './load-agent.js'
import type { LoadedAgent } from './load-agent.js'
import { inspectorClosed } from './inspector-closed.js'
import { enterNetwork } from './network.js'
import { checkProcess } from './obstacles.js'
import { connectionLost } from './open-inspector.js'
import { TargetProcess } from './target-process.js'
import { WorkerAgent } from './worker-agent.js'
import { openWorkerSessions } from './worker-session.js'
import type { WorkerTarget } from './worker-session.js'

/** How to attach. */
export interface AttachOptions {
  /** Told what is being done, for people. */
  readonly progress?: (text: string) => void
  /** How long the process may take to open its inspector, in milliseconds. @default 10_000 */
  readonly openTimeoutMs?: number
  /**
   * How long another process may keep the port: an attach does so for as long as it takes, a debugger for hours.
   * @default 60_000
   */
  readonly portTimeoutMs?: number
}

const ANSWER_MS = 10_000
const END_MS = 2_000
/** An attach beside this one may close the inspector in the very moment. */
const ATTEMPTS = 3

/** An agent that runs. */
export class Attachment {
  readonly target: TargetProcess
  /** The agent's facts about its process. */
  readonly started: AgentStart
  readonly #session: InspectorSession
  readonly #handle: string
  readonly #startMs: number
  readonly #progress: (text: string) => void

  private constructor(
    target: TargetProcess,
    { session, handle, started }: LoadedAgent,
    { startMs, progress }: { readonly startMs: number; readonly progress: (text: string) => void },
  ) {
    this.target = target
    this.started = started
    this.#session = session
    this.#handle = handle
    this.#startMs = startMs
    this.#progress = progress
  }

  /**
   * Attaches to `pid`. `close()` is to be called in the end, whatever happens.
   *
   * @throws CacheAttributionError `ERR_ATTACH_*`, `ERR_ADDON_MISSING`; then nothing was left in the process
   */
  static async open(pid: number, options: AttachOptions = {}): Promise<Attachment> {
    const { progress = () => undefined, openTimeoutMs = 10_000, portTimeoutMs = 60_000 } = options
    const startMs = performance.now()
    if (process.platform !== 'linux') {
      throw new CacheAttributionError(
        'ERR_ATTACH_NO_PROCESS',
        `attaching works on Linux only, this is ${process.platform}`,
      )
    }
    const target = new TargetProcess(pid)
    checkProcess(target)
    enterNetwork(target)
    const addon = ownAddon()
    for (let attempt = 1; ; attempt++) {
      try {
        const loaded = await loadAgent(target, { addon, openTimeoutMs, portTimeoutMs, progress })
        return new Attachment(target, loaded, { startMs, progress })
      } catch (error) {
        const isLost = error instanceof CacheAttributionError && error.code === 'ERR_ATTACH_CONNECTION'
        if (!isLost || attempt >= ATTEMPTS) throw error
      }
    }
  }

  /**
   * Asks the agent and waits for as long as it takes; tells its progress meanwhile.
   *
   * @throws CacheAttributionError of the agent, or `ERR_ATTACH_*` where the connection failed
   */
  async ask(task: AgentTask, options: AgentQuestion['options'] = {}): Promise<unknown> {
    const stop = this.#watchProgress()
    try {
      return await this.askQuietly(task, options)
    } finally {
      stop()
    }
  }

  /** The same without a word of its progress: of several that are asked at once nobody could tell whose it is. */
  async askQuietly(task: AgentTask, options: AgentQuestion['options'] = {}): Promise<unknown> {
    const question: AgentQuestion = { task, options }
    return valueOfAnswer(
      JSON.parse(await this.#call('ask', JSON.stringify(question), { isAsync: true })) as AgentAnswer,
    )
  }

  /** Tells the agent that somebody is here still. @throws CacheAttributionError `ERR_ATTACH_*` */
  async keepAlive(): Promise<void> {
    await this.#call('progress', '', { timeoutMs: ANSWER_MS })
  }

  /** The worker threads that run now, each with what brings an agent into it. @throws CacheAttributionError `ERR_ATTACH_*` */
  async workers(): Promise<(Pick<WorkerTarget, 'threadId' | 'name'> & { open: () => Promise<WorkerAgent> })[]> {
    const workers = await openWorkerSessions(this.#session, ANSWER_MS).catch((error: unknown) => {
      throw connectionLost(this.target, error)
    })
    return workers.map(({ threadId, name, session }) => ({
      threadId,
      name,
      open: async () => {
        this.#progress(`seeking owners in worker ${String(threadId)}`)
        const keepAlive = (): Promise<void> => this.keepAlive()
        // A worker may be blocked for longer than the agent in the main thread stays without being asked.
        const timer = setInterval(() => void keepAlive().catch(() => undefined), PROGRESS_MS)
        try {
          const { handle, started } = await loadWorkerAgent(this.target, session)
          return new WorkerAgent(session, handle, started, keepAlive)
        } finally {
          clearInterval(timer)
        }
      },
    }))
  }

  /** The cost of the attach for the process so far. */
  async cost(): Promise<AttachCost> {
    const cost = JSON.parse(await this.#call('cost', '', { timeoutMs: ANSWER_MS })) as AgentCost
    return { ...cost, durationMs: performance.now() - this.#startMs }
  }

  /**
   * Lets the agent go; the inspector is closed with it, unless it was open before or another attach is there still. Never
   * rejects.
   */
  async close(): Promise<void> {
    try {
      const threads = this.target.threads()
      const closes = await this.#session.call(this.#handle, 'end', '', { timeoutMs: END_MS })
      if (closes === true) await inspectorClosed(this.target, this.#session, threads)
    } catch {
      // It is gone, or goes by itself within ten seconds of silence.
    }
    this.#session.close()
  }

  async #call(method: string, argument: string, options: CallOptions): Promise<string> {
    try {
      return (await this.#session.call(this.#handle, method, argument, options)) as string
    } catch (error) {
      throw connectionLost(this.target, error)
    }
  }

  #watchProgress(): () => void {
    let lastProgress = ''
    let isAsking = false
    const timer = setInterval(() => {
      if (isAsking) return
      isAsking = true
      this.#session
        .call(this.#handle, 'progress', '', { timeoutMs: ANSWER_MS })
        .then((text) => {
          if (text !== lastProgress) this.#progress((lastProgress = String(text)))
        })
        .catch(() => undefined)
        .finally(() => {
          isAsking = false
        })
    }, PROGRESS_MS)
    return () => {
      clearInterval(timer)
    }
  }
}
