/** Readings that a page of another origin sets off, or that somebody asks for again and again: neither holds the process. */
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { expect } from 'chai'
import { ROUTES } from '../helpers/internals/http-admin-routes.js'
import type { HistorySource } from '../helpers/internals/http-admin.js'
import { messageOf, openSite, sendRaw } from './site.js'
import type { RawAnswer, Site } from './site.js'

const BASE = '/debug/memory'
const READ_ROUTES = ROUTES.filter(({ methods }) => methods.GET !== undefined).map(({ path }) =>
  path.replace('{name}', 'users').replace('{id}', 'last'),
)

const fetchHeaders = (site: string, mode: string, dest: string): string[] => [
  `Sec-Fetch-Site: ${site}`,
  `Sec-Fetch-Mode: ${mode}`,
  `Sec-Fetch-Dest: ${dest}`,
]

/** The headers that browsers send for a page of another origin that loads something from here. */
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  'an image': fetchHeaders('cross-site', 'no-cors', 'image'),
  'an image of the same site': fetchHeaders('same-site', 'no-cors', 'image'),
  'a script': fetchHeaders('cross-site', 'no-cors', 'script'),
  'a style sheet': fetchHeaders('cross-site', 'no-cors', 'style'),
  'a video': fetchHeaders('cross-site', 'no-cors', 'video'),
  'a frame': fetchHeaders('cross-site', 'navigate', 'iframe'),
  'a frame of the same site': fetchHeaders('same-site', 'navigate', 'frame'),
  'an object': fetchHeaders('cross-site', 'navigate', 'object'),
  'an embedded document': fetchHeaders('cross-site', 'navigate', 'embed'),
  'a fenced frame': fetchHeaders('cross-site', 'navigate', 'fencedframe'),
  'a fetch': [...fetchHeaders('cross-site', 'cors', 'empty'), 'Origin: https://evil.example'],
  'a fetch without CORS': fetchHeaders('cross-site', 'no-cors', 'empty'),
  'a stream of events': [...fetchHeaders('cross-site', 'cors', 'empty'), 'Accept: text/event-stream'],
  'a fetch by an old browser': ['Origin: https://evil.example'],
  'a fetch out of a sandbox': ['Origin: null'],
  'a page that is fetched before its link is followed': [
    ...fetchHeaders('cross-site', 'navigate', 'document'),
    'Sec-Purpose: prefetch',
  ],
  'a page that is rendered beforehand': [
    ...fetchHeaders('cross-site', 'navigate', 'document'),
    'Sec-Purpose: prefetch;prerender',
  ],
  'a worker': fetchHeaders('cross-site', 'same-origin', 'worker'),
  'a header that stands twice': ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site'],
  'a site alone': ['Sec-Fetch-Site: cross-site'],
}

/** Who may read. */
const FRIENDLY: Readonly<Record<string, readonly string[]>> = {
  'a client that is no browser': [],
  Prometheus: ['Accept: */*', 'User-Agent: Prometheus/3.0.0', 'X-Prometheus-Scrape-Timeout-Seconds: 10'],
  'the page itself': fetchHeaders('same-origin', 'cors', 'empty'),
  'an address that was typed': fetchHeaders('none', 'navigate', 'document'),
  'a link on another site': [...fetchHeaders('cross-site', 'navigate', 'document'), 'Sec-Fetch-User: ?1'],
  'a link on the same site': fetchHeaders('same-site', 'navigate', 'document'),
  'a page whose origin was named': [...fetchHeaders('cross-site', 'cors', 'empty'), 'Origin: https://ops.example'],
}

