/** The harm of broken, foreign and hostile folders to a history: none but the loss of their own content. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, statSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { ReportHistory } from '../../src/history/index.js'
import type { HistoryOptions } from '../../src/history/index.js'
import { SCHEMA_VERSION, parseLine } from '../helpers/internals/history.js'
import type { AttributionReport } from '../../src/index.js'
import { thrownBy } from '../coordinator/world.js'
import { report, row, sample } from '../report/reports.js'
import { historyFolders, idsIn, openHistory, recordsIn } from './folder.js'

const START = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000
const DAY = 24 * HOUR

function named(id: string, rest: Partial<AttributionReport> = {}): AttributionReport {
  return report([row('users', 1e6)], { id, ...rest })
}

const OBSERVATION = {
  sample: sample(100e6, 50e6),
  caches: [{ name: 'users', entries: 3, claimedBytes: null, estimatedBytes: 900, estimatedUncertaintyBytes: 9 }],
}

function lineOf(kind: string, body: unknown, second: number): string {
  const head = { at: new Date(START + second * 1000).toISOString(), upMs: second * 1000, lifetime: 'x' }
  return JSON.stringify({ schemaVersion: SCHEMA_VERSION, kind, ...head, [kind]: body })
}

/** Every value with one member at any depth taken away, or made something else. */
function* maimed(value: unknown): Generator {
  if (typeof value !== 'object' || value === null) return
  const isList = Array.isArray(value)
  for (const [name, member] of Object.entries(value)) {
    const others = Object.entries(value).filter(([other]) => other !== name)
    const rebuilt = (parts: [string, unknown][]): unknown =>
      isList ? parts.map(([, part]) => part) : Object.fromEntries(parts)
    if (!isList) yield rebuilt(others)
    for (const strange of [null, -1, 'x', [], {}, [null], [{ toString: null }], true])
      yield rebuilt([...others, [name, strange]])
    for (const inner of maimed(member)) yield rebuilt([...others, [name, inner]])
  }
}

/** A history that writes one record each at these days, by processes of their own. */
async function write(folder: string, days: readonly number[], options: HistoryOptions = {}): Promise<void> {
  for (const day of days) await visit(folder, day, [`day ${String(day)}`], options)
}

/** A process that opens the history at this day by its wall clock, maintains it, and appends. */
async function visit(folder: string, day: number, ids: readonly string[], options: HistoryOptions = {}): Promise<void> {
  const clock = { now: () => 0, date: () => new Date(START + day * DAY) }
  const { history } = await openHistory(folder, { clock, rotateMs: HOUR, ...options })
  for (const id of ids) await history.append(named(id))
  await history.close()
}

const daysOf = (days: readonly number[]): string[] => days.map((day) => `day ${String(day)}`)
const MONTH = Array.from({ length: 10 }, (_, index) => 3 * index)

