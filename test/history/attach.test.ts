import { expect } from 'chai'
import { Calibrations } from '../helpers/internals/coordinator.js'
import { SeriesStore } from '../helpers/internals/history.js'
import type { AttachableCoordinator } from '../helpers/internals/history.js'
import { formatReport } from '../../src/index.js'
import type { AttributionReport } from '../../src/index.js'
import { MIB, World } from '../coordinator/world.js'
import { report, row } from '../report/reports.js'
import { FakeClock, historyFolders, linesIn, openHistory, recordsIn } from './folder.js'

const HOUR = 3_600_000

describe('history.attach()', () => {
  const folderOf = historyFolders()

  it('keeps every report, and adds trends to it', async () => {
    const folder = folderOf()
    const clock = new FakeClock()
    const world = new World()
    const coordinator = world.coordinator()
    coordinator.register('users', world.cache('users', { allocated: MIB }))
    const { history } = await openHistory(folder, { clock, limitBytes: 1024 * MIB })
    history.attach(coordinator)
    let last = await coordinator.attribute({ mode: 'release' })
    for (let hour = 0; hour < 60; hour++) {
      clock.pass(HOUR)
      world.allocate({ allocated: MIB })
      last = await coordinator.attribute({ mode: 'release' })
    }
    await history.close()
    expect(last.floor.trend?.verdict).to.be.oneOf(['growing', 'unbounded'])
    expect(last.floor.trend?.allocated?.slope?.bytesPerHour).to.be.closeTo(MIB, 1e4)
    expect(last.floor.trend?.heap?.verdict).to.equal('stable')
    expect(last.caches[0]?.trend).to.be.an('object')
    expect(last.forecast?.limitSource).to.equal('configured')
    const text = formatReport(last, { color: false })
    expect(text).to.match(/^floor trend .*something leaks/m)
    expect(text).to.match(/^forecast /m)
    const kept = (await recordsIn(folder)).filter(({ kind }) => kind === 'report')
    expect(kept).to.have.length(61)
    expect(
      linesIn(folder)
        .flatMap(({ lines }) => lines)
        .join('\n'),
    ).to.not.include('"trend"')
    expect(await coordinator.attribute()).to.not.have.nested.property('floor.trend')
    await coordinator.close()
  })

  it('carries the calibration over a restart', async () => {
    const folder = folderOf()
    for (const isFirst of [true, false]) {
      const world = new World()
      const coordinator = world.coordinator()
      const cache = world.cache('users', { allocated: MIB })
      coordinator.register('users', cache)
      const { history } = await openHistory(folder)
      history.attach(coordinator)
      expect(coordinator.observe().caches[0]?.estimatedBytes === null).to.equal(isFirst)
      if (isFirst) await coordinator.attribute()
      await history.close()
      await coordinator.close()
    }
  })

  it('carries over a restart what a twin found', async () => {
    const folder = folderOf()
    const calibrations = new Calibrations()
    // In place of a coordinator that made the run: no twin can be made of a process of a few numbers.
    const extensions: Parameters<AttachableCoordinator['extendReports']>[0][] = []
    const { history } = await openHistory(folder)
    history.attach({
      get calibration() {
        return calibrations.toJSON()
      },
      restoreCalibration: () => {},
      extendReports: (given) => {
        extensions.push(given)
        return () => {}
      },
    })
    const ofTwin = report([row('users', MIB), row('pages', 2 * MIB)], { mode: 'twin' })
    calibrations.note(ofTwin)
    await extensions[0]?.(ofTwin)
    await history.close()

    const coordinator = new World().coordinator()
    coordinator.register('users', { release: () => undefined, entries: () => 100 })
    const next = await openHistory(folder)
    next.history.attach(coordinator)
    expect(coordinator.observe().caches[0]?.estimatedBytes).to.equal(MIB)
    expect(coordinator.calibration.caches.map(({ name }) => name)).to.deep.equal(['users', 'pages'])
    await next.history.close()
    await coordinator.close()
  })

  it('waits for what an extension adds later; one that rejects is a warning', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    coordinator.register('users', world.cache('users', { allocated: MIB }))
    coordinator.extendReports(async (original) => {
      await new Promise((resolve) => setImmediate(resolve))
      return { ...original, id: 'later' }
    })
    coordinator.extendReports(() => Promise.reject(new Error('no')))
    const reported = new Promise((resolve) => coordinator.once('run-finished', resolve))
    const extended = await coordinator.attribute({ mode: 'release' })
    expect(extended.id).to.equal('later')
    expect(extended.warnings.map(({ code }) => code)).to.deep.equal(['WARN_REPORT_EXTENSION'])
    expect(await reported).to.have.nested.property('report.id', 'later')
    await coordinator.close()
  })

  it('leaves the report as it is where an extension throws, with a warning', async () => {
    const world = new World()
    const coordinator = world.coordinator()
    const undo = coordinator.extendReports(() => {
      throw new Error('no')
    })
    coordinator.extendReports((original) => ({ ...original, id: 'mine' }))
    const extended = await coordinator.attribute()
    expect(extended.id).to.equal('mine')
    expect(extended.warnings.map(({ code }) => code)).to.deep.equal(['WARN_REPORT_EXTENSION'])
    undo()
    expect((await coordinator.attribute()).warnings).to.deep.equal([])
    await coordinator.close()
  })
})

describe('the series of a cache', () => {
  it('begin another level where it was released under pressure', () => {
    const segmentsOf = (warnings: AttributionReport['warnings']): number => {
      const series = new SeriesStore()
      for (let hour = 0; hour < 4; hour++) {
        series.add({
          kind: 'report',
          lifetime: 'one',
          at: '2026-01-01T00:00:00.000Z',
          upMs: hour * HOUR,
          report: report([row('pages', MIB)], { mode: 'twin', warnings: hour === 2 ? warnings : [] }),
        })
      }
      return [...series.inputs().caches].find(({ name }) => name === 'pages')?.input.measured.length ?? 0
    }
    const warning = { code: 'WARN_RELEASED_UNDER_PRESSURE' as const, message: '' }
    expect(segmentsOf([])).to.equal(1)
    expect(segmentsOf([{ ...warning, caches: ['pages'] }])).to.equal(2)
    expect(segmentsOf([{ ...warning, caches: ['users'] }])).to.equal(1)
  })
})
