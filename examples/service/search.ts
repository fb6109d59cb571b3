/** Full-text search over the files, in an SQLite database file. SQLite keeps the pages it has read in its page cache. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Database } from 'libsql'
import type { Catalogue } from './catalogue.js'

export interface SearchHit {
  readonly path: string
  readonly excerpt: string
}

const PAGE_CACHE_KIB = 32 * 1024
const INDEXED_FILE_BYTES_MAX = 64 * 1024
/** Bounds the time of the start: about a second. */
const INDEXED_BYTES_MAX = 28 * 1024 * 1024

export class SearchIndex {
  readonly #database: Database
  readonly #find

  constructor(database: Database) {
    this.#database = database
    this.#find = database.prepare<[string]>(
      `SELECT path, snippet(files, 1, '', '', '…', 16) AS excerpt FROM files WHERE files MATCH ? ORDER BY rank LIMIT 10`,
    )
  }

  find(words: string): SearchHit[] {
    // As quoted strings, words are words and no operators of the query language.
    const terms = words.split(/\s+/).filter((word) => word !== '')
    if (terms.length === 0) return []
    return this.#find.all(terms.map((term) => `"${term.replaceAll('"', '""')}"`).join(' ')) as SearchHit[]
  }

  /** Frees every page that no statement is using. */
  shrinkMemory(): void {
    this.#database.pragma('shrink_memory')
  }

  close(): void {
    this.#database.close()
  }
}

/** Builds the index in `file`. Gives a line that says why when libsql cannot be used here. */
export async function openSearchIndex(catalogue: Catalogue, file: string): Promise<SearchIndex | string> {
  let database: Database
  try {
    const { default: open } = await import('libsql')
    database = new open(file)
  } catch (error) {
    const [firstLine] = (error as Error).message.split('\n')
    return `libsql cannot be loaded, so there is no search here and no page cache: ${firstLine ?? ''}`
  }
  // The index is built anew at every start: nothing to protect from a crash.
  database.pragma('journal_mode = OFF')
  database.pragma('synchronous = OFF')
  database.pragma(`cache_size = -${PAGE_CACHE_KIB}`)
  database.exec('CREATE VIRTUAL TABLE files USING fts5(path UNINDEXED, body)')
  fill(database, catalogue)
  return new SearchIndex(database)
}

function fill(database: Database, { root, files }: Catalogue): void {
  const insert = database.prepare<[string, string]>('INSERT INTO files VALUES (?, ?)')
  let indexedBytes = 0
  database.transaction(() => {
    for (const { path: relative, bytes } of files.values()) {
      if (bytes > INDEXED_FILE_BYTES_MAX || indexedBytes + bytes > INDEXED_BYTES_MAX) continue
      insert.run(relative, readFileSync(path.join(root, relative), 'utf8'))
      indexedBytes += bytes
    }
  })()
}
