/**
 * A twin as its parent sees it: frames come through a pipe, the kernel says how it fares, and it always ends.
 *
 * Rule: nothing here blocks; slow is told from stuck by the processor time that the child uses, so a twin that is starved
 * by a busy machine is waited for, and one that waits for a thread which does not exist is ended after seconds.
 */
import { readFileSync } from 'node:fs'
import { Socket } from 'node:net'
import type { EndedTwin, ForkedTwin, TwinBinding } from '../allocator/twin-binding.js'
import { frameReader } from './frames.js'
import type { TwinFrame } from './frames.js'
import { ownTimers } from '../support/own-timers.js'

/** How a twin ended. */
export type TwinEnd =
  | { readonly kind: 'result'; readonly value: unknown; readonly copiedBytes: number | null }
  | { readonly kind: 'thrown'; readonly code: 'ERR_TWIN_THROWN' | 'ERR_TWIN_RESULT'; readonly message: string }
  | { readonly kind: 'crashed'; readonly ended: EndedTwin }
  /** `forged`: something in it wrote to the pipe what is no frame of its library. */
  | { readonly kind: 'stuck' | 'overtime' | 'aborted' | 'forged' }

/** The order of its parent. */
export interface TwinWatching {
  /** The marks of this twin's frames. */
  readonly secret: string
  /** Processor time for the first stretch. */
  readonly allowMs: number
  readonly signal: AbortSignal | undefined
  /** Runs what holds the event loop, and notes for how long. */
  held<T>(work: () => T): T
  onMessage(message: unknown): void
}

const POLL_MS = 200
/** Checks in a row of a child that sleeps, or is stopped, and has used no processor time. */
const STUCK_POLLS = 15
const OVERTIME_POLLS = 2
/** The kernel counts processor time in hundredths of a second. */
const TICK_MS = 10
const REAP_MS = 5
const FRAME_LENGTH_MAX = 256 * 1024 * 1024

/** Watches a twin to its end; never rejects. */
export function watchTwin(binding: TwinBinding, forked: ForkedTwin, watching: TwinWatching): Promise<TwinEnd> {
  return new Promise((resolve) => {
    new TwinProcess(binding, forked, watching, resolve)
  })
}

class TwinProcess {
  readonly #binding: TwinBinding
  readonly #pid: number
  readonly #watching: TwinWatching
  readonly #frameOf: (line: string) => TwinFrame | null
  readonly #socket: Socket
  readonly #timer: NodeJS.Timeout
  readonly #resolve: (end: TwinEnd) => void
  readonly #onAbort = (): void => {
    this.#kill({ kind: 'aborted' })
  }
  /** Of a line that has no end yet. */
  #pieces: string[] = []
  #length = 0
  /** Decided before the child is gone: what it said last, or why it was killed. */
  #end: TwinEnd | undefined
  #allowMs: number
  #cpuMs = 0
  #stretchStartMs = 0
  #idlePolls = 0
  #overtimePolls = 0
  #blindPolls = 0

  constructor(binding: TwinBinding, forked: ForkedTwin, watching: TwinWatching, resolve: (end: TwinEnd) => void) {
    this.#binding = binding
    this.#pid = forked.pid
    this.#watching = watching
    this.#frameOf = frameReader(watching.secret)
    this.#allowMs = watching.allowMs
    this.#resolve = resolve
    // Not through fs: a read there would hold a thread of the pool for as long as the twin lives.
    this.#socket = new Socket({ fd: forked.fd, readable: true, writable: false })
    this.#socket.setEncoding('utf8')
    this.#socket.on('data', (chunk: string) => {
      watching.held(() => {
        this.#read(chunk)
      })
    })
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => {
      this.#reap()
    })
    this.#timer = ownTimers.setInterval(() => {
      watching.held(() => {
        this.#poll()
      })
    }, POLL_MS)
    watching.signal?.addEventListener('abort', this.#onAbort)
    if (watching.signal?.aborted === true) this.#onAbort()
  }

  #read(chunk: string): void {
    this.#idlePolls = 0
    this.#overtimePolls = 0
    this.#pieces.push(chunk)
    this.#length += chunk.length
    if (this.#length > FRAME_LENGTH_MAX) {
      this.#pieces = []
      this.#kill({ kind: 'thrown', code: 'ERR_TWIN_RESULT', message: 'it is longer than 256 MiB' })
      return
    }
    // A long line comes in thousands of pieces: they are joined once.
    if (!chunk.includes('\n')) return
    const lines = this.#pieces.join('').split('\n')
    const rest = lines.pop() ?? ''
    this.#pieces = [rest]
    this.#length = rest.length
    for (const line of lines) if (this.#end === undefined) this.#take(line)
  }

  #take(line: string): void {
    const frame = this.#frameOf(line)
    if (frame === null) {
      // Whatever else it tells is worth nothing any more.
      this.#kill({ kind: 'forged' })
      return
    }
    if (frame.kind !== 'message') {
      this.#end = frame
      return
    }
    this.#allowMs = frame.allowMs ?? this.#allowMs
    this.#stretchStartMs = frame.cpuMs
    this.#blindPolls = 0
    try {
      this.#watching.onMessage(frame.message)
    } catch {
      // Listeners of the service are called in there, and cannot break the watch.
    }
  }

  /** How the child fares: state and processor time, as the kernel reports it. */
  #poll(): void {
    let stat: string
    try {
      stat = readFileSync(`/proc/${String(this.#pid)}/stat`, 'utf8')
    } catch {
      // A /proc that hides other processes: time on the wall has to do.
      if (++this.#blindPolls * POLL_MS > this.#allowMs) this.#kill({ kind: 'overtime' })
      return
    }
    // The fields after the name, which may hold anything: state is the first, user and system time the 12th and 13th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * TICK_MS
    const isWaiting = fields[0] === 'S' || fields[0] === 'T' || fields[0] === 't'
    this.#idlePolls = isWaiting && cpuMs === this.#cpuMs ? this.#idlePolls + 1 : 0
    this.#cpuMs = cpuMs
    // A message about a new stretch may be on its way: one poll is no proof.
    this.#overtimePolls = cpuMs - this.#stretchStartMs > this.#allowMs ? this.#overtimePolls + 1 : 0
    if (this.#idlePolls >= STUCK_POLLS) this.#kill({ kind: 'stuck' })
    else if (this.#overtimePolls >= OVERTIME_POLLS) this.#kill({ kind: 'overtime' })
  }

  #kill(end: TwinEnd): void {
    this.#end ??= end
    try {
      process.kill(this.#pid, 'SIGKILL')
    } catch {
      // It is gone already, and will be reaped.
    }
  }

  /** The pipe is closed: the child has ended, or is about to. */
  #reap(attempts = 0): void {
    const ended = this.#binding.reap(this.#pid)
    if (ended === null) {
      // It closed the pipe and goes on: nothing that it does matters any more.
      if (attempts === 100) this.#kill({ kind: 'crashed', ended: { code: null, signal: null } })
      ownTimers.setTimeout(() => {
        this.#reap(attempts + 1)
      }, REAP_MS)
      return
    }
    ownTimers.clearInterval(this.#timer)
    this.#watching.signal?.removeEventListener('abort', this.#onAbort)
    this.#resolve(this.#end ?? { kind: 'crashed', ended })
  }
}
