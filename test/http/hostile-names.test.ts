/** Caches of any name: each can be seen and released over HTTP, and no name leads to another's address. */
import { expect } from 'chai'
import { decodeName, encodeName } from '../helpers/internals/http-server.js'
import type { Coordinator } from '../../src/index.js'
import { createAdminHandler, toNodeListener } from '../../src/http/index.js'
import http from 'node:http'
import type { AdminHandler } from '../../src/http/index.js'
import { World } from '../coordinator/world.js'
import type { FakeCache } from '../coordinator/world.js'
import { closeServer, listen } from './site.js'

const NAMES = [
  '.',
  '..',
  '...',
  'a/b',
  '/',
  '//',
  '../../status',
  '%2e',
  '%2E%2e',
  '%',
  '%ED%A0%80',
  'a%00b',
  '\0',
  ' ',
  '\t\r\n',
  '+',
  'a+b c',
  '&name=users',
  'a=b',
  '?',
  '#',
  '\\',
  ';',
  '\'"`<script>',
  'release',
  'current',
  'users',
  '__proto__',
  'constructor',
  'toString',
  'ünïcödé',
  '\u202e',
  '😀',
  '\ud83d',
  '\ude00',
  'a\ud800b',
  '\ud800\ud800',
  '\ude00\ud83d',
  '\uffff',
  'x'.repeat(200),
  '😀'.repeat(100),
  '\ud800'.repeat(200),
]

describe('a cache of any name', () => {
  let coordinator: Coordinator
  let handler: AdminHandler
  let server: http.Server
  let base: string
  const caches = new Map<string, FakeCache>()
  before(async () => {
    const world = new World()
    coordinator = world.coordinator()
    for (const name of NAMES) {
      const cache = world.cache(name, { heap: 1000 })
      caches.set(name, cache)
      coordinator.register(name, cache)
    }
    handler = createAdminHandler(coordinator, { coolDownMs: 0 })
    const listener = toNodeListener(handler)
    server = http.createServer((request, response) => void listener(request, response))
    base = `http://127.0.0.1:${await listen(server)}/debug/memory`
  })
  after(async () => {
    await (handler as AdminHandler | undefined)?.close()
    await (coordinator as Coordinator | undefined)?.close()
    if ((server as http.Server | undefined)?.listening) await closeServer(server)
  })
  beforeEach(() => {
    for (const cache of caches.values()) cache.releases = 0
  })
  const released = (): string[] => [...caches].flatMap(([name, { releases }]) => (releases > 0 ? [name] : []))

  for (const name of NAMES) {
    const shown = JSON.stringify(name).slice(0, 40)
    it(`is found at the address that the list gives: ${shown}`, async () => {
      const { caches: views } = (await (await fetch(`${base}/caches`)).json()) as {
        caches: readonly { name: string; href: string }[]
      }
      const { href } = views.find((view) => view.name === name) ?? { href: 'nowhere' }
      expect(href).to.equal(`cache?name=${encodeName(name)}`)
      expect(await (await fetch(`${base}/${href}`)).json()).to.include({ name })
    })

    it(`is released alone, by its address and by a body: ${shown}`, async () => {
      for (const [path, body] of [
        [`/cache/release?name=${encodeName(name)}`, null],
        ['/cache/release', JSON.stringify({ name })],
      ] as const) {
        const headers = body === null ? {} : { 'content-type': 'application/json' }
        const answer = await fetch(base + path, { method: 'POST', headers, body })
        expect(answer.status, path).to.equal(200)
      }
      expect(released()).to.deep.equal([name])
    })

    it(`is one of those that a run names: ${shown}`, async () => {
      const query = `mode=release&only=${encodeName(name)}`
      expect((await fetch(`${base}/attribution?${query}`, { method: 'POST' })).status).to.equal(200)
      expect(released()).to.deep.equal([name])
    })
  }

  it('is needed where an address is for one cache', async () => {
    for (const [method, path, status] of [
      ['GET', '/cache', 400],
      ['GET', '/cache?name=', 404],
      ['GET', '/cache?name=nobody', 404],
      ['GET', '/cache?name=users&name=users', 400],
      ['GET', '/cache?name=users&x=1', 400],
      ['POST', '/cache/release', 400],
      ['POST', '/cache/release?name=nobody', 404],
      ['GET', '/cache?name=%ff', 400],
      // A whole pair has its own bytes.
      ['GET', '/cache?name=%ED%A0%BD%ED%B8%80', 400],
    ] as const) {
      expect((await fetch(base + path, { method })).status, path).to.equal(status)
    }
    expect(released()).to.deep.equal([])
  })
})

describe('the encoding of names', () => {
  it('gives back every name, in ASCII', () => {
    for (const name of NAMES) {
      expect(encodeName(name)).to.match(/^[\x21-\x7e]*$/)
      expect(decodeName(encodeName(name))).to.equal(name)
    }
  })

  it('has one way to write a name', () => {
    const ways = new Set(NAMES.map(encodeName))
    expect(ways.size).to.equal(NAMES.length)
    for (const bad of ['%ED%A0%BD%ED%B8%80', '%ED%A0', '%C0%AE', '%F4%90%80%80', '%', '%zz', '%ED%A0%ED']) {
      expect(() => decodeName(bad), bad).to.throw(URIError)
    }
  })
})
