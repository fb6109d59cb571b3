/** The lines of the source beside what a profile has of them, where the files can be read here. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { labelOfPlace } from '../../heap-profile/output/labels.js'
import type { SourceLine } from '../../heap-profile/output/name-lines.js'
import type { TopTable } from '../../heap-profile/output/top.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { printable } from '../../support/units.js'

/** Rows that are shown at most, files larger than which are not read, what is read in all, and what of a line is shown. */
const ROWS = 50
const MAX_FILE_BYTES = 16 * 1024 * 1024
const MAX_BYTES = 256 * 1024 * 1024
const MAX_LINE_LENGTH = 100

/** The table with each row's line of the source behind its name, where the file is there and has such a line. */
export async function withSource(table: TopTable, profile: HeapProfile): Promise<TopTable> {
  const shown = new Set(table.rows.slice(0, ROWS).map(({ name }) => name))
  const places = new Map<string, Place>()
  for (const place of placesOf(profile)) {
    const label = labelOfPlace(place)
    if (shown.has(label)) places.set(label, place)
  }
  const sourceLine = await readSources([...places.values()].map(({ file }) => file))
  const rows = table.rows.map((row) => {
    const place = places.get(row.name)
    const text = place === undefined ? undefined : sourceLine(place.file, place.line)?.trim()
    return text === undefined || text === '' ? row : { ...row, name: `${row.name}  ${cut(text)}` }
  })
  return { ...table, rows }
}

/** What gives a line of any source of a profile. */
export function sourceLinesOf(profile: HeapProfile): Promise<SourceLine> {
  return readSources(placesOf(profile).map(({ file }) => file))
}

/** A line of a function. */
interface Place {
  readonly name: string
  readonly file: string
  readonly line: number
}

function placesOf(profile: HeapProfile): Place[] {
  return profile.frames.flatMap(({ functions }) =>
    functions.flatMap(({ name, file, line }) =>
      file !== null && line !== null && path.isAbsolute(file) ? [{ name, file, line }] : [],
    ),
  )
}

async function readSources(files: readonly string[]): Promise<SourceLine> {
  const lines = new Map<string, readonly string[]>()
  let left = MAX_BYTES
  for (const file of new Set(files)) {
    const text = await readSource(file, left)
    left -= text.length
    lines.set(file, text.split('\n'))
  }
  return (file, line) => lines.get(file)?.[line - 1]
}

/** Empty where it cannot be read, is no file, or is too large. */
async function readSource(file: string, mostBytes: number): Promise<string> {
  try {
    const stats = await stat(file)
    return stats.isFile() && stats.size <= Math.min(MAX_FILE_BYTES, mostBytes) ? await readFile(file, 'utf8') : ''
  } catch {
    return ''
  }
}

function cut(line: string): string {
  const text = printable(line, MAX_LINE_LENGTH)
  return `│ ${text}`
}
