/**
 * Where a box is written, and what becomes of those before it.
 *
 * Rule: only a file that is a black box, and that no process writes to, is moved or deleted. A link is never followed.
 */
import { closeSync, constants, lstatSync, openSync, readSync, readdirSync, renameSync, rmSync } from 'node:fs'
import path from 'node:path'
import { CacheAttributionError, messageOf } from '../../support/errors.js'
import { isBlackBox } from './layout.js'

/** The ending of boxes in a folder. */
const BOX_ENDING = '.blackbox'
/** What is written beside a box near the limit. */
export const DUMP_ENDING = '.heap'
/** The same of the class histogram. */
export const HISTOGRAM_ENDING = '.classes.json'

/** Where this life is written, and where the last one is. */
export interface BoxPlace {
  readonly file: string
  readonly previous: string | null
}

/** Whether a process has a file open as its box. */
type IsLocked = (file: string) => boolean

/** @throws CacheAttributionError `ERR_BLACK_BOX_FILE`, `ERR_BLACK_BOX_IN_USE` */
export function findBoxPlace(target: string, program: string, keep: number, isLocked: IsLocked): BoxPlace {
  const resolved = path.resolve(target)
  try {
    return isFolder(resolved) ? placeIn(resolved, program, keep, isLocked) : placeAt(resolved, isLocked)
  } catch (error) {
    if (error instanceof CacheAttributionError) throw error
    throw refused(`${resolved} cannot be used: ${messageOf(error)}`)
  }
}

/** Boxes in a folder that no process writes to, the newest first. */
function endedBoxes(folder: string, isLocked: IsLocked): string[] {
  return boxesIn(folder)
    .filter((file) => {
      try {
        return !isLocked(file)
      } catch {
        return false
      }
    })
    .map((file) => ({ file, atMs: modifiedMs(file) }))
    .sort((a, b) => b.atMs - a.atMs)
    .map(({ file }) => file)
}

/** Boxes in a folder. */
export function boxesIn(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(BOX_ENDING))
    .map((name) => path.join(folder, name))
    .filter((file) => beginsAsBox(file) === true)
}

function isFolder(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === true
}

function modifiedMs(file: string): number {
  return lstatSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
}

function placeIn(folder: string, program: string, keep: number, isLocked: IsLocked): BoxPlace {
  const name =
    path
      .basename(program)
      .replace(/[^\w.-]/g, '_')
      .slice(0, 60) || 'node'
  const ended = endedBoxes(folder, isLocked)
  for (const file of ended.slice(keep)) {
    for (const ending of ['', DUMP_ENDING, HISTOGRAM_ENDING]) rmSync(file + ending, { force: true })
  }
  const time = new Date().toISOString().replace(/[-:]/g, '').replace('.', '')
  const file = path.join(folder, `${name}-${time}-${String(process.pid)}${BOX_ENDING}`)
  const previous = ended.slice(0, keep).find((other) => path.basename(other).startsWith(`${name}-`)) ?? null
  return { file, previous }
}

function placeAt(file: string, isLocked: IsLocked): BoxPlace {
  const previous = `${file}.previous`
  const stats = lstatSync(file, { throwIfNoEntry: false })
  if (stats === undefined) return { file, previous: beginsAsBox(previous) === true ? previous : null }
  if (!stats.isFile()) throw refused(`${file} is no regular file`)
  if (beginsAsBox(file) === false) {
    throw refused(`${file} is there already and is no black box: it is not overwritten`)
  }
  if (asked(isLocked, file)) {
    throw new CacheAttributionError('ERR_BLACK_BOX_IN_USE', `a running process writes ${file}`)
  }
  try {
    for (const ending of ['', DUMP_ENDING, HISTOGRAM_ENDING]) moveAway(file + ending, previous + ending)
  } catch (error) {
    throw refused(`${file} cannot be kept as ${previous}: ${messageOf(error)}`)
  }
  return { file, previous }
}

function moveAway(from: string, to: string): void {
  if (lstatSync(from, { throwIfNoEntry: false }) === undefined) rmSync(to, { force: true })
  else renameSync(from, to)
}

function asked(isLocked: IsLocked, file: string): boolean {
  try {
    return isLocked(file)
  } catch (error) {
    throw refused(`${file} cannot be opened: ${messageOf(error)}`)
  }
}

/** Null where there is none, or it cannot be read. */
function beginsAsBox(file: string): boolean | null {
  let descriptor: number | undefined
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const bytes = new Uint8Array(16)
    return isBlackBox(bytes.subarray(0, readSync(descriptor, bytes)))
  } catch {
    return null
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function refused(reason: string): CacheAttributionError {
  return new CacheAttributionError('ERR_BLACK_BOX_FILE', reason)
}