describe('reading by way of a page of another origin', () => {
  let site: Site
  before(async () => (site = await openSite({ origins: ['https://ops.example'] })))
  after(() => (site as Site | undefined)?.close())
  const get = (path: string, headers: readonly string[], method = 'GET'): Promise<RawAnswer> =>
    sendRaw(site.port, messageOf({ method, target: BASE + path, headers }))

  for (const [name, headers] of Object.entries(FOREIGN)) {
    it(`is refused at every address: ${name}`, async () => {
      for (const path of READ_ROUTES) {
        const answer = await get(path, headers)
        expect(answer.status, path).to.equal(403)
        expect(JSON.parse(answer.body)).to.include({ code: 'ERR_HTTP_CROSS_ORIGIN' })
      }
      expect((await get('/breakdown', headers, 'HEAD')).status).to.equal(403)
    })
  }

  for (const [name, headers] of Object.entries(FRIENDLY)) {
    it(`is not refused: ${name}`, async () => {
      for (const path of ['/', '/status', '/caches', '/breakdown']) {
        expect((await get(path, headers)).status, path).to.equal(200)
      }
    })
  }
})

describe('reading again and again', () => {
  it('reads the kernel’s list once for all who ask meanwhile, and tells the age', async function () {
    if (process.platform !== 'linux') this.skip()
    const site = await openSite()
    const reads = countingReads('smaps')
    try {
      const ask = async (): Promise<Response> => fetch(`${site.base}/breakdown`)
      const answers = await Promise.all(Array.from({ length: 100 }, ask))
      for (let time = 0; time < 50; time++) answers.push(await ask())
      expect(reads.count()).to.be.within(1, 3)
      expect(new Set(await Promise.all(answers.map((answer) => answer.text()))).size).to.equal(reads.count())
      for (const { status, headers } of answers) {
        expect(status).to.equal(200)
        expect(headers.get('age')).to.match(/^\d+$/)
      }
    } finally {
      reads.stop()
      await site.close()
    }
  })

  it('reads anew after a run: what it found is not told late', async function () {
    if (process.platform !== 'linux') this.skip()
    const site = await openSite()
    try {
      const ask = async (): Promise<string> => (await fetch(`${site.base}/breakdown`)).text()
      const before = await ask()
      await fetch(`${site.base}/attribution?mode=release&only=users`, { method: 'POST' })
      expect(await ask()).not.to.equal(before)
    } finally {
      await site.close()
    }
  })

  it('leaves the loop to the service, however dear a reading is', async () => {
    const BURN_MS = 60
    let computed = 0
    const history = {
      trends: () => {
        computed++
        const until = performance.now() + BURN_MS
        while (performance.now() < until);
        return Promise.resolve({ caches: [] })
      },
      read: async function* () {},
    } as unknown as HistorySource
    const site = await openSite({ history })
    const stalls = probe(BURN_MS - 10)
    try {
      const untilMs = performance.now() + 2000
      let asked = 0
      while (performance.now() < untilMs) {
        const statuses = await Promise.all(
          Array.from({ length: 10 }, async () => (await fetch(`${site.base}/trends`)).status),
        )
        expect(new Set(statuses)).to.deep.equal(new Set([200]))
        asked += statuses.length
      }
      // A share of a twentieth: 60 ms, and 1.2 s without another.
      expect(computed).to.be.within(1, 3)
      expect(asked).to.be.greaterThan(20 * computed)
      expect(stalls.count()).to.be.lessThan(asked / 4)
    } finally {
      stalls.stop()
      await site.close()
    }
  })
})

/** Counts how often a file of /proc/self is opened. */
function countingReads(name: string): { count(): number; stop(): void } {
  const { openSync } = fs
  let count = 0
  fs.openSync = (...args) => {
    if (String(args[0]).endsWith(`/${name}`)) count++
    return openSync(...args)
  }
  syncBuiltinESMExports()
  return {
    count: () => count,
    stop: () => {
      fs.openSync = openSync
      syncBuiltinESMExports()
    },
  }
}

/** Counts how often the loop stood still for so long. */
function probe(leastMs: number): { count(): number; stop(): void } {
  let [count, lastMs] = [0, performance.now()]
  const timer = setInterval(() => {
    const nowMs = performance.now()
    if (nowMs - lastMs > leastMs) count++
    lastMs = nowMs
  }, 5)
  return {
    count: () => count,
    stop: () => {
      clearInterval(timer)
    },
  }
}
