import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { fromBetterSqlite3 } from '../../src/adapters/index.js'
import type { BetterSqlite3Like } from '../helpers/internals/adapters.js'
import { Coordinator, formatReport } from '../../src/index.js'

interface Libsql {
  pragma(source: string, options: { simple: true }): object
  prepare(source: string): unknown
  exec(sql: string): unknown
  close(): void
}

const open = createRequire(import.meta.url)('libsql') as new (file: string) => Libsql

/** SQLite as better-sqlite3 shows it, which itself is tried in tools/setups/better-sqlite3.mjs. */
class Sqlite implements BetterSqlite3Like {
  readonly memory: boolean
  readonly inTransaction = false
  readonly #database: Libsql

  constructor(file: string) {
    this.#database = new open(file)
    this.memory = file === ':memory:'
  }

  pragma(source: string): unknown {
    const row = this.#database.pragma(source, { simple: true })
    return Object.values(row)[0]
  }

  prepare(source: string): unknown {
    return this.#database.prepare(source)
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  close(): void {
    this.#database.close()
  }
}

describe('what SQLite tells of a database in memory', () => {
  it('stands in its row as told, and in the text as no part of what was measured', async () => {
    const database = new Sqlite(':memory:')
    database.exec('create table notes (id integer primary key, text text)')
    database.exec(
      'with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into notes select i, hex(zeroblob(500)) from n',
    )
    await using coordinator = new Coordinator()
    coordinator.register('notes.db', fromBetterSqlite3(database))
    const report = await coordinator.attribute({ mode: 'release' })
    const [row] = report.caches
    // 3000 rows of 1000 characters, and little more.
    expect(row?.told?.bytes).to.be.within(3_000_000, 4_500_000)
    expect(row?.released.totalBytes ?? 0).to.be.lessThan(1_000_000)
    const text = formatReport(report, { color: false })
    expect(text).to.match(/^told +notes\.db: \d\.\d\d MiB by SQLite \(page_count × page_size/m)
    database.close()
  })

  it('is nothing of a database that has a file', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cache-attribution-'))
    const database = new Sqlite(path.join(folder, 'notes.db'))
    database.exec('create table notes (text text)')
    expect(fromBetterSqlite3(database).told?.()).to.equal(null)
    database.close()
    rmSync(folder, { recursive: true })
  })

  it('is nothing where the database is a closed one', () => {
    const database = new Sqlite(':memory:')
    const releasable = fromBetterSqlite3(database)
    database.close()
    expect(() => releasable.told?.()).to.throw()
  })
})
