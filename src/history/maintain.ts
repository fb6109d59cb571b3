/**
 * Keeps a history within its bounds: thins out old observations, joins the small files that restarts leave, removes what is
 * too old or too much.
 *
 * Rule: only files are joined that nobody can be writing to any more, and a crash at any moment loses no record: a merged file
 * is complete before it has its name, and shows which files it replaces, so that readers pass over those until they are gone.
 */
import { randomInt } from 'node:crypto'
import { open, rename, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { messageOf } from '../support/errors.js'
import { CLOCK_SLACK_MS, ageReference, thinningMoment } from './age.js'
import type { Clocks } from './age.js'
import { MERGED, fileName, listFiles } from './files.js'
import type { HistoryFile } from './files.js'
import { leftovers, takeMaintenanceLock, temporaryName } from './maintenance-lock.js'
import { entriesOf, filesOf, headOf, replacedNames } from './read-history.js'
import type { Entry } from './read-history.js'
import { recordLine } from './records.js'
import type { HistoryRecord, HistoryWarning } from './types.js'

/** The limits of what is kept. */
export interface MaintenanceBounds extends Clocks {
  readonly folder: string
  /** This process in the names of files: its own clock is no witness for itself. */
  readonly lifetime: string
  readonly rotateMs: number
  readonly maxBytes: number
  readonly thinAfterMs: number
  /** The file that this process writes to. */
  readonly currentName: string | null
  readonly onWarning: (warning: HistoryWarning) => void
}

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Observations older than `thinAfterMs`, and those seven times as old: one is kept in so much time. */
const NEAR = { factor: 1, stepMs: 10 * MINUTE_MS } as const
const FAR = { factor: 7, stepMs: 60 * MINUTE_MS } as const
const WRITE_BYTES = 1024 * 1024

/** Does the due maintenance, unless another process does. A failed step is retried the next time. */
export async function maintain(bounds: MaintenanceBounds): Promise<void> {
  const { folder } = bounds
  const warn = (reason: string): void => {
    bounds.onWarning({
      code: 'WARN_HISTORY_WRITE',
      message: `the history in ${folder} cannot be thinned out: ${reason}`,
    })
  }
  const lock = await takeMaintenanceLock(folder)
  if (lock === null) return
  if (lock.obstacle !== null) warn(`${lock.obstacle}; it is done all the same`)
  try {
    const files = await listFiles(folder)
    const replaced = await replacedNames(files, bounds)
    for (const file of files) if (replaced.has(file.name)) await unlink(file.path)
    const kept = await leftovers(folder, lock)
    await removeSurplus(bounds, kept)
    const held = await filesOf(folder, -Infinity, bounds)
    const { momentOf } = agesOf(held, bounds)
    for (const [, group] of groupsOf(held, bounds, momentOf)) await mergeGroup(group, bounds, momentOf)
  } catch (error) {
    warn(messageOf(error))
  } finally {
    await lock.release()
  }
}

interface Ages {
  /** Up to when a file's age is proved. */
  readonly provedMs: (file: HistoryFile) => number
  /** The moment by which a file is thinned out. */
  readonly momentOf: (file: HistoryFile) => number
}

function agesOf(files: readonly HistoryFile[], bounds: MaintenanceBounds): Ages {
  const others = files.filter(({ lifetime }) => lifetime !== bounds.lifetime)
  const reference = ageReference(
    others.map(({ createdMs }) => createdMs),
    bounds,
  )
  const provedMs = ({ createdMs }: HistoryFile): number => reference(createdMs)
  return { provedMs, momentOf: (file) => thinningMoment(provedMs(file), bounds) }
}

/** By days: what is old enough, and that nobody can be writing to. */
function groupsOf(
  files: readonly HistoryFile[],
  { rotateMs, thinAfterMs, currentName }: MaintenanceBounds,
  momentOf: Ages['momentOf'],
): Map<number, HistoryFile[]> {
  const groups = new Map<number, HistoryFile[]>()
  for (const file of files) {
    const endMs = file.createdMs + rotateMs + CLOCK_SLACK_MS
    if (file.name === currentName || momentOf(file) - endMs < thinAfterMs) continue
    const day = Math.floor(file.createdMs / DAY_MS)
    groups.set(day, [...(groups.get(day) ?? []), file])
  }
  return groups
}

async function mergeGroup(
  files: readonly HistoryFile[],
  bounds: MaintenanceBounds,
  momentOf: Ages['momentOf'],
): Promise<void> {
  const [first] = files
  if (first === undefined) return
  const { folder, thinAfterMs } = bounds
  const isFar = momentOf(first) - first.createdMs >= FAR.factor * thinAfterMs
  const { stepMs } = isFar ? FAR : NEAR
  if (files.length === 1 && first.lifetime === MERGED) {
    const head = await headOf(first, bounds)
    if (head !== null && head.stepMs >= stepMs) return
  }
  const temporary = path.join(folder, temporaryName())
  const handle = await open(temporary, 'wx', 0o640)
  try {
    try {
      await handle.write(recordLine({ kind: MERGED, replaces: files.map(({ name }) => name), stepMs }))
      await copyThinned(handle, entriesOf(files, bounds), stepMs)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path.join(folder, fileName(new Date(first.createdMs), MERGED, randomInt(1e9))))
  } catch (error) {
    await unlink(temporary).catch(() => undefined)
    throw error
  }
  for (const file of files) await unlink(file.path)
}

/** Lines as they stand, those of later versions too; of the observations of a stretch one, drawn at random. */
async function copyThinned(handle: FileHandle, entries: AsyncIterable<Entry>, stepMs: number): Promise<void> {
  let lines: Buffer[] = []
  let bytes = 0
  const put = async (line: Buffer | undefined, isLast = false): Promise<void> => {
    if (line !== undefined) lines.push(line, Buffer.from('\n'))
    bytes += line?.length ?? 0
    if (bytes < WRITE_BYTES && !isLast) return
    await handle.writeFile(Buffer.concat(lines))
    lines = []
    bytes = 0
  }
  const kept = new Map<string, { step: number; seen: number; raw: Buffer }>()
  let calibration: Buffer | undefined
  for await (const { raw, line } of entries) {
    if (line.kind !== 'record') await put(raw)
    else if (line.record.kind === 'calibration') calibration = raw
    else if (line.record.kind === 'report') await put(raw)
    else {
      const { lifetime } = line.record
      const step = stepOf(line.record, stepMs)
      const before = kept.get(lifetime)
      if (before?.step !== step) {
        await put(before?.raw)
        kept.set(lifetime, { step, seen: 1, raw })
      } else if (Math.random() * ++before.seen < 1) before.raw = raw
    }
  }
  for (const { raw } of kept.values()) await put(raw)
  await put(calibration, true)
}

/** By the clock that does not step. */
function stepOf({ upMs }: HistoryRecord, stepMs: number): number {
  return Math.floor(upMs / stepMs)
}

/**
 * Files past their age; then the oldest, until the rest fits. A file that lies ahead of the clock by more than the retention is of
 * unknown age and goes before what is not: it would otherwise push out whatever is written from now on.
 */
async function removeSurplus(bounds: MaintenanceBounds, otherBytes: number): Promise<void> {
  const { folder, nowMs, rotateMs, maxAgeMs, maxBytes, currentName } = bounds
  const files = (await listFiles(folder)).filter(({ name }) => name !== currentName)
  const { provedMs } = agesOf(files, bounds)
  let total = files.reduce((sum, file) => sum + file.bytes, otherBytes)
  const isAhead = ({ createdMs }: HistoryFile): boolean => createdMs - nowMs > maxAgeMs
  for (const file of [...files.filter(isAhead), ...files.filter((other) => !isAhead(other))]) {
    // A merged one holds what was begun within a day.
    const isTooOld = provedMs(file) - file.createdMs - rotateMs - DAY_MS > maxAgeMs
    if (!isTooOld && total <= maxBytes) continue
    await unlink(file.path)
    total -= file.bytes
  }
}
