import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect } from 'chai'
import { fromCache, fromNodeSqlite } from '../../src/adapters/index.js'
import { Coordinator } from '../../src/index.js'

/** Node's own, from Node 22 on. */
interface DatabaseSync {
  exec(sql: string): void
  prepare(sql: string): { get(): unknown }
  close(): void
}

describe('a database of node:sqlite', function () {
  let Database: new (file: string) => DatabaseSync
  before(function () {
    if (process.versions.node.startsWith('20.')) this.skip()
    Database = (createRequire(import.meta.url)('node:sqlite') as { DatabaseSync: typeof Database }).DatabaseSync
  })

  const filled = (file: string): DatabaseSync => {
    const database = new Database(file)
    database.exec(
      'create table notes (text text); with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) insert into notes select hex(zeroblob(500)) from n',
    )
    return database
  }

  it('tells of its data in memory, in the row that fromCache() makes, and is left out of a twin', async () => {
    const database = filled(':memory:')
    await using coordinator = new Coordinator()
    coordinator.register('notes.db', fromCache(database))
    expect(fromCache(database)).to.equal(fromNodeSqlite(database))
    const report = await coordinator.attribute({ mode: 'release' })
    const [row] = report.caches
    expect(row?.status).to.equal('released')
    expect(row?.told?.bytes).to.be.within(3_000_000, 4_500_000)
    expect(database.prepare('select count(*) from notes').get()).to.deep.include({ 'count(*)': 3000 })
    expect(coordinator.describeCaches()[0]).to.deep.include({ name: 'notes.db' })
    expect(fromCache(database).traits).to.deep.include({ twin: false, gc: 'none', lossless: true })
    database.close()
    expect(() => fromNodeSqlite(database).told?.()).to.throw()
  })

  it('tells nothing of a file, and gives its page cache back', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cache-attribution-'))
    const database = filled(path.join(folder, 'notes.db'))
    database.prepare('select sum(length(text)) from notes').get()
    await using coordinator = new Coordinator()
    coordinator.register('notes.db', fromNodeSqlite(database))
    const report = await coordinator.attribute({ mode: 'release' })
    expect(report.caches[0]?.told).to.equal(undefined)
    // Its own limit is 2,000 KiB.
    expect(report.caches[0]?.released.totalBytes).to.be.within(1_000_000, 3_000_000)
    database.close()
    rmSync(folder, { recursive: true })
  })
})
