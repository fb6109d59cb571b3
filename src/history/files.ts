/**
 * The files of a history: `<created>-<lifetime>-<number>.ndjson`.
 *
 * Rule: a process writes only to files that it created itself, exclusively (`wx`), so that two writers never share one, on
 * whatever machines or in whatever containers they run.
 */
import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'

/** One file of a history. */
export interface HistoryFile {
  readonly name: string
  readonly path: string
  /** By the wall clock of its writer, in milliseconds. */
  readonly createdMs: number
  /** The process that wrote it; `merged` where it takes the place of several. */
  readonly lifetime: string
  readonly bytes: number
  readonly modifiedMs: number
}

/** The writer in the name of a file that takes the place of several. */
export const MERGED = 'merged'

const NAME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z-([0-9a-z]+)-(\d+)\.ndjson$/

/** A name that sorts by time. */
export function fileName(created: Date, lifetime: string, number: number): string {
  return `${created.toISOString().replace(/[-:.]/g, '')}-${lifetime}-${String(number).padStart(4, '0')}.ndjson`
}

/** The files of this history in the folder, the oldest first; other files are let be. */
export async function listFiles(folder: string): Promise<HistoryFile[]> {
  const found = await Promise.all(
    (await readdir(folder)).map(async (name): Promise<HistoryFile | null> => {
      const parts = NAME.exec(name)
      if (parts === null) return null
      const [, year, month, day, hour, minute, second, ms, lifetime = ''] = parts
      const file = path.join(folder, name)
      // Another process may have removed it since. A link is not ours: it may lead to what blocks its reader.
      const stats = await lstat(file).catch(() => null)
      if (stats?.isFile() !== true) return null
      const createdMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
      return { name, path: file, createdMs, lifetime, bytes: stats.size, modifiedMs: stats.mtimeMs }
    }),
  )
  return found.filter((file) => file !== null).toSorted((a, b) => (a.name < b.name ? -1 : 1))
}
