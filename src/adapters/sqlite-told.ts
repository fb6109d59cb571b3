/** SQLite's own count of a database that lies in memory: data, which no release reaches. */
import type { ToldBytes } from '../coordinator/releasable.js'

/** The one value of a PRAGMA, e.g. `page_count`. */
export type ReadPragma = (name: string) => unknown

/** Null where the database is not known to lie in memory: SQLite reports nothing of a file's page cache in SQL. */
export function dataInMemory(read: ReadPragma): ToldBytes | null {
  // A temporary database has no file name either, and is written to disk: it can keep a journal there, one in memory cannot.
  if (!['memory', 'off'].includes(String(read('journal_mode')))) return null
  const [pages, pageBytes] = [Number(read('page_count')), Number(read('page_size'))]
  if (!Number.isSafeInteger(pages) || !Number.isSafeInteger(pageBytes)) return null
  return { bytes: pages * pageBytes, source: 'SQLite (page_count × page_size of a database in memory)' }
}
