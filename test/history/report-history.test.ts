import { appendFileSync, chmodSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { SCHEMA_VERSION } from '../helpers/internals/history.js'
import type { AttributionReport } from '../../src/index.js'
import { runFixture } from '../helpers/child.js'
import { rejectionOf, thrownBy } from '../coordinator/world.js'
import { report, row, sample } from '../report/reports.js'
import { FakeClock, historyFolders, idsIn, linesIn, openHistory, recordsIn } from './folder.js'

const HOUR = 3_600_000
const DAY = 24 * HOUR

function named(id: string, rest: Partial<AttributionReport> = {}): AttributionReport {
  return report([row('users', 1e6)], { id, ...rest })
}

const OBSERVATION = {
  sample: sample(100e6, 50e6),
  caches: [{ name: 'users', entries: 3, claimedBytes: null, estimatedBytes: 900, estimatedUncertaintyBytes: 9 }],
}

describe('ReportHistory', () => {
  const folderOf = historyFolders()
  let folder: string
  beforeEach(() => {
    folder = folderOf()
  })

  it('gives back what was appended, in order, over restarts', async () => {
    for (const id of ['a', 'b']) {
      const { history } = await openHistory(folder)
      expect(await history.append(named(id))).to.equal(true)
      expect(await history.appendObservation(OBSERVATION)).to.equal(true)
      await history.close()
    }
    const records = await recordsIn(folder)
    expect(records.map(({ kind }) => kind)).to.deep.equal(['report', 'observation', 'report', 'observation'])
    expect(records[0]).to.deep.include({ report: named('a') })
    expect(records[1]).to.deep.include({ observation: OBSERVATION })
    expect(new Set(records.map(({ lifetime }) => lifetime)).size).to.equal(2)
  })

  it('gives two writers files of their own and merges them by time', async () => {
    const clock = new FakeClock()
    const first = await openHistory(folder, { clock })
    const second = await openHistory(folder, { clock })
    for (const [index, { history }] of [first, second, first, second].entries()) {
      await history.append(named(String(index)))
      clock.pass(1000)
    }
    await Promise.all([first.history.close(), second.history.close()])
    expect(linesIn(folder).map(({ lines }) => lines.length)).to.deep.equal([2, 2])
    expect(await idsIn(folder)).to.deep.equal(['0', '1', '2', '3'])
  })

  it('passes over a torn last line with one warning, and loses nothing else', async () => {
    const { history } = await openHistory(folder)
    await history.append(named('a'))
    await history.close()
    const [file] = linesIn(folder)
    appendFileSync(path.join(folder, file?.name ?? ''), '{"schemaVersion":1,"kind":"report","at":"2026-')
    const warnings: string[] = []
    const records = await recordsIn(folder, ({ code }) => warnings.push(code))
    expect(records).to.have.length(1)
    expect(warnings).to.deep.equal(['WARN_HISTORY_TORN'])
    const next = await openHistory(folder)
    await next.history.append(named('b'))
    await next.history.close()
    expect(await idsIn(folder)).to.deep.equal(['a', 'b'])
  })

  it('keeps unknown fields and passes over newer versions with a warning', async () => {
    const head = { at: '2026-01-01T00:00:00.000Z', upMs: 5, lifetime: 'x' }
    const lines = [
      {
        schemaVersion: SCHEMA_VERSION,
        kind: 'report',
        ...head,
        mood: 'good',
        report: { ...named('a'), colour: 'red' },
      },
      { schemaVersion: SCHEMA_VERSION + 1, kind: 'report', ...head, everything: 'else' },
      { schemaVersion: SCHEMA_VERSION, kind: 'weather', ...head },
    ]
    writeFileSync(
      path.join(folder, '20260101T000000000Z-x-0000.ndjson'),
      lines.map((line) => `${JSON.stringify(line)}\n`).join(''),
    )
    const warnings: string[] = []
    const [record, ...others] = await recordsIn(folder, ({ code }) => warnings.push(code))
    expect(record).to.deep.include({ mood: 'good' })
    expect(record).to.have.nested.property('report.colour', 'red')
    expect(others).to.deep.equal([])
    expect(warnings).to.deep.equal(['WARN_HISTORY_VERSION'])
  })

  it('rotates by size', async () => {
    const { history } = await openHistory(folder, { rotateBytes: 2048 })
    for (let index = 0; index < 6; index++) await history.append(named(String(index)))
    await history.close()
    expect(linesIn(folder).length).to.be.greaterThan(2)
    expect(await idsIn(folder)).to.deep.equal(['0', '1', '2', '3', '4', '5'])
  })

  it('rotates by age', async () => {
    const clock = new FakeClock()
    const { history } = await openHistory(folder, { clock, rotateMs: HOUR })
    await history.append(named('a'))
    clock.pass(2 * HOUR)
    await history.append(named('b'))
    await history.close()
    expect(linesIn(folder)).to.have.length(2)
  })

  it('thins old observations out and keeps every report and what a newer version wrote', async () => {
    const clock = new FakeClock()
    const options = { clock, thinAfterMs: 2 * DAY }
    const first = await openHistory(folder, options)
    for (let minute = 0; minute < 120; minute++) {
      await first.history.appendObservation(OBSERVATION)
      if (minute % 60 === 0) await first.history.append(named(String(minute)))
      clock.pass(60_000)
    }
    await first.history.close()
    const newer = `{"schemaVersion":${String(SCHEMA_VERSION + 1)},"kind":"report"}`
    appendFileSync(path.join(folder, linesIn(folder)[0]?.name ?? ''), `${newer}\n`)
    clock.pass(4 * DAY)
    await (await openHistory(folder, options)).history.close()
    const records = await recordsIn(folder)
    expect(records.filter(({ kind }) => kind === 'observation')).to.have.length(12)
    expect(await idsIn(folder)).to.deep.equal(['0', '60'])
    expect(linesIn(folder).flatMap(({ lines }) => lines)).to.include(newer)
    clock.pass(20 * DAY)
    await (await openHistory(folder, options)).history.close()
    const later = await recordsIn(folder)
    expect(later.filter(({ kind }) => kind === 'observation')).to.have.length(2)
    expect(await idsIn(folder)).to.deep.equal(['0', '60'])
  })

  it('reads nothing twice where a crash left a merged file beside what it replaces', async () => {
    const { history } = await openHistory(folder)
    await history.append(named('a'))
    await history.close()
    const [file] = linesIn(folder)
    const head = { schemaVersion: SCHEMA_VERSION, kind: 'merged', replaces: [file?.name], stepMs: 1 }
    const text = `${JSON.stringify(head)}\n${file?.lines.join('\n') ?? ''}\n`
    for (const number of ['0001', '0002'])
      writeFileSync(path.join(folder, `20260101T000000000Z-merged-${number}.ndjson`), text)
    expect(await idsIn(folder)).to.deep.equal(['a'])
  })

  it('joins the files of many restarts', async () => {
    const clock = new FakeClock()
    for (let restart = 0; restart < 20; restart++) {
      const { history } = await openHistory(folder, { clock })
      await history.append(named(String(restart)))
      await history.close()
      clock.pass(1000)
    }
    clock.pass(4 * DAY)
    await (await openHistory(folder, { clock })).history.close()
    expect(linesIn(folder)).to.have.length(1)
    expect(await idsIn(folder)).to.have.length(20)
  })

  it('removes what is too old, and the oldest where there is too much', async () => {
    const clock = new FakeClock()
    const options = { clock, maxAgeMs: 10 * DAY, rotateMs: HOUR }
    for (const id of ['old', 'new', 'newest']) {
      const { history } = await openHistory(folder, options)
      await history.append(named(id))
      await history.close()
      clock.pass(8 * DAY)
    }
    await (await openHistory(folder, options)).history.close()
    expect(await idsIn(folder)).to.deep.equal(['new', 'newest'])
    await (await openHistory(folder, { ...options, maxBytes: 1024 })).history.close()
    expect(await idsIn(folder)).to.deep.equal([])
  })

  it('holds to its own clock where the wall clock steps back', async () => {
    const clock = new FakeClock()
    const { history } = await openHistory(folder, { clock })
    for (let hour = 0; hour < 48; hour++) {
      await history.append(
        named(String(hour), { floor: { allocatedBytes: 100e6 + hour * 1e6, heapBytes: 0, mappedBytes: null } }),
      )
      clock.pass(HOUR)
      if (hour === 20) clock.wallMs -= 10 * DAY
    }
    const { floor } = await history.trends()
    await history.close()
    expect(floor.verdict).to.equal('growing')
    expect(floor.slope?.bytesPerHour).to.be.closeTo(1e6, 1e4)
    expect(await idsIn(folder)).to.have.length(48)
  })

  it('goes on in a new file where somebody removed the folder', async () => {
    const { history } = await openHistory(folder)
    await history.append(named('a'))
    rmSync(folder, { recursive: true })
    await history.append(named('b'))
    await history.close()
    expect(await idsIn(folder)).to.deep.equal(['b'])
  })

  it('what could go wrong if the folder is a file: one warning, and the service goes on', async () => {
    const file = path.join(folder, 'file')
    writeFileSync(file, '')
    const { history, warnings } = await openHistory(file)
    expect(await history.append(named('a'))).to.equal(false)
    expect(await history.append(named('b'))).to.equal(false)
    rmSync(file)
    expect(await history.append(named('c'))).to.equal(true)
    await history.close()
    expect(warnings.map(({ code }) => code).filter((code) => code !== 'WARN_HISTORY_UNREADABLE')).to.deep.equal([
      'WARN_HISTORY_WRITE',
      'WARN_HISTORY_RESUMED',
    ])
    expect(await idsIn(file)).to.deep.equal(['a', 'b', 'c'])
  })

  it('drops observations first where more waits than may, and says how many', async () => {
    const file = path.join(folder, 'file')
    writeFileSync(file, '')
    const { history, warnings } = await openHistory(file, { backlogBytes: 6000 })
    await history.append(named('a'))
    for (let index = 0; index < 50; index++) await history.appendObservation(OBSERVATION)
    rmSync(file)
    await history.append(named('b'))
    await history.close()
    expect(await idsIn(file)).to.deep.equal(['a', 'b'])
    expect(warnings.at(-1)?.message).to.match(/\d+ records were lost/)
  })

  it('loses nothing to a full disk: it waits, says so once, and resumes', async () => {
    interface Result {
      readonly results: boolean[]
      readonly codes: string[]
    }
    const { results, codes } = await runFixture<Result>('history/fixtures/full-disk', { args: [folder] })
    expect(results.slice(0, 10)).to.not.include(false)
    expect(results.slice(20, 30)).to.not.include(true)
    expect(results.slice(30)).to.not.include(false)
    expect(codes).to.deep.equal(['WARN_HISTORY_WRITE', 'WARN_HISTORY_RESUMED'])
    const ids = await idsIn(folder)
    expect(ids).to.deep.equal(results.map((_, index) => String(index)))
  })

  it('takes its bearings from an unreadable file and goes on', async function () {
    if (process.getuid?.() === 0) this.skip()
    const { history } = await openHistory(folder)
    await history.append(named('a'))
    await history.close()
    for (const name of readdirSync(folder)) chmodSync(path.join(folder, name), 0)
    const { history: next, warnings } = await openHistory(folder)
    expect(await next.append(named('b'))).to.equal(true)
    await next.close()
    expect(warnings[0]?.code).to.equal('WARN_HISTORY_UNREADABLE')
  })

  it('refuses what is no record, wrong options, and anything after close()', async () => {
    const { history } = await openHistory(folder)
    expect(thrownBy(() => void history.append(null as never))).to.have.property('code', 'ERR_HISTORY_RECORD')
    expect(thrownBy(() => void history.appendObservation({} as never))).to.have.property('code', 'ERR_HISTORY_RECORD')
    await history.close()
    await history.close()
    expect(thrownBy(() => void history.append(named('a')))).to.have.property('code', 'ERR_HISTORY_CLOSED')
    expect(await rejectionOf(openHistory(folder, { maxByte: 1 } as never))).to.have.property(
      'code',
      'ERR_OPTION_UNKNOWN',
    )
    expect(await rejectionOf(openHistory(''))).to.have.property('code', 'ERR_OPTION_TYPE')
    expect(await rejectionOf(recordsIn(path.join(folder, 'none')))).to.have.property('code', 'ERR_HISTORY_FOLDER')
  })
})
