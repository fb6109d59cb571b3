/**
 * Reads a history: one line at a time, from any number of files, in the order of time.
 *
 * Rule: memory holds one chunk and one line of each file that is open, whatever the size of the history; a line that cannot be
 * understood is passed over and reported once per file.
 */
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { CacheAttributionError, messageOf } from '../support/errors.js'
import { MERGED, listFiles } from './files.js'
import type { HistoryFile } from './files.js'
import { OBSERVATION_PREFIX, parseLine } from './records.js'
import type { MergedHead, ParsedLine } from './records.js'
import type { HistoryRecord, HistoryWarning } from './types.js'

/** How {@link readHistory} reads. */
export interface ReadOptions {
  /** Records before this moment are passed over. @default undefined: from the beginning */
  readonly since?: Date | undefined
  /**
   * One of this many observations in a row is returned, drawn at random; all reports are.
   * @default 1
   */
  readonly oneObservationOf?: number | undefined
  /** Called with torn lines and the like. @default undefined: none */
  readonly onWarning?: ((warning: HistoryWarning) => void) | undefined
}

const CHUNK_BYTES = 256 * 1024
/** A longer line is no record of ours: it must not fill the memory. */
const LINE_BYTES_MAX = 64 * 1024 * 1024
const NEWLINE = 10
/** From the creation of a file to its last record: rotation and merging keep to it. */
const FILE_SPAN_MAX_MS = 9 * 24 * 3_600_000
const PREFIX = Buffer.from(OBSERVATION_PREFIX)

/**
 * The records of the history in `folder`, the oldest first; those of several processes are merged. They are streamed, so that a history
 * of any size takes the same memory. A process may write to the history meanwhile.
 *
 * @throws CacheAttributionError `ERR_HISTORY_FOLDER` where the folder cannot be read
 * @example
 * for await (const record of readHistory('/var/lib/service/memory')) if (record.kind === 'report') console.log(record.at)
 */
export async function* readHistory(folder: string, options: ReadOptions = {}): AsyncGenerator<HistoryRecord> {
  const since = options.since?.getTime() ?? -Infinity
  for await (const { line, atMs } of entriesOf(await filesOf(folder, since, options), options)) {
    if (line.kind === 'record' && atMs >= since) yield line.record
  }
}

/**
 * The files that hold the history: not those that another file replaces.
 *
 * @throws CacheAttributionError `ERR_HISTORY_FOLDER`
 */
export async function filesOf(folder: string, sinceMs: number, options: ReadOptions): Promise<HistoryFile[]> {
  let files: HistoryFile[]
  try {
    files = await listFiles(folder)
  } catch (error) {
    throw new CacheAttributionError(
      'ERR_HISTORY_FOLDER',
      `the history in ${folder} cannot be read: ${messageOf(error)}`,
      {
        cause: error,
      },
    )
  }
  const replaced = await replacedNames(files, options)
  return files.filter(
    ({ name, modifiedMs, createdMs }) =>
      // Either clock may have stood wrong.
      (modifiedMs >= sinceMs || createdMs + FILE_SPAN_MAX_MS >= sinceMs) && !replaced.has(name),
  )
}

/** Files whose place merged ones have taken: a crash may have left both, and two that merged at once two of those. */
export async function replacedNames(files: readonly HistoryFile[], options: ReadOptions): Promise<Set<string>> {
  const names = new Set<string>()
  for (const file of files.filter(({ lifetime }) => lifetime === MERGED)) {
    const { replaces } = (await headOf(file, options)) ?? { replaces: [] }
    if (replaces.some((name) => names.has(name))) names.add(file.name)
    else for (const name of replaces) names.add(name)
  }
  return names
}

/** The first line of a merged file. */
export async function headOf(file: HistoryFile, options: ReadOptions): Promise<MergedHead | null> {
  for await (const line of linesOf(file, options)) {
    const parsed = parseLine(line.toString())
    return parsed.kind === 'head' ? parsed.head : null
  }
  return null
}

/** A line as it stands, and what it says; one that says no time has that of the line before it. */
export interface Entry {
  readonly raw: Buffer
  readonly line: ParsedLine
  readonly atMs: number
}

interface Source {
  readonly entries: AsyncGenerator<Entry>
  next: Entry
}

