import { expect } from 'chai'
import { setTimeout as delay } from 'node:timers/promises'
import type { Registry } from 'prom-client'
import { collectMetrics } from '../../src/metrics/index.js'
import type { MeteredHistory } from '../helpers/internals/metrics.js'
import type { Owner } from '../../src/twin/index.js'
import { MIB, World } from '../coordinator/world.js'
import { FakeClock, historyFolders, openHistory } from '../history/folder.js'
import { discoveryOf, ownerOf } from '../report/owners.js'
import { seriesOf, valueOf } from './registry.js'

const HOUR = 3_600_000
const FLOOR = 'cache_attribution_floor_trend'

/** Trends come some turns after the run. */
async function eventually(registry: Registry, name: string): Promise<void> {
  for (let poll = 0; poll < 200 && (await seriesOf(registry, name)).length === 0; poll++) await delay(10)
}

describe('metrics of a history', () => {
  const folderOf = historyFolders()

  it('tell what grows, by a real history that is attached to nobody', async () => {
    const clock = new FakeClock()
    const world = new World()
    const coordinator = world.coordinator()
    coordinator.register('users', world.cache('users', { allocated: MIB }))
    const { history } = await openHistory(folderOf(), { clock, limitBytes: 1024 * MIB })
    const registry = collectMetrics(coordinator, { environment: world.environment, history })
    for (let hour = 0; hour < 40; hour++) {
      clock.pass(HOUR)
      world.allocate({ allocated: MIB })
      await history.append(await coordinator.attribute())
    }
    // Of the readings before it: the history is given a report when the run is over.
    await coordinator.attribute()
    await eventually(registry, FLOOR)
    expect(await seriesOf(registry, FLOOR)).to.have.length(1)
    expect((await seriesOf(registry, FLOOR))[0]).to.match(/verdict="(growing|unbounded)"/)
    expect(await valueOf(registry, 'cache_attribution_floor_growth_bytes_per_second')).to.be.closeTo(MIB / 3600, 3)
    expect(await valueOf(registry, 'cache_attribution_read_failures_total')).to.equal(0)
    await history.close()
    await coordinator.close()
  })

  it('tell owners that nobody registered and how they grow, until a run seeks them again', async () => {
    const slope = { bytesPerHour: 3600, lowBytesPerHour: 3000, highBytesPerHour: 4000 }
    const growth = { verdict: 'growing', slope } as NonNullable<Owner['growth']>
    const discoveries = [discoveryOf([ownerOf('store.byId', 4e6, { growth }), ownerOf('bus', 1e6)]), undefined]
    const history: MeteredHistory = {
      withTrends: (given) => {
        const discovery = discoveries.shift()
        return Promise.resolve(discovery === undefined ? given : { ...given, discovery })
      },
    }
    const world = new World()
    const coordinator = world.coordinator()
    const registry = collectMetrics(coordinator, { environment: world.environment, history })
    const [bus, store] = ['{owner="server.js › bus"}', '{owner="server.js › store.byId"}']
    for (let run = 0; run < 2; run++) {
      await coordinator.attribute()
      await eventually(registry, 'cache_attribution_owner_bytes')
      expect(await valueOf(registry, `cache_attribution_owner_bytes${bus}`)).to.equal(1e6)
      expect(await valueOf(registry, `cache_attribution_owner_bytes${store}`)).to.equal(4e6)
      expect(await valueOf(registry, `cache_attribution_owner_growth_bytes_per_second${store}`)).to.equal(1)
      expect(await valueOf(registry, `cache_attribution_owner_growth_bytes_per_second${bus}`)).to.equal(null)
      expect((await seriesOf(registry, 'cache_attribution_owner_trend'))[0]).to.contain('verdict="growing"')
    }
    await coordinator.close()
  })

  it('cost a failure that is counted where the history throws or rejects, and the report stays', async () => {
    const histories: readonly MeteredHistory[] = [
      {
        withTrends: () => {
          throw new Error('thrown')
        },
      },
      { withTrends: () => Promise.reject(new Error('rejected')) },
    ]
    for (const history of histories) {
      const world = new World()
      const coordinator = world.coordinator()
      coordinator.register('users', world.cache('users', { allocated: MIB }))
      const received: unknown[] = []
      const options = { environment: world.environment, history, onError: (error: unknown) => received.push(error) }
      const registry = collectMetrics(coordinator, options)
      await coordinator.attribute()
      await delay(1)
      expect(received).to.have.length(1)
      expect(await valueOf(registry, 'cache_attribution_read_failures_total')).to.equal(1)
      expect(await seriesOf(registry, FLOOR)).to.deep.equal([])
      expect(await seriesOf(registry, 'cache_attribution_floor_bytes')).to.have.length.above(0)
      await coordinator.close()
    }
  })
})
