import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { expect } from 'chai'
import { DumpCatalogue } from '../../../src/profiling/index.js'
import { dumpName, parseDumpName } from '../../helpers/internals/profiling-dumps.js'
import type { DumpTrigger } from '../../helpers/internals/profiling-dumps.js'

const HEAP = 'heap_v2/524288\n  t*: 0: 0 [0: 0]\n\nMAPPED_LIBRARIES:\n'

describe('names of dumps', () => {
  it('are read as they were made', () => {
    const facts = { prefix: 'a.b', pid: 12, takenAt: new Date(1e12), trigger: 'share', kind: 'discovery' } as const
    const name = dumpName(facts)
    expect(name).to.equal('a.b.12.20010909T014640000Z.share.discovery.json')
    expect(parseDumpName(name)).to.deep.equal({ ...facts, writtenBy: 'cache-attribution' })
  })

  for (const [name, trigger] of [
    ['jeprof.1234.0.f.heap', 'final'],
    ['jeprof.1234.17.i16.heap', 'interval'],
    ['my.app.1234.3.u2.heap', 'gdump'],
    ['jeprof.1234.1.m1.heap', 'mallctl'],
  ] as const) {
    it(`are recognised that jemalloc gives: ${name}`, () => {
      expect(parseDumpName(name)).to.include({ trigger, writtenBy: 'jemalloc', pid: 1234, takenAt: null })
    })
  }

  for (const name of [
    '',
    'x.heap',
    'jeprof.1.heap',
    'a.1.20010909T014640000Z.step.exe',
    'a.1.99999999T999999999Z.step.heap',
    'jeprof.1234.0.f.heap.bak',
  ]) {
    it(`are not recognised in ${JSON.stringify(name)}`, () => {
      expect(parseDumpName(name)).to.equal(null)
    })
  }
})

describe('DumpCatalogue', () => {
  let folder = ''
  let outside = ''
  let dumps: DumpCatalogue
  const own = (minute: number, trigger: DumpTrigger = 'step'): string =>
    dumpName({
      prefix: 'api',
      pid: 7,
      takenAt: new Date(Date.UTC(2026, 0, 1, 0, minute)),
      trigger,
      kind: 'heap-profile',
    })
  const put = (name: string, content = HEAP): string => {
    writeFileSync(path.join(folder, name), content)
    return name
  }

  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'dumps-'))
    outside = mkdtempSync(path.join(os.tmpdir(), 'outside-'))
    dumps = new DumpCatalogue({ folders: [folder, '/nonexistent/folder'] })
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
    rmSync(outside, { recursive: true })
  })

  it('lists what has the name of a dump, the oldest first, of any writer', async () => {
    const theirs = put('jeprof.9.3.i3.heap')
    utimesSync(path.join(folder, theirs), new Date(0), new Date(Date.UTC(2026, 0, 1, 0, 2)))
    for (const name of [own(3), own(1), 'notes.txt']) put(name)
    mkdirSync(path.join(folder, own(9)))
    expect((await dumps.list()).map(({ id }) => id)).to.deep.equal([own(1), theirs, own(3)])
    expect((await dumps.list({ writtenBy: 'jemalloc' })).map(({ trigger }) => trigger)).to.deep.equal(['interval'])
    expect(await dumps.list({ trigger: 'share' })).to.deep.equal([])
    expect(await dumps.list({ since: new Date(Date.UTC(2026, 0, 1, 0, 3)) })).to.have.length(1)
  })

  it('gives the dumps around an incident', async () => {
    for (const minute of [1, 5, 40]) put(own(minute))
    const { before, after, around } = await dumps.at('2026-01-01T00:06:00Z')
    expect([before?.id, after?.id]).to.deep.equal([own(5), own(40)])
    expect(around.map(({ id }) => id)).to.deep.equal([own(5), own(1)])
    expect((await dumps.at(0)).before).to.equal(null)
  })

  it('serves the bytes of a dump, and reads it as a profile', async () => {
    const { dump, stream } = await dumps.open(put(own(1)))
    expect([dump.bytes, await text(stream)]).to.deep.equal([HEAP.length, HEAP])
    expect(await dumps.profile(own(1))).to.include({ source: 'jemalloc', takenAt: '2026-01-01T00:01:00.000Z' })
  })

  it('removes one', async () => {
    put(own(1))
    put(own(2))
    await dumps.remove(own(1))
    expect(readdirSync(folder)).to.deep.equal([own(2)])
  })

  it('prunes the oldest first, until files, bytes and age are within bounds', async () => {
    for (const minute of [4, 1, 3, 2]) put(own(minute), 'x'.repeat(100))
    expect((await dumps.prune({ maxFiles: 3 })).map(({ id }) => id)).to.deep.equal([own(1)])
    expect((await dumps.prune({ maxBytes: 150 })).map(({ id }) => id)).to.deep.equal([own(2), own(3)])
    expect(await dumps.prune({ trigger: 'share', maxFiles: 0 })).to.deep.equal([])
    expect(await dumps.prune({ maxAgeMs: 1000 })).to.have.length(Date.now() > Date.UTC(2026, 0, 1, 1) ? 1 : 0)
  })

  for (const id of ['../secret', '/etc/passwd', 'nothing.1.0.f.heap', '', 5, null, '.', 'a/../b']) {
    it(`knows no dump ${JSON.stringify(id)}`, async () => {
      for (const call of [() => dumps.open(id as string), () => dumps.remove(id as string)]) {
        expect(
          await call().then(
            () => 'found',
            (error: unknown) => (error as { code: string }).code,
          ),
        ).to.equal('ERR_DUMP_UNKNOWN')
      }
    })
  }

  it('follows no link', async () => {
    writeFileSync(path.join(outside, 'secret'), 'secret')
    symlinkSync(path.join(outside, 'secret'), path.join(folder, own(1)))
    expect(await dumps.list()).to.deep.equal([])
    expect(
      await dumps.open(own(1)).then(
        () => 'found',
        (error: unknown) => (error as Error).message,
      ),
    ).to.include('ERR_DUMP_UNKNOWN')
  })

  it('says so where a folder cannot be read', async () => {
    put('file')
    const wrong = new DumpCatalogue({ folders: [path.join(folder, 'file')] })
    expect(
      await wrong.list().then(
        () => 'listed',
        (error: unknown) => (error as Error).message,
      ),
    ).to.include('ERR_DUMP_FOLDER')
  })
})