describe('a hostile history', () => {
  const folderOf = historyFolders()
  let folder: string
  beforeEach(() => {
    folder = folderOf()
  })

  it('takes up every good record beside ones that lack any member, and trends go on', async function () {
    this.timeout(60_000)
    const bad = [
      ...[...maimed(named('bad'))].map((body) => ['report', body] as const),
      ...[...maimed(OBSERVATION)].map((body) => ['observation', body] as const),
    ]
    const lines = bad.flatMap(([kind, body], index) => [
      lineOf(kind, body, 2 * index),
      lineOf('report', named(`good ${String(index)}`), 2 * index + 1),
    ])
    lines.push(lineOf('calibration', { schemaVersion: 1, caches: [] }, 2 * bad.length))
    writeFileSync(path.join(folder, '20260101T000000000Z-x-0000.ndjson'), `${lines.join('\n')}\n`)
    const clock = { now: () => 0, date: () => new Date(START + DAY) }
    const { history, warnings } = await openHistory(folder, { clock })
    const good = (await idsIn(folder)).filter((id) => id.startsWith('good '))
    expect(good).to.have.length(bad.length)
    expect(history.calibration).to.deep.equal({ schemaVersion: 1, caches: [] })
    expect(warnings.map(({ code }) => code)).to.include('WARN_HISTORY_TORN')
    expect(warnings.map(({ code }) => code)).to.not.include('WARN_HISTORY_UNREADABLE')
    const { caches } = await history.trends()
    expect(caches.find(({ name }) => name === 'users')?.trend.readings).to.be.at.least(500)
    await history.close()
  })

  it('never throws for a line, whatever its members are', () => {
    const strange = [
      null,
      1,
      'x',
      [],
      {},
      [{ toString: null }],
      [[{ valueOf: 1 }]],
      { length: 1e9 },
      { __proto__: null },
    ]
    const heads = ['merged', 'report', 'observation', 'calibration', null, { toString: null }]
    for (const kind of heads) {
      for (const value of strange) {
        const whole = {
          schemaVersion: 1,
          kind,
          at: value,
          upMs: value,
          lifetime: value,
          replaces: value,
          stepMs: value,
        }
        const line = JSON.stringify({ ...whole, report: value, observation: value, calibration: value })
        expect(parseLine(line).kind, line).to.be.oneOf(['torn', 'ignored'])
      }
    }
    expect(parseLine('{"schemaVersion":1,"kind":"merged","replaces":[{"toString":null}],"stepMs":1}').kind).to.equal(
      'torn',
    )
    expect(parseLine('['.repeat(200_000)).kind).to.equal('torn')
  })

  it('refuses what it could not read again, with the member at fault', async () => {
    const { history } = await openHistory(folder)
    const refused = (act: () => unknown): unknown => thrownBy(() => void act())
    const cyclic: Record<string, unknown> = { ...named('cyclic') }
    cyclic['self'] = cyclic
    for (const body of [...maimed({ floor: named('x').floor })]) {
      const given = {
        ...named('x'),
        ...(body as object),
        ...(Object.keys(body as object).length === 0 ? { floor: 1 } : {}),
      }
      try {
        void history.append(given as never)
      } catch (error) {
        expect(error).to.have.property('code', 'ERR_HISTORY_RECORD')
      }
    }
    const { floor: _floor, ...lacking } = named('lacking')
    expect(refused(() => history.append(lacking as never)))
      .to.have.property('message')
      .that.includes('floor is missing')
    for (const given of [
      cyclic,
      named('big', { durationMs: 1n as never }),
      named('nan', { durationMs: Number.NaN }),
      new Proxy(named('getter'), {
        get: () => {
          throw new Error('no')
        },
      }),
      { ...named('json'), toJSON: () => 5 },
    ]) {
      expect(refused(() => history.append(given as never))).to.have.property('code', 'ERR_HISTORY_RECORD')
      expect(refused(() => history.appendObservation(given as never))).to.have.property('code', 'ERR_HISTORY_RECORD')
    }
    await history.close()
    const kept = existsSync(folder) ? await recordsIn(folder) : []
    expect(kept.filter(({ kind }) => kind === 'observation')).to.deep.equal([])
  })

  describe('whose clock stands wrong', () => {
    const FAR = 3650

    it('loses nothing to a clock that is ahead once', async () => {
      for (const ahead of [100, 400, FAR, 365 * 200]) {
        const other = folderOf()
        await write(other, MONTH)
        await visit(other, 30 + ahead, [])
        await visit(other, 30 + ahead, ['ahead'])
        await visit(other, 31, ['back'])
        expect(await idsIn(other), String(ahead)).to.include.members([...daysOf(MONTH), 'ahead', 'back'])
      }
    })

    it('loses nothing to a clock that is years ahead over restarts', async () => {
      await write(folder, MONTH)
      for (const hour of [0, 1, 2, 3]) await visit(folder, FAR + hour / 24, [`ahead ${String(hour)}`])
      await visit(folder, 31, ['back'])
      await visit(folder, 32, [])
      expect(await idsIn(folder)).to.include.members([...daysOf(MONTH), 'ahead 0', 'ahead 3', 'back'])
    })

    it('loses nothing to a clock that was set ahead while the process runs', async () => {
      await write(folder, MONTH)
      let [nowMs, wallMs] = [0, START + 30 * DAY]
      const clock = { now: () => nowMs, date: () => new Date(wallMs) }
      const { history } = await openHistory(folder, { clock, rotateMs: HOUR })
      for (const step of [0, FAR * DAY, 0, -2 * FAR * DAY, FAR * DAY]) {
        wallMs += step
        for (let hour = 0; hour < 3; hour++) {
          nowMs += 2 * HOUR
          wallMs += 2 * HOUR
          await history.append(named(`hour ${String(nowMs / HOUR)}`))
          await history.flush()
        }
      }
      await history.close()
      expect(await idsIn(folder)).to.include.members([...daysOf(MONTH), 'hour 2', 'hour 14', 'hour 26'])
    })

    it('loses nothing to a clock that stands back', async () => {
      await write(folder, MONTH)
      for (const day of [-FAR, -FAR + 1, -20_000]) await visit(folder, day, [`back ${String(day)}`])
      await visit(folder, 31, [])
      await visit(folder, 32, ['right'])
      await visit(folder, 33, [])
      expect(await idsIn(folder)).to.include.members([...daysOf(MONTH), 'back -3650', 'right'])
    })

    it('keeps to its retention although one record is of the future', async () => {
      await write(folder, [FAR, 0, 60, 120])
      await visit(folder, 121, [])
      expect(await idsIn(folder)).to.deep.equal(['day 60', 'day 120', `day ${String(FAR)}`])
    })

    it('keeps all where all is of the future', async () => {
      await write(folder, [FAR, FAR + 200, FAR + 400].slice(0, 1))
      for (const day of [FAR + 50, FAR + 80]) await visit(folder, day, [`day ${String(day)}`])
      await visit(folder, 5, ['right'])
      await visit(folder, 6, [])
      expect(await idsIn(folder)).to.have.members([`day ${String(FAR)}`, 'day 3700', 'day 3730', 'right'])
    })

    it('keeps what is written now where files of the future fill its bytes', async () => {
      await write(folder, [FAR, FAR + 1, FAR + 2])
      const maxBytes = 4500
      for (let day = 0; day < 3; day++) await visit(folder, day, [`day ${String(day)}`], { maxBytes })
      await visit(folder, 4, [], { maxBytes })
      expect(await idsIn(folder)).to.include('day 2')
    })

    it('keeps to its retention over restarts, and in one process that runs for long', async () => {
      await write(folder, [0, 30, 60, 95, 120])
      await visit(folder, 121, [])
      expect(await idsIn(folder)).to.deep.equal(daysOf([30, 60, 95, 120]))
      const other = folderOf()
      let ms = 0
      const clock = { now: () => ms, date: () => new Date(START + ms) }
      const { history } = await openHistory(other, { clock })
      for (let day = 0; day < 120; day++) {
        await history.append(named(`day ${String(day)}`))
        await history.flush()
        ms += DAY
      }
      // Maintenance of a day before may still be under way.
      for (let hour = 0; hour < 100 && (await idsIn(other)).includes('day 0'); hour++) {
        ms += HOUR
        await history.append(named('day 120'))
        await delay(100)
      }
      await history.close()
      const ids = await idsIn(other)
      expect(ids).to.not.include('day 0')
      expect(ids).to.include('day 30')
    })

    it('tells the trends of this week beside a record of the future', async () => {
      const clock = { now: () => 0, date: () => new Date(START + 4 * DAY) }
      const lines = Array.from({ length: 80 }, (_, hour) =>
        lineOf(
          'report',
          named(String(hour), { floor: { allocatedBytes: 1e8 + hour * 1e6, heapBytes: 0, mappedBytes: null } }),
          hour * 3600,
        ),
      )
      writeFileSync(path.join(folder, '20260101T000000000Z-x-0000.ndjson'), `${lines.join('\n')}\n`)
      const ahead = lineOf('report', named('ahead'), FAR * 86_400).replace('"lifetime":"x"', '"lifetime":"y"')
      writeFileSync(
        path.join(folder, '20351229T000000000Z-y-0000.ndjson'),
        `${ahead.replace(/"upMs":\d+/, '"upMs":0')}\n`,
      )
      const { history } = await openHistory(folder, { clock })
      const { floor } = await history.trends()
      await history.close()
      expect(floor.readings).to.equal(80)
      expect(floor.slope?.bytesPerHour).to.be.closeTo(1e6, 1e4)
    })
  })

  describe('in a folder that is no place for it', () => {
    for (const place of ['/proc/none/history', '/proc/self/history/deep', '/sys/kernel/none/history']) {
      it(`settles below ${place.split('/').slice(0, 3).join('/')}`, async function () {
        if (!existsSync(place.split('/').slice(0, 2).join('/'))) this.skip()
        this.timeout(5000)
        const { history, warnings } = await openHistory(place)
        expect(await history.append(named('a'))).to.equal(false)
        expect(await history.append(named('b'))).to.equal(false)
        await history.close()
        expect(warnings.map(({ code }) => code)).to.deep.equal(['WARN_HISTORY_WRITE'])
      })
    }

    it('makes the folder for its user alone, whatever the umask, and leaves one that is there', async () => {
      const before = process.umask(0)
      try {
        const deep = path.join(folder, 'a/b/history')
        const { history } = await openHistory(deep)
        await history.append(named('a'))
        await history.close()
        expect(statSync(deep).mode & 0o777).to.equal(0o700)
        expect(statSync(path.join(folder, 'a')).mode & 0o777).to.equal(0o777)
      } finally {
        process.umask(before)
      }
      const own = path.join(folder, 'own')
      mkdirSync(own, { mode: 0o750 })
      const { history } = await openHistory(own)
      await history.append(named('a'))
      await history.close()
      expect(statSync(own).mode & 0o777).to.equal(0o750)
    })
  })

  describe('with foreign things under the names of its files', () => {
    const NAME = (second: number): string => `20260101T00000${String(second)}000Z-x-0000.ndjson`

    it('opens beside links and pipes that would block their reader', async function () {
      this.timeout(5000)
      writeFileSync(path.join(folder, NAME(0)), `${lineOf('report', named('good'), 0)}\n`)
      execFileSync('mkfifo', [path.join(folder, NAME(1)), path.join(folder, 'fifo')])
      symlinkSync(path.join(folder, 'fifo'), path.join(folder, NAME(2)))
      symlinkSync('/proc/kmsg', path.join(folder, NAME(3)))
      symlinkSync('/dev/zero', path.join(folder, NAME(4)))
      symlinkSync(NAME(5), path.join(folder, NAME(5)))
      mkdirSync(path.join(folder, NAME(6)))
      const { history } = await openHistory(folder)
      expect(await history.append(named('b'))).to.equal(true)
      await history.close()
      expect(await idsIn(folder)).to.deep.equal(['good', 'b'])
    })

    it('reads no file that is only reached through a link, since it is not its own', async () => {
      const other = folderOf()
      writeFileSync(path.join(other, 'elsewhere'), `${lineOf('report', named('foreign'), 0)}\n`)
      symlinkSync(path.join(other, 'elsewhere'), path.join(folder, NAME(0)))
      expect(await idsIn(folder)).to.deep.equal([])
    })
  })

  describe('that a process left in the middle of maintenance', () => {
    const lock = (): string => path.join(folder, 'maintenance.lock')
    const old = new Date(Date.now() - HOUR)

    it('removes what it had begun to merge', async () => {
      const left = path.join(folder, 'merge-123.tmp')
      for (const isLocked of [false, true]) {
        writeFileSync(left, 'x'.repeat(5000))
        utimesSync(left, old, old)
        if (isLocked) {
          writeFileSync(lock(), '')
          utimesSync(lock(), old, old)
        }
        await (await openHistory(folder)).history.close()
        expect(existsSync(left)).to.equal(false)
        expect(existsSync(lock())).to.equal(false)
      }
    })

    it('counts what another process may still be merging', async () => {
      for (const second of [0, 1, 2]) {
        writeFileSync(path.join(folder, `2026010${String(second + 1)}T000000000Z-x-0000.ndjson`), 'x'.repeat(1000))
      }
      const left = path.join(folder, 'merge-123.tmp')
      writeFileSync(left, '')
      truncateSync(left, 50_000)
      // A lock that was somebody's: what is young may be of one that still merges.
      writeFileSync(lock(), '')
      utimesSync(lock(), old, old)
      await (await openHistory(folder, { maxBytes: 52_000 })).history.close()
      expect(existsSync(left)).to.equal(true)
      expect(existsSync(path.join(folder, '20260101T000000000Z-x-0000.ndjson'))).to.equal(false)
      expect(existsSync(path.join(folder, '20260103T000000000Z-x-0000.ndjson'))).to.equal(true)
    })

    it('waits for a lock that is held, and for no other', async () => {
      const ahead = new Date(Date.now() + 400 * DAY)
      const makers: Record<string, () => void> = {
        'from the future': () => {
          writeFileSync(lock(), '')
          utimesSync(lock(), ahead, ahead)
        },
        'an empty folder': () => {
          mkdirSync(lock())
        },
        'a folder that is full': () => {
          mkdirSync(path.join(lock(), 'in/it'), { recursive: true })
        },
        'a dangling link': () => {
          symlinkSync('nowhere', lock())
        },
        'a pipe': () => {
          execFileSync('mkfifo', [lock()])
        },
      }
      for (const [what, make] of Object.entries(makers)) {
        folder = folderOf()
        await write(folder, [0, 30, 60, 95, 120])
        make()
        const warnings: string[] = []
        const clock = { now: () => 0, date: () => new Date(START + 121 * DAY) }
        const history = await ReportHistory.open(folder, {
          clock,
          rotateMs: HOUR,
          onWarning: ({ message }) => warnings.push(message),
        })
        await history.close()
        expect(await idsIn(folder), what).to.deep.equal(daysOf([30, 60, 95, 120]))
        expect(warnings.join('\n'), what).to.match(what.endsWith('full') ? /maintenance\.lock is a folder/ : /^$/)
      }
      folder = folderOf()
      await write(folder, [0, 120])
      writeFileSync(lock(), '')
      await visit(folder, 121, [])
      expect(await idsIn(folder)).to.deep.equal(daysOf([0, 120]))
    })
  })
})
