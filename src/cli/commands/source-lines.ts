/** The lines of the source beside the rows of a table by line. */
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { labelOfPlace } from '../../heap-profile/output/labels.js'
import type { TopTable } from '../../heap-profile/output/top.js'
import type { HeapProfile } from '../../heap-profile/profile/types.js'
import { printable } from '../../support/units.js'

/** Rows that are shown at most, files larger than which are not read, and what of a line is shown. */
const ROWS = 50
const MAX_FILE_BYTES = 16 * 1024 * 1024
const MAX_LINE_LENGTH = 100

/** The table with each row's line of the source behind its name, where the file is there and has such a line. */
export async function withSource(table: TopTable, profile: HeapProfile): Promise<TopTable> {
  const places = new Map<string, { readonly file: string; readonly line: number }>()
  for (const { functions } of profile.frames) {
    for (const place of functions) {
      const { file, line } = place
      if (file !== null && line !== null && path.isAbsolute(file)) places.set(labelOfPlace(place), { file, line })
    }
  }
  const files = new Map<string, Promise<readonly string[]>>()
  const linesOf = (file: string): Promise<readonly string[]> => {
    const known = files.get(file) ?? readLines(file)
    files.set(file, known)
    return known
  }
  const shown = await Promise.all(
    table.rows.slice(0, ROWS).map(async (row) => {
      const place = places.get(row.name)
      const text = place === undefined ? undefined : (await linesOf(place.file))[place.line - 1]?.trim()
      return text === undefined || text === '' ? row : { ...row, name: `${row.name}  ${cut(text)}` }
    }),
  )
  return { ...table, rows: [...shown, ...table.rows.slice(ROWS)] }
}

async function readLines(file: string): Promise<readonly string[]> {
  try {
    const { size } = await stat(file)
    return size > MAX_FILE_BYTES ? [] : (await readFile(file, 'utf8')).split('\n')
  } catch {
    return []
  }
}

function cut(line: string): string {
  const text = printable(line, MAX_LINE_LENGTH)
  return `│ ${text}`
}
