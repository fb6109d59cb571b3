/** Bodies that were sent and do not arrive as they were meant: by HTTP/1.1, and in Requests that frameworks hand over. */
import { expect } from 'chai'
import { HeapProfiler } from '../../src/profiling/index.js'
import { createProfileHandler } from '../../src/http/index.js'
import { thorough } from '../helpers/thorough.js'
import { messageOf, openSite, sendRaw } from './site.js'
import type { RawRequest, Site } from './site.js'

const URL_OF_RUN = 'http://localhost/debug/memory/attribution?mode=release'
const LOCAL = { remoteAddress: '127.0.0.1' }
const ONLY_USERS = '{"only":["users"]}'
const JSON_TYPE = { host: 'localhost', 'content-type': 'application/json' }

function streamOf(...pieces: readonly string[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(new TextEncoder().encode(piece))
      controller.close()
    },
  })
}

function post(init: RequestInit & { duplex?: 'half' }): Request {
  return new Request(URL_OF_RUN, { method: 'POST', headers: JSON_TYPE, ...init })
}

describe('a Request of a framework', () => {
  let site: Site
  beforeEach(async () => (site = await openSite()))
  afterEach(() => (site as Site | undefined)?.close())

  it('is understood when its body is a stream', async () => {
    const answer = await site.handler(post({ body: streamOf('{"only":', '["users"]}'), duplex: 'half' }), LOCAL)
    expect(answer?.status).to.equal(200)
    expect(site.releases()).to.equal(1)
  })

  const REFUSED: Readonly<Record<string, () => Promise<Request> | Request>> = {
    'whose body was read before': async () => {
      const request = post({ body: ONLY_USERS })
      await request.text()
      return request
    },
    'whose body something else is reading': () => {
      const request = post({ body: ONLY_USERS })
      request.body?.getReader()
      return request
    },
    'whose body was lost, but for its length': () => post({ headers: { ...JSON_TYPE, 'content-length': '18' } }),
    'whose length says more than nothing': () =>
      post({ headers: { host: 'localhost', 'content-length': '18' }, body: streamOf(), duplex: 'half' }),
    'whose body was lost, but for its encoding': () =>
      post({ headers: { host: 'localhost', 'transfer-encoding': 'chunked' } }),
    'that has no body member at all': () =>
      new Proxy(post({ headers: { host: 'localhost', 'content-length': '18' } }), {
        get: (request, key) => {
          const value = key === 'body' ? undefined : (Reflect.get(request, key, request) as unknown)
          return typeof value === 'function' ? (value.bind(request) as unknown) : value
        },
      }),
    'of JSON that is blank': () => post({ body: ' \r\n\t' }),
    'of JSON that is empty': () => post({ body: '' }),
    'of JSON without a body': () => post({}),
    'whose body breaks off': () =>
      post({
        body: new ReadableStream({
          pull(controller) {
            controller.error(new Error('the socket is gone'))
          },
        }),
        duplex: 'half',
      }),
    'in UTF-16': () => post({ body: Buffer.from(ONLY_USERS, 'utf16le') }),
  }
  for (const [name, make] of Object.entries(REFUSED)) {
    it(`is refused: one ${name}`, async () => {
      const answer = await site.handler(await make(), LOCAL)
      expect(answer?.status, await answer?.text()).to.be.within(400, 499)
      expect(site.releases()).to.equal(0)
    })
  }

  it('may have no body and no type', async () => {
    const answer = await site.handler(post({ headers: { host: 'localhost' } }), LOCAL)
    expect(answer?.status).to.equal(200)
    expect(site.releases()).to.equal(3)
  })
})

describe('a large body', () => {
  let site: Site
  before(async () => (site = await openSite({ bodyBytes: 16 * 1024 * 1024 })))
  after(() => (site as Site | undefined)?.close())
  const MANY = 9_000_000

  const LARGE: Readonly<Record<string, () => string>> = {
    'a long name': () => JSON.stringify({ only: ['x'.repeat(MANY)] }),
    'a long name of escapes': () => `{"only":["${'\\\\'.repeat(MANY / 2)}"]}`,
    'a long key': () => JSON.stringify({ ['x'.repeat(MANY)]: 1 }),
    'a long mode': () => JSON.stringify({ mode: 'x'.repeat(MANY) }),
    'many names': () => JSON.stringify({ only: Array.from({ length: 500_000 }, (_, index) => `name ${index}`) }),
    'many keys': () => `{${Array.from({ length: 500_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
    'a deep nest': () => `{"budget":${'['.repeat(MANY / 2)}${']'.repeat(MANY / 2)}}`,
    'a deep nest of objects': () => `{"budget":${'{"a":'.repeat(1_000_000)}1${'}'.repeat(1_000_000)}}`,
  }
  /** The others are of the same kinds: text, members, depth. */
  const FIRST = ['a long name', 'many keys', 'a deep nest']
  for (const [name, make] of Object.entries(LARGE)) {
    const test = FIRST.includes(name) ? it : thorough
    test(`is judged like a short one: ${name}`, async () => {
      const answer = await site.handler(post({ body: make() }), LOCAL)
      expect(answer?.status, (await answer?.text())?.slice(0, 300)).to.be.oneOf([400, 404])
      expect(site.releases()).to.equal(0)
    })
  }
})

describe('a body over HTTP/1.1', () => {
  let site: Site
  before(async () => (site = await openSite({ bodyTimeoutMs: 200 })))
  after(() => (site as Site | undefined)?.close())

  const run = { method: 'POST', target: '/debug/memory/attribution?mode=release' }
  const chunked = 'Transfer-Encoding: chunked'
  const REFUSED: Readonly<Record<string, RawRequest>> = {
    blank: { ...run, headers: ['Content-Type: application/json'], body: '   ' },
    'blank, in chunks': { ...run, headers: ['Content-Type: application/json', chunked], body: '1\r\n \r\n0\r\n\r\n' },
    'empty, and announced as JSON': { ...run, headers: ['Content-Type: application/json'], body: '' },
    'empty in chunks, and announced as JSON': {
      ...run,
      headers: ['Content-Type: application/json', chunked],
      body: '0\r\n\r\n',
    },
    'compressed, and empty': { ...run, headers: ['Content-Encoding: gzip'], body: '' },
    'blank, without a type': { ...run, body: ' ' },
    'sent where none is taken': {
      method: 'DELETE',
      target: '/debug/memory/attribution/current',
      headers: ['Content-Type: application/json'],
      body: '{"id":"x"}',
    },
  }
  for (const [name, request] of Object.entries(REFUSED)) {
    it(`is refused: ${name}`, async () => {
      const answer = await sendRaw(site.port, messageOf(request))
      expect(answer.status, answer.text).to.be.oneOf([400, 415])
      expect(site.releases()).to.equal(0)
    })
  }

  it('is refused by the profiles’ addresses, and so is a query that they do not know', async () => {
    await using profiles = createProfileHandler(new HeapProfiler())
    for (const [path, body] of [
      ['/profiling/deactivate', '{"seconds":5}'],
      ['/profiling/deactivate?seconds=5', null],
    ] as const) {
      const request = new Request(`http://localhost/debug/pprof/heap${path}`, {
        method: 'POST',
        headers: JSON_TYPE,
        body,
      })
      expect((await profiles(request, LOCAL))?.status, path).to.equal(400)
    }
  })
})
