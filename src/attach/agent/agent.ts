/**
 * The agent: this library inside a process that did not load it. The command brings it along as one text and evaluates it.
 *
 * Rule: it leaves nothing behind: what it opens it closes when it is told to go, or when nobody has asked it anything for ten
 * seconds; its only timer does not hold the process.
 */
import process from 'node:process'
import { statSync } from 'node:fs'
import v8 from 'node:v8'
import { reasonAddonMissing, useAddonFile } from '../../allocator/binding.js'
import { CacheAttributionError, codeOf, messageOf } from '../../support/errors.js'
import { ownTimers } from '../../support/own-timers.js'
import { SILENCE_MS } from '../protocol.js'
import type { AgentAnswer, AgentCost, AgentQuestion, AgentSettings, AgentStart } from '../protocol.js'
import { joinAgents, leaveAgents } from './agents.js'
import { Pauses } from './pauses.js'
import { TASKS } from './tasks.js'
import type { TaskContext } from './types.js'

const WATCH_MS = 1_000

/** Measured by the command around the evaluation of the agent's text. */
export interface LoadCost {
  /** V8's heap right before, with the text on it already. */
  readonly heapBytes: number
  readonly textBytes: number
  readonly startMs: number
}

/** One agent, for one command. Its methods take and give JSON. */
class Agent {
  readonly #token = Symbol('agent')
  readonly #abort = new AbortController()
  readonly #pauses = new Pauses()
  readonly #closers = new Set<() => void>()
  /** The inspector waits for a promise and does not hold it: it is the agent that does. */
  readonly #pending = new Set<Promise<string>>()
  readonly #watch: NodeJS.Timeout
  readonly #agentBytes: number
  readonly #start: AgentStart
  #progress = 'started'
  #silentTurns = 0
  #isOver = false

  constructor({ addonFile, opened }: AgentSettings, { heapBytes, textBytes, startMs }: LoadCost) {
    useAddonFile(addonFile)
    const addonProblem = reasonAddonMissing()?.reason ?? null
    const { used_heap_size: heapUsedBytes, total_heap_size: heapTotalBytes } = v8.getHeapStatistics()
    const { pid, versions } = process
    this.#start = { pid, nodeVersion: versions.node, addonProblem, heapUsedBytes, heapTotalBytes }
    const grownBytes = Math.max(0, v8.getHeapStatistics().used_heap_size - heapBytes)
    this.#agentBytes = textBytes + grownBytes + sizeOf(addonFile)
    joinAgents(this.#token, opened)
    this.#watch = ownTimers.setInterval(() => {
      // A turn a second, however long the loop stood still in between: a blocked process is no silent command.
      if (++this.#silentTurns * WATCH_MS >= SILENCE_MS) this.end()
    }, WATCH_MS)
    this.#watch.unref()
    this.#pauses.note(ownTimers.now() - startMs)
  }

  /** {@link AgentStart}. */
  started(): string {
    return JSON.stringify(this.#start)
  }

  /** {@link AgentQuestion} → {@link AgentAnswer}. Never rejects. */
  ask(question: string): Promise<string> {
    const answer = this.#ask(question)
    this.#pending.add(answer)
    const forget = (): void => void this.#pending.delete(answer)
    // A rejection is the inspector's to tell, and nobody's who would end the process for it.
    answer.then(forget, forget)
    return answer
  }

  async #ask(question: string): Promise<string> {
    const { task, options } = JSON.parse(question) as AgentQuestion
    this.#silentTurns = 0
    // The inspector asks in the middle of whatever runs: a measurement begins in a turn of its own.
    await new Promise((resolve) => ownTimers.setImmediate(resolve))
    return JSON.stringify(await this.#answer(task, options))
  }

  /** Tells the command in words how far the task is; an answer says that the command lives. */
  progress(): string {
    this.#silentTurns = 0
    return this.#progress
  }

  /** {@link AgentCost} so far. */
  cost(): string {
    const cost: AgentCost = { longestPauseMs: this.#pauses.longestMs, agentBytes: this.#agentBytes }
    return JSON.stringify(cost)
  }

  /** Aborts what runs, closes what is open, and lets go of everything. @returns whether the inspector is going to be closed */
  end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    ownTimers.clearInterval(this.#watch)
    this.#abort.abort()
    for (const close of this.#closers) close()
    this.#closers.clear()
    return leaveAgents(this.#token)
  }

  async #answer(task: AgentQuestion['task'], options: AgentQuestion['options']): Promise<AgentAnswer> {
    const context: TaskContext = {
      signal: this.#abort.signal,
      pauses: this.#pauses,
      progress: (text) => {
        this.#progress = text
      },
      onEnd: (close) => {
        this.#closers.add(close)
        return () => {
          this.#closers.delete(close)
        }
      },
    }
    try {
      if (this.#isOver)
        throw new CacheAttributionError('ERR_CLOSED', 'the agent has gone: nobody asked it for ten seconds')
      // JSON has no undefined.
      return { value: (await TASKS[task](options, context)) ?? null }
    } catch (error) {
      const message = error instanceof CacheAttributionError ? error.reason : messageOf(error)
      return { error: { code: codeOf(error), message } }
    }
  }
}

/** Starts an agent; what it returns is held by the inspector's session alone. */
export function startAgent(settings: AgentSettings, cost: LoadCost): Agent {
  return new Agent(settings, cost)
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size
  } catch {
    return 0
  }
}