/** Lines of many files in the order of time: a file is opened when the others have come to the moment of its creation. */
export async function* entriesOf(files: readonly HistoryFile[], options: ReadOptions): AsyncGenerator<Entry> {
  const sources: Source[] = []
  let opened = 0
  try {
    for (;;) {
      let earliest = earliestOf(sources)
      for (let file = files[opened]; file !== undefined; file = files[opened]) {
        if (earliest !== undefined && file.createdMs > earliest.next.atMs) break
        opened++
        const entries = entriesOfFile(file, options)
        const first = await entries.next()
        if (first.done !== true) sources.push({ entries, next: first.value })
        earliest = earliestOf(sources)
      }
      if (earliest === undefined) return
      yield earliest.next
      const following = await earliest.entries.next()
      if (following.done === true) sources.splice(sources.indexOf(earliest), 1)
      else earliest.next = following.value
    }
  } finally {
    for (const { entries } of sources) await entries.return(undefined)
  }
}

function earliestOf(sources: readonly Source[]): Source | undefined {
  let earliest = sources[0]
  for (const source of sources) if (earliest === undefined || source.next.atMs < earliest.next.atMs) earliest = source
  return earliest
}

/** The lines of one file in its own order, but for what a crash cut off. */
async function* entriesOfFile(file: HistoryFile, options: ReadOptions): AsyncGenerator<Entry> {
  const isChosen = oneOf(options.oneObservationOf ?? 1)
  const counts = { torn: 0, newer: 0 }
  let atMs = file.createdMs
  for await (const raw of linesOf(file, options, isChosen)) {
    const line = parseLine(raw.toString())
    if (line.kind === 'torn' || line.kind === 'newer') counts[line.kind]++
    if (line.kind === 'torn' || line.kind === 'head') continue
    if (line.kind === 'record') atMs = Date.parse(line.record.at)
    yield { raw, line, atMs }
  }
  if (counts.torn > 0) {
    options.onWarning?.({
      code: 'WARN_HISTORY_TORN',
      message: `${file.name} has ${lineCount(counts.torn)} that cannot be understood (a write that a crash cut off, or no record of this library): passed over`,
    })
  }
  if (counts.newer > 0) {
    options.onWarning?.({
      code: 'WARN_HISTORY_VERSION',
      message: `${file.name} has ${lineCount(counts.newer)} of a newer version of cache-attribution: passed over`,
    })
  }
}

/** True for one out of every `stratum` calls, at random: every k-th could keep step with something that recurs. */
function oneOf(stratum: number): () => boolean {
  let position = 0
  let chosen = 0
  return () => {
    if (stratum <= 1) return true
    if (position === 0) chosen = Math.floor(Math.random() * stratum)
    const isChosen = position === chosen
    position = (position + 1) % stratum
    return isChosen
  }
}

function lineCount(count: number): string {
  return count === 1 ? 'a line' : `${String(count)} lines`
}

/**
 * Whole lines and what stands after the last newline, without empty ones, and of the observations those that are chosen: a
 * million lines that are not wanted must not each cost a turn of an iterator.
 */
async function* linesOf(
  { path, name }: HistoryFile,
  { onWarning }: ReadOptions,
  isChosen = (): boolean => true,
): AsyncGenerator<Buffer> {
  let parts: Buffer[] = []
  let length = 0
  try {
    const stream = (await openFile(path)).createReadStream({ highWaterMark: CHUNK_BYTES })
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      let start = 0
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        const from = start
        start = end + 1
        if (parts.length === 0) {
          if (end > from && (!isObservationAt(chunk, from, end) || isChosen())) yield chunk.subarray(from, end)
          continue
        }
        const line = Buffer.concat([...parts, chunk.subarray(from, end)])
        parts = []
        length = 0
        if (!isObservationAt(line, 0, line.length) || isChosen()) yield line
      }
      if (start === chunk.length) continue
      length += chunk.length - start
      // A line that is too long becomes one that nothing understands, cut off where it became too long.
      if (length <= LINE_BYTES_MAX) parts.push(chunk.subarray(start))
    }
  } catch (error) {
    // Retention in another process may have removed it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    onWarning?.({ code: 'WARN_HISTORY_UNREADABLE', message: `${name} cannot be read: ${messageOf(error)}` })
    return
  }
  if (parts.length > 0) yield Buffer.concat(parts)
}

/** Without following a link and without waiting: the name may stand for something else since it was listed. */
async function openFile(path: string): Promise<FileHandle> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  const isFile = (await handle.stat()).isFile()
  if (isFile) return handle
  await handle.close()
  throw new Error('it is no file')
}

function isObservationAt(bytes: Buffer, start: number, end: number): boolean {
  return end - start > PREFIX.length && bytes.compare(PREFIX, 0, PREFIX.length, start, start + PREFIX.length) === 0
}
