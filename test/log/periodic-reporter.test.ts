import { expect } from 'chai'
import { PeriodicReporter } from '../../src/log/index.js'
import type { PeriodicReporterOptions } from '../../src/log/index.js'
import { CacheAttributionError } from '../../src/index.js'
import type { AttributionReport } from '../../src/index.js'
import { FakeCoordinator, FakeTime, KeptLines, observation, report, settled } from './world.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe('PeriodicReporter', () => {
  let time: FakeTime
  let coordinator: FakeCoordinator
  let logger: KeptLines
  let reporter: PeriodicReporter | undefined
  let warnings: string[]
  const take = (warning: Error & { code?: string }): void => {
    warnings.push(`${warning.code ?? ''}: ${warning.message}`)
  }

  beforeEach(() => {
    time = new FakeTime()
    coordinator = new FakeCoordinator()
    logger = new KeptLines()
    warnings = []
    process.on('warning', take)
  })

  afterEach(async () => {
    process.off('warning', take)
    await reporter?.close()
  })

  function start(options: PeriodicReporterOptions = {}): PeriodicReporter {
    reporter = new PeriodicReporter(coordinator, { logger, jitter: 0, environment: time.environment, ...options })
    return reporter
  }

  const events = (): unknown[] => logger.lines.map(({ fields }) => fields['event'])

  it('observes once a minute unless told otherwise', async () => {
    start()
    await time.pass(10 * MINUTE)
    expect(coordinator.calls).to.deep.equal(new Array(10).fill('observe'))
    expect(new Set(events())).to.deep.equal(new Set(['memory-observation']))
  })

  it('makes a twin each hour beside an observation each minute, also where both are due at once', async () => {
    start({ schedules: [{ every: MINUTE }, { every: HOUR, mode: 'twin' }] })
    await time.pass(3 * HOUR)
    expect(coordinator.calls.filter((call) => call === 'twin by schedule').length).to.equal(3)
    expect(coordinator.calls.filter((call) => call === 'observe').length).to.be.within(177, 180)
  })

  it('passes options on to its runs', async () => {
    let given: unknown
    coordinator.attribute = (options) => {
      given = options
      return Promise.resolve(report())
    }
    start({ schedules: [{ every: HOUR, mode: 'trim', attribute: { fraction: 0.1, except: ['sessions'] } }] })
    await time.pass(HOUR)
    expect(given).to.deep.equal({ fraction: 0.1, except: ['sessions'], mode: 'trim', trigger: 'schedule' })
  })

  it('moves each tick by at most its jitter, and keeps to the grid', async () => {
    const at: number[] = []
    coordinator.observed = () => {
      at.push(time.nowMs)
      return observation({})
    }
    start({ jitter: 0.2 })
    for (let minute = 0; minute < 60; minute++) {
      time.chance = ((minute * 7) % 10) / 10
      await time.pass(MINUTE)
    }
    const gaps = at.slice(1).map((ms, index) => ms - (at[index] ?? 0))
    expect(Math.min(...gaps)).to.be.at.least(0.6 * MINUTE - 1)
    expect(Math.max(...gaps)).to.be.at.most(1.4 * MINUTE + 1)
    expect(at.length).to.be.within(59, 61)
    expect(new Set(gaps).size).to.be.greaterThan(1)
  })

  it('never overlaps: an interval shorter than a run waits for its end', async () => {
    let [running, most] = [0, 0]
    const ends: (() => void)[] = []
    coordinator.attributed = () => {
      most = Math.max(most, ++running)
      return new Promise((resolve) =>
        ends.push(() => {
          running--
          resolve(report())
        }),
      )
    }
    start({
      schedules: [
        { every: 1000, mode: 'twin' },
        { every: 1500, mode: 'release' },
      ],
    })
    for (let round = 0; round < 20; round++) {
      await time.pass(700)
      if (round % 3 === 2) ends.shift()?.()
      await settled()
    }
    expect(most).to.equal(1)
    expect(coordinator.calls.length).to.be.greaterThan(3)
    const closed = reporter?.close()
    while (ends.length > 0 || running > 0) {
      ends.shift()?.()
      await settled()
    }
    await closed
  })

  it('skips a look while a run is under way, and says so', async () => {
    coordinator.isRunning = true
    start()
    await time.pass(MINUTE)
    expect(coordinator.calls).to.deep.equal([])
    expect(logger.lines[0]?.fields).to.include({
      event: 'memory-report-skipped',
      reason: 'a run is under way',
      skippedInARow: 1,
    })
  })

  it('warns after the third tick in a row that was skipped, and begins anew after one that was not', async () => {
    coordinator.isRunning = true
    start()
    await time.pass(3 * MINUTE)
    coordinator.isRunning = false
    await time.pass(MINUTE)
    coordinator.isRunning = true
    await time.pass(MINUTE)
    expect(logger.lines.map(({ level }) => level)).to.deep.equal(['info', 'info', 'warn', 'info', 'info'])
  })

  it('skips a run that is refused because another is under way', async () => {
    coordinator.attributed = () =>
      Promise.reject(new CacheAttributionError('ERR_RUN_IN_PROGRESS', 'another thread measures'))
    start({ schedules: [{ every: MINUTE, mode: 'twin' }] })
    await time.pass(MINUTE)
    expect(events()).to.deep.equal(['memory-report-skipped'])
  })

  it('skips a run when the event loop is late, but not a look', async () => {
    start({ schedules: [{ every: MINUTE, mode: 'twin' }, { every: MINUTE }] })
    await time.stall(MINUTE + 500)
    expect(coordinator.calls).to.deep.equal(['observe'])
    expect(logger.lines.map(({ fields }) => fields['reason'])).to.include('the event loop is late by 500 ms')
  })

  it('skips a run when the process is busy', async () => {
    start({ schedules: [{ every: MINUTE, mode: 'twin' }], cpu: 0.8 })
    time.cpuUsedMs = 0.9 * MINUTE
    await time.pass(MINUTE)
    expect(logger.lines[0]?.fields['reason']).to.equal('the process used 0.90 processors since the last tick')
    await time.pass(MINUTE)
    expect(coordinator.calls).to.deep.equal(['twin by schedule'])
  })

  it('makes one tick after the process was stopped for an hour, and tells how many were missed', async () => {
    start()
    await time.stall(HOUR)
    await time.pass(MINUTE)
    expect(coordinator.calls.length).to.equal(2)
    expect(logger.lines.map(({ fields }) => fields['ticksMissed'])).to.deep.equal([0, 59])
  })

  it('keeps its interval when the wall clock is set back or ahead', async () => {
    start()
    time.wallMs -= 10 * HOUR
    await time.pass(2 * MINUTE)
    time.wallMs += 30 * HOUR
    await time.pass(2 * MINUTE)
    expect(coordinator.calls.length).to.equal(4)
  })

  it('follows a cron expression by the wall clock', async () => {
    start({ schedules: [{ cron: '0 3 * * *', timeZone: 'UTC', mode: 'twin' }] })
    await time.pass(2 * HOUR + 59 * MINUTE)
    expect(coordinator.calls.length).to.equal(0)
    await time.pass(2 * MINUTE)
    expect(coordinator.calls.length).to.equal(1)
    await time.pass(48 * HOUR)
    expect(coordinator.calls.length).to.equal(3)
  })

  it('makes no tick of a cron expression twice where its timer fires a moment early', async () => {
    const environment = {
      ...time.environment,
      after: (ms: number, callback: () => void) => time.environment.after(ms > 10 ? ms - 2 : ms, callback),
    }
    start({ schedules: [{ cron: '0 * * * *', timeZone: 'UTC' }], environment })
    await time.pass(3 * HOUR)
    expect(coordinator.calls.length).to.equal(3)
  })

  it('follows the wall clock with a cron expression when it is set', async () => {
    start({ schedules: [{ cron: '0 3 * * *', timeZone: 'UTC' }] })
    await time.pass(HOUR)
    time.wallMs += 90 * MINUTE
    await time.pass(35 * MINUTE)
    expect(coordinator.calls.length).to.equal(1)
  })

  it('logs stable fields, the largest caches first, and counts the others', async () => {
    coordinator.observed = () => observation({ small: 1, large: 9e6, middle: 5e6, unknown: null })
    start({ caches: 2 })
    await time.pass(MINUTE)
    const fields = logger.lines[0]?.fields
    expect(Object.keys(fields ?? {})).to.include.members([
      'schemaVersion',
      'event',
      'mode',
      'schedule',
      'ticksMissed',
      'reportId',
      'rssBytes',
      'allocatedBytes',
      'heapUsedBytes',
      'floorAllocatedBytes',
      'floorHeapBytes',
      'caches',
      'cachesOmitted',
      'growth',
      'warnings',
      'durationMs',
      'diagnosis',
    ])
    expect((fields?.['caches'] as { name: string }[]).map(({ name }) => name)).to.deep.equal(['large', 'middle'])
    expect(fields?.['cachesOmitted']).to.equal(2)
    expect(fields?.['floorHeapBytes']).to.equal(null)
  })

  it('logs a run with its id, its floor and what became of each cache', async () => {
    start({ schedules: [{ every: HOUR, mode: 'twin' }] })
    await time.pass(HOUR)
    const { fields, text, level } = logger.lines[0] ?? { fields: {}, text: '', level: '' }
    expect(level).to.equal('info')
    expect(fields).to.include({ event: 'memory-report', mode: 'twin', floorAllocatedBytes: 5e6, reportId: report().id })
    expect((fields as { caches: object[] }).caches[0]).to.deep.equal({
      name: 'users',
      bytes: 1e6,
      uncertaintyBytes: 10,
      entries: 7,
      claimedBytes: null,
      status: 'released',
    })
    expect(text).to.match(/^memory, twin: RSS 152\.6 MiB, users 976\.6 KiB, no cache 4\.77 MiB, took /)
  })

  it('warns of a cache that failed', async () => {
    const [row] = report().caches
    const failed = { ...row, status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: 'no' } }
    coordinator.attributed = () => Promise.resolve({ ...report(), caches: [failed] } as AttributionReport)
    start({ schedules: [{ every: HOUR, mode: 'release' }] })
    await time.pass(HOUR)
    expect(logger.lines[0]).to.include({ level: 'warn' })
    expect(logger.lines[0]?.fields['warnings']).to.deep.equal(['ERR_RELEASE_FAILED'])
  })

  it('writes one line of JSON to a logger of console’s shape', async () => {
    const lines: unknown[][] = []
    const keep = (...what: unknown[]): void => void lines.push(what)
    start({ logger: { info: keep, warn: keep } })
    await time.pass(MINUTE)
    expect(lines[0]?.length).to.equal(1)
    const line = JSON.parse(String(lines[0]?.[0])) as Record<string, unknown>
    expect(line).to.include({ level: 'info', event: 'memory-observation', time: '2026-01-01T00:01:00.000Z' })
    expect(line['message']).to.match(/^memory, observe: RSS/)
  })

  it('writes tables where text is asked for', async () => {
    const lines: string[] = []
    const keep = (text: unknown): void => void lines.push(String(text))
    start({
      logger: { info: keep, warn: keep },
      form: 'text',
      schedules: [{ every: MINUTE }, { every: HOUR, mode: 'twin' }],
    })
    await time.pass(HOUR)
    expect(lines[0]).to.match(/^memory, observe: .*\ncache +estimated +entries\nusers +976\.6 KiB +3$/)
    expect(lines.find((line) => line.startsWith('memory, twin'))).to.match(
      /^memory, twin: .*\nThe cache "users" holds [^]*\n\nMemory by cache/,
    )
  })

  it('warns of five readings in a row that rise, where there is no history', async () => {
    let size = 100e6
    coordinator.observed = () => observation({ users: (size += 10e6), steady: 50e6 })
    start()
    await time.pass(5 * MINUTE)
    expect(logger.lines.map(({ level }) => level)).to.deep.equal(['info', 'info', 'info', 'info', 'warn'])
    const [growth] = logger.lines.at(-1)?.fields['growth'] as { name: string; verdict: string; bytesPerHour: number }[]
    expect(growth).to.include({ name: 'users', verdict: 'rising' })
    expect(growth?.bytesPerHour).to.be.closeTo(600e6, 1)
  })

  it('does not warn of a rise that is small, or that fell once', async () => {
    let tick = 0
    coordinator.observed = () => {
      tick++
      return observation({ small: 100e6 + tick * 1e5, wave: 100e6 + (tick % 4) * 30e6 })
    }
    start()
    await time.pass(20 * MINUTE)
    expect(logger.lines.filter(({ level }) => level === 'warn')).to.deep.equal([])
  })

  it('warns of a floor that rises from run to run', async () => {
    let floor = 100e6
    coordinator.attributed = () => Promise.resolve(report(1e6, (floor += 10e6)))
    start({ schedules: [{ every: HOUR, mode: 'twin' }] })
    await time.pass(5 * HOUR)
    expect((logger.lines.at(-1)?.fields['growth'] as { name: string }[]).map(({ name }) => name)).to.deep.equal([
      'floor',
    ])
  })

  it('warns of what a history says is growing, and of nothing else', async () => {
    const trend = (verdict: string): object => ({ verdict, evidence: 'p = 0.01', slope: { bytesPerHour: 5e6 } })
    const trends = (): object => ({
      caches: [
        { name: 'users', trend: trend('unbounded') },
        { name: 'files', trend: trend('saturating') },
      ],
      floor: trend('stable'),
    })
    start({ history: { append: () => 0, appendObservation: () => 0, trends } })
    await time.pass(MINUTE)
    expect(logger.lines[0]).to.include({ level: 'warn' })
    expect(logger.lines[0]?.fields['growth']).to.deep.equal([
      { name: 'users', verdict: 'unbounded', bytesPerHour: 5e6, evidence: 'p = 0.01' },
    ])
  })

  it('keeps reports and observations in a history, but no report that an attached history has kept', async () => {
    const kept: string[] = []
    const history = { append: () => kept.push('report'), appendObservation: () => kept.push('observation') }
    start({ history, schedules: [{ every: MINUTE }, { every: 2 * MINUTE, mode: 'twin' }] })
    await time.pass(2 * MINUTE)
    expect(kept.toSorted()).to.deep.equal(['observation', 'observation', 'report'].slice(-kept.length))
    const attached = report()
    coordinator.attributed = () =>
      Promise.resolve({ ...attached, floor: { ...attached.floor, trend: {} } } as AttributionReport)
    await time.pass(2 * MINUTE)
    expect(kept.filter((kind) => kind === 'report').length).to.equal(1)
  })

  it('goes on when a history throws, rejects, or has no trends to tell, and says so once', async () => {
    const history = {
      append: () => 0,
      appendObservation: () => Promise.reject(new Error('disk full')),
      trends: () => {
        throw new Error('no trends')
      },
    }
    start({ history })
    await time.pass(3 * MINUTE)
    expect(logger.lines.length).to.equal(3)
    expect(warnings).to.deep.equal(['WARN_LOG_SINK: the history of a PeriodicReporter failed: disk full'])
  })

  it('goes on when a logger throws or rejects, and says so again when it had worked in between', async () => {
    let isBroken = true
    const log = (): unknown => (isBroken ? Promise.reject(new Error('EPIPE')) : undefined)
    start({ logger: { info: log, warn: log } })
    await time.pass(2 * MINUTE)
    isBroken = false
    await time.pass(MINUTE)
    isBroken = true
    await time.pass(2 * MINUTE)
    expect(coordinator.calls.length).to.equal(5)
    expect(warnings.length).to.equal(2)
    expect(warnings[0]).to.equal('WARN_LOG_SINK: the logger of a PeriodicReporter failed: EPIPE')
  })

  it('goes on when a run fails, and logs the code', async () => {
    coordinator.attributed = () => Promise.reject(new CacheAttributionError('ERR_TWIN_MEMORY', 'too little is left'))
    start({ schedules: [{ every: MINUTE, mode: 'twin' }] })
    await time.pass(2 * MINUTE)
    expect(logger.lines.length).to.equal(2)
    expect(logger.lines[0]).to.include({ level: 'warn' })
    expect(logger.lines[0]?.fields).to.include({ event: 'memory-report-failed', code: 'ERR_TWIN_MEMORY' })
  })

  it('goes on when observe() throws what is no error', async () => {
    coordinator.observed = () => {
      throw null as unknown as Error
    }
    start()
    await time.pass(2 * MINUTE)
    expect(events()).to.deep.equal(['memory-report-failed', 'memory-report-failed'])
  })

  it('stops when its coordinator was closed', async () => {
    coordinator.observed = () => {
      throw new CacheAttributionError('ERR_CLOSED', 'this coordinator was closed')
    }
    start()
    await time.pass(5 * MINUTE)
    expect(events()).to.deep.equal(['memory-report-failed'])
    expect(time.timers).to.equal(0)
  })

  it('waits at close() for a run under way, logs it, flushes, and leaves no timer', async () => {
    let end: () => void = () => undefined
    coordinator.attributed = () =>
      new Promise((resolve) => {
        end = () => {
          resolve(report())
        }
      })
    start({ schedules: [{ every: MINUTE, mode: 'twin' }, { every: MINUTE }] })
    await time.pass(MINUTE)
    let isClosed = false
    const closing = Promise.all([reporter?.close(), reporter?.close()]).then(() => {
      isClosed = true
    })
    await settled()
    expect(isClosed).to.equal(false)
    end()
    await closing
    expect(events()).to.include('memory-report')
    expect(logger.flushes).to.equal(1)
    expect(time.timers).to.equal(0)
    await time.pass(HOUR)
    expect(coordinator.calls.filter((call) => call.startsWith('twin')).length).to.equal(1)
  })

  it('closes although flushing fails', async () => {
    logger.flush = () => {
      throw new Error('gone')
    }
    await start().close()
    await settled()
    expect(warnings).to.deep.equal(['WARN_LOG_SINK: the logger of a PeriodicReporter failed: gone'])
  })

  it('waits for a flush that calls back, as pino’s does', async () => {
    let flushed = false
    const flush = (callback: () => void): void => {
      setImmediate(() => {
        flushed = true
        callback()
      })
    }
    const keep = (): void => undefined
    await start({ logger: { info: keep, warn: keep, flush: flush as () => void } }).close()
    expect(flushed).to.equal(true)
  })

  it('refuses options that it cannot follow', () => {
    const refused = (options: object): string => {
      try {
        start(options)
        return 'nothing'
      } catch (error) {
        return (error as CacheAttributionError).message
      }
    }
    expect(refused({ loger: console })).to.contain('did you mean "logger"?')
    expect(refused({ schedules: [] })).to.contain('ERR_OPTION_TYPE')
    expect(refused({ schedules: [{}] })).to.contain('either "every" or "cron"')
    expect(refused({ schedules: [{ every: 5 }] })).to.contain('ERR_OPTION_RANGE')
    expect(refused({ schedules: [{ every: 1000, mode: 'twins' }] })).to.contain("one of 'observe'")
    expect(refused({ schedules: [{ cron: '61 * * * *' }] })).to.contain(
      'ERR_OPTION_RANGE: "cron" "61 * * * *" is refused',
    )
    expect(refused({ schedules: [{ cron: '0 0 30 2 *' }] })).to.contain('it is never due')
    expect(refused({ schedules: [{ every: 1000, attribute: { mode: 'twin' } }] })).to.contain("the reporter's own")
    expect(refused({ logger: { info: () => 0 } })).to.contain('info() and warn()')
    expect(time.timers).to.equal(0)
  })
})
