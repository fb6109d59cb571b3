import diagnosticsChannel from 'node:diagnostics_channel'
import { expect } from 'chai'
import type { Coordinator } from '../../src/index.js'
import type { CoordinatorEventPayloads } from '../helpers/internals/coordinator.js'
import { MIB, World, rejectionOf, rowOf, turn, warningsOf } from './world.js'

const EVENTS: readonly (keyof CoordinatorEventPayloads)[] = [
  'run-started',
  'run-planned',
  'cache-released',
  'cache-failed',
  'cache-skipped',
  'run-finished',
  'run-failed',
  'warning',
]

describe('events', () => {
  let world: World
  let coordinator: Coordinator
  let received: [name: string, payload: Record<string, unknown>][]
  beforeEach(() => {
    world = new World()
    coordinator = world.coordinator()
    coordinator.register('good', world.cache('good', { allocated: MIB, heap: 5 }))
    coordinator.register('bad', {
      release: () => {
        throw new Error('no')
      },
    })
    coordinator.register('dear', { release: () => undefined }, { refillCost: 'high' })
    received = []
    for (const name of EVENTS) {
      coordinator.on(name, (payload: unknown) => received.push([name, payload as Record<string, unknown>]))
    }
  })

  it('have any number of listeners without a warning of Node', async () => {
    const warned: Error[] = []
    const note = (warning: Error): void => void warned.push(warning)
    process.on('warning', note)
    try {
      for (let listener = 0; listener < 30; listener++) coordinator.on('run-finished', () => undefined)
      await turn()
      expect(coordinator.listenerCount('run-finished')).to.equal(31)
      expect(warned.map(({ message }) => message)).to.deep.equal([])
    } finally {
      process.off('warning', note)
    }
  })

  it('tell the course of a run in order', async () => {
    await coordinator.attribute()
    expect(received.map(([name]) => name)).to.deep.equal([
      'run-started',
      'run-planned',
      'cache-skipped',
      'cache-released',
      'cache-released',
      'cache-failed',
      'run-finished',
    ])
  })

  it('tell what their types say', async () => {
    const report = await coordinator.attribute({ trigger: 'schedule', controls: 2 })
    const { id } = report
    const planned = received[1]?.[1] ?? {}
    expect(received[0]).to.deep.equal(['run-started', { id, trigger: 'schedule', mode: 'release' }])
    expect(planned).to.deep.include({ id, order: ['good', 'bad'], controls: 2 })
    expect(planned['skipped']).to.have.length(1)
    expect(planned['longestPauseMs']).to.be.closeTo(2 * (planned['settleMs'] as number), 1e-6)
    expect(received[3]?.[1]).to.include({
      id,
      name: 'good',
      status: 'released',
      allocatedBytes: MIB,
      heapBytes: 5,
      mappedBytes: null,
      pauseMs: rowOf(report, 'good').pauseMs,
    })
    expect(received[5]).to.deep.equal([
      'cache-failed',
      { id, name: 'bad', status: 'failed', error: { code: 'ERR_RELEASE_FAILED', message: 'no' } },
    ])
    expect(received.at(-1)?.[1]['report']).to.equal(report)
  })

  it('tell a run that failed, with its error', async () => {
    coordinator.once('run-planned', () => (world.readError = new Error('the allocator is gone')))
    await rejectionOf(coordinator.attribute({ only: [] }))
    expect(received.at(-1)?.[0]).to.equal('run-failed')
    expect(received.at(-1)?.[1]['error']).to.equal(world.readError)
  })

  it('are published on channels of node:diagnostics_channel too', async () => {
    const published: [string, unknown][] = []
    const note = (message: unknown, channel: string | symbol): void => {
      published.push([String(channel), message])
    }
    for (const name of EVENTS) diagnosticsChannel.subscribe(`cache-attribution:${name}`, note)
    try {
      await coordinator.attribute()
    } finally {
      for (const name of EVENTS) diagnosticsChannel.unsubscribe(`cache-attribution:${name}`, note)
    }
    expect(published).to.deep.equal(received.map(([name, payload]) => [`cache-attribution:${name}`, payload]))
  })

  it('go on when a listener throws; the report says so, once for the same words', async () => {
    coordinator.on('cache-released', () => {
      throw new Error('a bad listener')
    })
    const report = await coordinator.attribute()
    expect(report.warnings).to.deep.equal([
      { code: 'WARN_LISTENER', message: 'a listener of "cache-released" threw: a bad listener' },
    ])
    expect(rowOf(report, 'good').released.allocatedBytes).to.equal(MIB)
    expect(rowOf(report, 'bad').status).to.equal('failed')
  })

  for (const name of ['run-started', 'run-planned', 'cache-skipped', 'cache-failed'] as const) {
    it(`go on when a listener of ${name} throws`, async () => {
      coordinator.on(name, () => {
        throw new Error('a bad listener')
      })
      expect(warningsOf(await coordinator.attribute())).to.deep.equal(['WARN_LISTENER'])
    })
  }

  it('go on when a listener throws what cannot be shown', async () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    coordinator.on('run-planned', () => {
      // eslint-disable-next-line @typescript-eslint/only-throw-error -- that is the point
      throw proxy
    })
    const report = await coordinator.attribute()
    expect(report.warnings[0]?.message).to.match(/something that cannot be shown was thrown$/)
  })

  it('go on when a listener of warnings throws, without asking it again', async () => {
    let calls = 0
    coordinator.on('warning', () => {
      calls++
      throw new Error('a bad listener')
    })
    coordinator.on('run-planned', () => {
      throw new Error('another')
    })
    expect(warningsOf(await coordinator.attribute())).to.deep.equal(['WARN_LISTENER'])
    expect(calls).to.equal(1)
  })

  it('reach the caller although the listener of the last one throws', async () => {
    coordinator.on('run-finished', () => {
      throw new Error('a bad listener')
    })
    expect((await coordinator.attribute()).caches).to.have.length(3)
  })

  it('let a listener go from inside itself', async () => {
    let calls = 0
    const once = (): void => {
      calls++
      coordinator.off('cache-released', once)
    }
    coordinator.on('cache-released', once)
    await coordinator.attribute()
    await coordinator.attribute()
    expect(calls).to.equal(1)
  })

  it('let a listener begin the next run when one is over', async () => {
    const next: Promise<unknown>[] = []
    coordinator.once('run-finished', () => {
      next.push(turn().then(() => coordinator.attribute()))
    })
    const first = await coordinator.attribute()
    expect(await Promise.all(next)).to.not.include(first)
  })

  it('are not awaited: a listener that returns a promise holds nothing up', async () => {
    const listener = (): unknown => new Promise(() => undefined)
    coordinator.on('cache-released', listener)
    await coordinator.attribute()
  })
})
