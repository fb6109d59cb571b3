// A program with real databases of better-sqlite3: its adapter, what it tells, and discovery among its native accessors. It throws
// where something does not hold, and prints one line for tools/setups/better-sqlite3.mjs.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import Database from 'better-sqlite3'
import { Coordinator, formatReport } from 'cache-attribution'
import { fromBetterSqlite3, fromCache } from 'cache-attribution/adapters'
import { discover } from 'cache-attribution/twin'

const PAGES = 2000
const PAGE_BYTES = 4096
const folder = mkdtempSync(path.join(os.tmpdir(), 'better-sqlite3-'))

/** @param {{ caches: readonly any[] }} report @param {string} name */
function rowOf(report, name) {
  const row = report.caches.find((cache) => cache.name === name)
  assert.ok(row, `no row of ${name}`)
  return row
}

/** @param {unknown} value @param {number} least @param {number} most @param {string} what */
function within(value, least, most, what) {
  assert.ok(Number(value) >= least && Number(value) <= most, `${what}: ${value} is not within ${least} and ${most}`)
}

/** The page cache is given back, the data stay; a closed database costs its own row. */
async function releasesPages() {
  const database = new Database(path.join(folder, 'pages.db'))
  database.pragma('cache_size = 8000')
  database.exec(`CREATE TABLE t (b BLOB);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${PAGES})
    INSERT INTO t SELECT randomblob(4000) FROM n`)
  database.prepare('SELECT length(b) FROM t').all()
  const users = new Map([['a', Buffer.alloc(100_000, 1)]])
  const coordinator = new Coordinator({ mode: 'release' })
  assert.equal(fromCache(database), fromBetterSqlite3(database))
  coordinator.register('sqlite', fromBetterSqlite3(database))
  coordinator.register('users', fromCache(users))
  const row = rowOf(await coordinator.attribute(), 'sqlite')
  assert.equal(row.status, 'released')
  within(row.released.allocatedBytes, 0.9 * PAGES * PAGE_BYTES, 1.5 * PAGES * PAGE_BYTES, 'the page cache')
  assert.equal(database.pragma('cache_size', { simple: true }), 8000)
  assert.deepEqual(database.prepare('SELECT count(*) AS rows FROM t').get(), { rows: PAGES })
  database.close()
  const closed = await coordinator.attribute()
  assert.equal(rowOf(closed, 'sqlite').status, 'failed')
  assert.match(rowOf(closed, 'sqlite').error.message, /not open/)
  assert.equal(rowOf(closed, 'users').status, 'released')
  await coordinator.close()
  return `${(row.released.allocatedBytes / 1e6).toFixed(2)} MB of pages given back`
}

/** SQLite's count of a database in memory is in its row; a database in a file has none. */
async function tellsItsData() {
  const database = new Database(':memory:')
  database.exec(`create table notes (id integer primary key, text text);
    with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
    insert into notes select i, hex(zeroblob(500)) from n`)
  const coordinator = new Coordinator({ mode: 'release' })
  coordinator.register('notes.db', fromBetterSqlite3(database))
  const report = await coordinator.attribute()
  const row = rowOf(report, 'notes.db')
  within(row.told?.bytes, 3_000_000, 4_500_000, 'what SQLite tells')
  within(row.released.totalBytes ?? 0, -1e6, 1e6, 'what a database in memory gives back')
  assert.match(
    formatReport(report, { color: false }),
    /^told +notes\.db: \d\.\d\d MiB by SQLite \(page_count × page_size/m,
  )
  await coordinator.close()
  for (const file of [path.join(folder, 'notes.db'), '']) {
    const other = new Database(file)
    other.exec('create table notes (text text)')
    assert.equal(fromBetterSqlite3(other).told?.(), null, `"${file}"`)
    other.close()
  }
  const releasable = fromBetterSqlite3(database)
  database.close()
  assert.throws(() => releasable.told?.())
}

/** Accessors of its classes crash the process where they are read on a prototype. */
async function survivesDiscovery() {
  const kept = Array.from({ length: 20 }, () => {
    const database = new Database(':memory:')
    return [database, database.prepare('select 1'), database.prepare('select 2').iterate()]
  })
  const found = await discover({ limit: 50, leastBytes: 1024 })
  assert.deepEqual(found.warnings, [])
  assert.equal(kept.length, 20)
}

try {
  const pages = await releasesPages()
  await tellsItsData()
  await survivesDiscovery()
  console.log(`HELD ${pages}, told, discovered`)
} finally {
  rmSync(folder, { recursive: true })
}
