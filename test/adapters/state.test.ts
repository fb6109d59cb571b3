/** Holders of state that are no cache: named, or seen by its entries. Real packages of the kind are in tools/setups/caches.mjs. */
import { expect } from 'chai'
import { Keyv } from 'keyv'
import prom from 'prom-client'
import { fromCache } from '../../src/adapters/index.js'
import { isNameOfState } from '../helpers/internals/adapters.js'
import { World, rowOf, thrownBy } from '../coordinator/world.js'

const lock = (): object => ({ acquire: () => 1, release: () => 1, isLocked: () => false })
const document = (): object => ({ transact: () => 1, getMap: () => 1, getText: () => 1 })

describe('the name of a store', () => {
  it('tells locks, sessions, jobs and documents, in whatever spelling', () => {
    const names = [
      'directus-cache_lock',
      'locks:',
      'rateLimit',
      'rate-limiter',
      'userSessions',
      'sess',
      'csrf',
      'yDocuments',
    ]
    for (const name of names) expect(isNameOfState(name), name).to.equal(true)
  })

  it('tells nothing where a word only resembles one', () => {
    for (const name of ['blocks', 'clock', 'pages', 'obsession', 'keyv', '', 'docker', undefined, 7, null]) {
      expect(isNameOfState(name), String(name)).to.equal(false)
    }
  })
})

describe('a Keyv whose namespace stands for locks', () => {
  it('is not lossless, and another one is', () => {
    const lossless = (namespace: string): unknown => fromCache(new Keyv({ namespace })).traits?.lossless
    expect([lossless('directus-cache_lock'), lossless('directus-cache')]).to.deep.equal([false, true])
  })

  it('is left out of a run in the live process, and the options of register() win', async () => {
    const coordinator = new World().coordinator()
    coordinator.register('locks', fromCache(new Keyv({ namespace: 'locks' })))
    coordinator.register('known better', fromCache(new Keyv({ namespace: 'locks' })), { lossless: true })
    const report = await coordinator.attribute({ mode: 'release' })
    expect([rowOf(report, 'locks').status, rowOf(report, 'known better').status]).to.deep.equal(['skipped', 'released'])
  })
})

describe('a Map or a Set of state', () => {
  it('is not lossless, whatever the state is', () => {
    const values = {
      lock: lock(),
      document: document(),
      wrapped: { document: document(), connections: new Map() },
      session: { cookie: { path: '/', httpOnly: true } },
      timer: setTimeout(() => undefined, 0),
      socket: { write: () => 1, end: () => 1, destroy: () => 1, remoteAddress: '127.0.0.1' },
    }
    for (const [name, value] of Object.entries(values)) {
      expect(fromCache(new Map([['a', value]])).traits?.lossless, name).to.equal(false)
      expect(fromCache(new Set([value])).traits?.lossless, name).to.equal(false)
    }
    for (const value of [{ rows: 1 }, 'text', Buffer.alloc(1), Promise.resolve(1), new Map()]) {
      expect(fromCache(new Map([['a', value]])).traits?.lossless).to.equal(true)
    }
  })

  it('that was filled after its registration is emptied in a twin alone', () => {
    const map = new Map<string, object>()
    const adapted = fromCache(map)
    map.set('a', document())
    const { signal } = new AbortController()
    for (const mode of ['release', 'trim'] as const) {
      expect(thrownBy(() => adapted.release({ mode, signal }))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
      expect(thrownBy(() => adapted.trim?.(0.5, { mode: 'trim', signal, choice: 'random' }))).to.have.property(
        'message',
        'ERR_ADAPTER_REFUSED: this Map: it holds documents of an editor, which no use brings back',
      )
    }
    expect(map.size).to.equal(1)
    adapted.release({ mode: 'twin', signal })
    expect(map.size).to.equal(0)
  })
})

describe('fromCache() refuses state', () => {
  const cases = {
    sessions: { get: () => 1, set: () => 1, destroy: () => 1, touch: () => 1, clear: () => 1 },
    'a queue of jobs': { add: () => 1, pause: () => 1, onIdle: () => 1, clear: () => 1, size: 0 },
    'a document': { ...document(), clear: () => 1 },
    'a lock': { ...lock(), clear: () => 1 },
    'a registry of metrics': new prom.Registry(),
    console,
    'a cache whose second level is a member': { clear: () => 1, remote: { sendCommand: () => 1 } },
  }
  for (const [name, value] of Object.entries(cases)) {
    it(name, () => {
      expect(thrownBy(() => fromCache(value))).to.have.property('code', 'ERR_ADAPTER_REFUSED')
    })
  }
})
