/** A registered cache that never had an entry while the service worked: the run asks whether it is the right copy. */
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import type { Coordinator } from '../../src/index.js'
import { formatReport } from '../../src/index.js'
import { nodeEnvironment } from '../helpers/internals/support.js'
import { World } from './world.js'

/** A process whose event loop has worked for `activeMs`. */
function place(): { readonly busy: { activeMs: number }; readonly world: World; readonly coordinator: Coordinator } {
  const world = new World()
  const busy = { activeMs: 500 }
  const environment = { ...world.environment, activeMs: () => busy.activeMs }
  const coordinator = world.coordinator({ environment, controls: 2 })
  return { busy, world, coordinator }
}

async function warned(coordinator: Coordinator, mode: 'release' | 'trim' = 'release'): Promise<string[]> {
  const { warnings } = await coordinator.attribute({ mode })
  return warnings.filter(({ code }) => code === 'WARN_NEVER_FILLED').map(({ message }) => message)
}

describe('a registered cache that never had an entry', () => {
  it('is asked about once the event loop has worked for a second: in the report, its text and an event', async () => {
    const { busy, coordinator } = place()
    const events: string[] = []
    coordinator.on('warning', ({ code }) => events.push(code))
    coordinator.register('pages', { release: () => undefined, entries: () => 0 })
    busy.activeMs += 900
    expect(await warned(coordinator)).to.deep.equal([])
    busy.activeMs += 94_300
    const report = await coordinator.attribute({ mode: 'release' })
    const words =
      '"pages" had no entry whenever it was asked, and the event loop has worked for 95.2 s since it was registered: is it the copy that the service uses?'
    expect(report.warnings).to.deep.include({ code: 'WARN_NEVER_FILLED', message: words, cache: 'pages' })
    expect(formatReport(report, { color: false })).to.contain('is it the copy that the service uses?')
    expect(events).to.deep.equal(['WARN_NEVER_FILLED'])
  })

  it('is told from one that an observation or a run saw filled', async () => {
    for (const look of ['observe', 'attribute', 'claims'] as const) {
      const { busy, coordinator } = place()
      const state = { entries: look === 'claims' ? 0 : 3, bytes: look === 'claims' ? 10 : 0 }
      coordinator.register('pages', {
        release: () => {
          state.entries = 0
        },
        entries: () => state.entries,
        claimedBytes: () => state.bytes,
      })
      if (look === 'attribute') await warned(coordinator)
      else coordinator.observe()
      Object.assign(state, { entries: 0, bytes: 0 })
      busy.activeMs += 60_000
      expect(await warned(coordinator), look).to.deep.equal([])
    }
  })

  it('is not asked about where it does not count, frees something, stands for several, or is left out', async () => {
    const { busy, world, coordinator } = place()
    coordinator.register('uncounted', { release: () => undefined })
    coordinator.register('several', { release: () => undefined, entries: () => 0, instances: () => 2 })
    const full = world.cache('full', { allocated: 2 ** 22 })
    coordinator.register('miscounted', {
      release: () => {
        full.drop()
      },
      entries: () => 0,
    })
    coordinator.register('costly', { release: () => undefined, entries: () => 0 }, { refillCost: 'high' })
    busy.activeMs += 60_000
    expect(await warned(coordinator)).to.deep.equal([])
  })

  it('counts the work since its own registration', async () => {
    const { busy, coordinator } = place()
    coordinator.register('early', { release: () => undefined, entries: () => 0 })
    busy.activeMs += 5000
    coordinator.register('late', { release: () => undefined, entries: () => 0 })
    expect((await warned(coordinator)).map((message) => message.slice(0, 7))).to.deep.equal(['"early"'])
  })
})

describe('the work of an event loop', () => {
  it('grows by the time that JavaScript takes', async () => {
    await delay(1)
    const before = nodeEnvironment.activeMs?.() ?? NaN
    for (const end = performance.now() + 40; performance.now() < end;) continue
    await delay(1)
    expect((nodeEnvironment.activeMs?.() ?? NaN) - before).to.be.at.least(35)
  })
})
