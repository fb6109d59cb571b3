/**
 * Appends lines to the files of one process.
 *
 * Rule: no failure of the disk reaches the service. What cannot be written waits in bounded memory and is written when the disk
 * takes it again; each such stretch is reported once when it begins and once when it ends.
 */
import { open, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { messageOf } from '../support/errors.js'
import { makeFolder } from '../support/make-folder.js'
import { formatBytes } from '../support/units.js'
import { fileName } from './files.js'
import type { HistoryClock, HistoryWarning } from './types.js'

/** The dependencies of a writer. */
export interface WriterContext {
  readonly folder: string
  readonly lifetime: string
  readonly clock: HistoryClock
  readonly rotateBytes: number
  readonly rotateMs: number
  /** The most that may wait in memory while nothing can be written. */
  readonly backlogBytes: number
  warn(warning: HistoryWarning): void
}

interface Waiting {
  readonly line: string
  /** Dropped before others when too much waits. */
  readonly isMinor: boolean
  readonly settle: (isWritten: boolean) => void
}

interface OpenFile {
  readonly handle: FileHandle
  readonly path: string
  readonly openedMs: number
  /** Up to the end of its last whole line. */
  bytes: number
}

const BATCH_CHARACTERS = 1024 * 1024

/** One process's writer. */
export class LineWriter {
  readonly #context: WriterContext
  #waiting: Waiting[] = []
  #waitingCharacters = 0
  #work: Promise<void> | undefined
  #isAskedAgain = false
  #file: OpenFile | undefined
  #files = 0
  #isFailing = false
  #dropped = 0

  constructor(context: WriterContext) {
    this.#context = context
  }

  /** The name of the file under way: nobody else may touch it. */
  get currentName(): string | null {
    return this.#file === undefined ? null : path.basename(this.#file.path)
  }

  /**
   * Resolves with true when the line is with the operating system; with false when it waits for the disk, or had to be
   * dropped. Never rejects.
   */
  append(line: string, isMinor: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ line, isMinor, settle: resolve })
      this.#waitingCharacters += line.length
      this.#start()
    })
  }

  /** Tries to write what waits. */
  async flush(): Promise<void> {
    this.#start()
    while (this.#work !== undefined) await this.#work
  }

  /** Flushes and lets go of the file. */
  async close(): Promise<void> {
    await this.flush()
    await this.#leaveFile()
  }

  #start(): void {
    if (this.#work !== undefined) {
      this.#isAskedAgain = true
      return
    }
    this.#isAskedAgain = false
    this.#work = this.#drain().finally(() => {
      this.#work = undefined
      // Lines that came after the queue was read last, or after a failure, have a try of their own.
      if (this.#isAskedAgain) this.#start()
    })
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const { lines, error } = await this.#write(this.#nextBatch().map(({ line }) => Buffer.from(line)))
      for (const { line, settle } of this.#waiting.splice(0, lines)) {
        this.#waitingCharacters -= line.length
        settle(true)
      }
      if (error !== undefined) {
        if ((error as NodeJS.ErrnoException).code === 'EFBIG' && this.#file !== undefined) {
          // A limit on the size of one file, not of the disk: the next one takes the rest.
          await this.#leaveFile()
          continue
        }
        this.#failed(error)
        return
      }
      if (this.#isFailing) this.#resumed()
    }
  }

  #nextBatch(): Waiting[] {
    let characters = 0
    const end = this.#waiting.findIndex(({ line }) => (characters += line.length) > BATCH_CHARACTERS)
    return this.#waiting.slice(0, end === -1 ? undefined : Math.max(1, end))
  }

  /** How many lines went out whole, and what stopped it. */
  async #write(lines: readonly Buffer[]): Promise<{ lines: number; error?: unknown }> {
    const bytes = Buffer.concat(lines)
    let written = 0
    try {
      const { handle } = await this.#currentFile()
      while (written < bytes.length) {
        const { bytesWritten } = await handle.write(bytes, written)
        if (bytesWritten === 0) throw new Error('the system wrote nothing')
        written += bytesWritten
      }
      this.#grow(written)
      return { lines: lines.length }
    } catch (error) {
      let whole = 0
      let wholeBytes = 0
      for (const line of lines) {
        if (wholeBytes + line.length > written) break
        wholeBytes += line.length
        whole++
      }
      this.#grow(wholeBytes)
      await this.#takeBack(written > wholeBytes)
      return { lines: whole, error }
    }
  }

  #grow(bytes: number): void {
    if (this.#file !== undefined) this.#file.bytes += bytes
  }

  /** A part of a line was written: it goes. An empty file goes too, lest each attempt leave one. */
  async #takeBack(isTorn: boolean): Promise<void> {
    const file = this.#file
    if (file === undefined) return
    try {
      if (file.bytes === 0) {
        await this.#leaveFile()
        await unlink(file.path)
      } else if (isTorn) {
        await file.handle.truncate(file.bytes)
      }
    } catch {
      // A torn line stays the last line of this file: readers pass over it.
      await this.#leaveFile()
    }
  }

  /** The file under way, or a new one where that is full, old, or gone. */
  async #currentFile(): Promise<OpenFile> {
    const { rotateBytes, rotateMs, clock } = this.#context
    const file = this.#file
    if (file !== undefined) {
      const isDue = file.bytes >= rotateBytes || clock.now() - file.openedMs >= rotateMs
      // Somebody cleaned up: what is written into a file without a name is lost.
      const isGone = !isDue && (await file.handle.stat().catch(() => null))?.nlink !== 1
      if (!isDue && !isGone) return file
      await this.#leaveFile()
    }
    return this.#openFile()
  }

  async #openFile(): Promise<OpenFile> {
    const { folder, lifetime, clock } = this.#context
    await makeFolder(folder)
    for (;;) {
      const file = path.join(folder, fileName(clock.date(), lifetime, this.#files++))
      try {
        const handle = await open(file, 'ax', 0o640)
        this.#file = { handle, path: file, openedMs: clock.now(), bytes: 0 }
        return this.#file
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      }
    }
  }

  async #leaveFile(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    // The lines are written or wait: an error here loses nothing.
    await file?.handle.close().catch(() => undefined)
  }

  #failed(error: unknown): void {
    for (const { settle } of this.#waiting) settle(false)
    this.#dropSurplus()
    if (this.#isFailing) return
    this.#isFailing = true
    this.#context.warn({
      code: 'WARN_HISTORY_WRITE',
      message: `the history in ${this.#context.folder} cannot be written: ${messageOf(error)}; up to ${formatBytes(this.#context.backlogBytes)} wait in memory, and each new record tries again`,
    })
  }

  /** The oldest observations go first, then the oldest reports. */
  #dropSurplus(): void {
    const { backlogBytes } = this.#context
    for (const dropsMinor of [true, false]) {
      if (this.#waitingCharacters <= backlogBytes) return
      this.#waiting = this.#waiting.filter(({ line, isMinor }) => {
        if (isMinor !== dropsMinor || this.#waitingCharacters <= backlogBytes) return true
        this.#waitingCharacters -= line.length
        this.#dropped++
        return false
      })
    }
  }

  #resumed(): void {
    const lost = this.#dropped === 0 ? 'nothing was lost' : `${String(this.#dropped)} records were lost`
    this.#isFailing = false
    this.#dropped = 0
    this.#context.warn({
      code: 'WARN_HISTORY_RESUMED',
      message: `the history in ${this.#context.folder} is written again: ${lost}`,
    })
  }
}
