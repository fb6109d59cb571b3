import { mkdirSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { once } from 'node:events'
import { expect } from 'chai'
import { runCommandLine } from '../helpers/internals/cli.js'
import { discoveryOf, ownerOf } from '../report/owners.js'
import { report, row, sample } from '../report/reports.js'
import { FakeClock, openHistory } from '../history/folder.js'
import { temporaryFolders } from './fixtures.js'

const HOUR = 3_600_000

interface Ended {
  readonly code: unknown
  readonly out: string
  readonly err: string
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const [out, err]: [string[], string[]] = [[], []]
  const outcome = await runCommandLine({
    args,
    env,
    cwd: '/',
    stdout: (text) => out.push(text),
    stderr: (text) => err.push(text),
  })
  return { code: 'code' in outcome ? outcome.code : outcome.signal, out: out.join(''), err: err.join('') }
}

/** Sixty hourly reports: "users" stays, the floor grows by so much an hour. */
async function fill(folder: string, floorGrowth: number): Promise<void> {
  const clock = new FakeClock()
  const { history } = await openHistory(folder, { clock })
  for (let hour = 0; hour < 60; hour++) {
    const floor = { allocatedBytes: 50e6 + hour * floorGrowth, heapBytes: 20e6, mappedBytes: null }
    const startedAt = clock.date().toISOString()
    await history.append(report([row('users', 5e6 + (hour % 3) * 1000)], { id: String(hour), floor, startedAt }))
    clock.pass(HOUR)
  }
  await history.close()
}

describe('cache-attribution history', () => {
  const folderOf = temporaryFolders()

  it('shows each cache and the floor with a line, a rate and a verdict, and exits with 3 where something grows', async () => {
    const folder = folderOf()
    await fill(folder, 1e6)
    const { code, out, err } = await run(['history', folder])
    expect(err).to.equal('')
    expect(code).to.equal(3)
    expect(out).to.match(/^60 reports and 0 observations/)
    expect(out).to.match(/^users .*[▁█].* stable$/m)
    expect(out).to.match(/^\(floor\) +▁.*█ .*\+976\.56 KiB\/h|\+976\.6 KiB\/h.* (growing|unbounded)$/m)
    expect(out).to.match(/^floor: .*something leaks/m)
  })

  it('exits with 0 where nothing grows, and gives JSON', async () => {
    const folder = folderOf()
    await fill(folder, 0)
    const { code, out } = await run(['history', '--json', folder])
    expect(code).to.equal(0)
    expect(JSON.parse(out)).to.have.nested.property('floor.verdict', 'stable')
  })

  it('says of an empty folder that it has no record, and names no moment', async () => {
    const folder = folderOf()
    mkdirSync(folder, { recursive: true })
    const { code, out } = await run(['history', folder])
    expect(code).to.equal(0)
    expect(out).to.match(/^0 reports and 0 observations, no record at all\n/)
    const json = await run(['history', '--json', folder])
    expect(JSON.parse(json.out)).to.include({ report: 0, until: null })
    expect(out + json.out).not.to.contain('1970')
  })

  it('says what is wrong with a folder that is none', async () => {
    expect(await run(['history', '/nonexistent'])).to.deep.include({ code: 1 })
    expect((await run(['history', '/nonexistent'])).err).to.include('ERR_HISTORY_FOLDER')
    expect(await run(['history'])).to.deep.include({ code: 2 })
  })
})

describe('cache-attribution diff', () => {
  const folderOf = temporaryFolders()

  it('compares two files', async () => {
    const folder = folderOf()
    for (const [name, bytes] of [
      ['a', 1e6],
      ['b', 3e6],
    ] as const) {
      writeFileSync(path.join(folder, name), JSON.stringify(report([row('users', bytes)])))
    }
    const { code, out } = await run(['diff', path.join(folder, 'a'), path.join(folder, 'b')])
    expect(code).to.equal(0)
    expect(out).to.match(/^users +976\.6 KiB +2\.86 MiB +\+1\.91 MiB +11\.31 KiB/m)
    expect(out).to.match(/^from .*\nafter: The cache "users" holds 2\.86 MiB ± 8\.00 KiB, 1\.2 % of live memory\.\n/)
  })

  it('tells how owners changed that nobody registered, and nothing of one that was not listed', async () => {
    const folder = folderOf()
    for (const [name, owners] of [
      ['a', [ownerOf('store.byId', 1e6), ownerOf('gone', 2e6)]],
      ['b', [ownerOf('store.byId', 4e6, { entries: 4000 }), ownerOf('fresh', 5e5)]],
    ] as const) {
      writeFileSync(path.join(folder, name), JSON.stringify(report([], { discovery: discoveryOf(owners) })))
    }
    const [a, b] = [path.join(folder, 'a'), path.join(folder, 'b')]
    const { out } = await run(['diff', a, b])
    expect(out).to.match(/^owner +before +after +change +entries before +entries after$/m)
    expect(out).to.match(/^server\.js › store\.byId +976\.6 KiB +3\.81 MiB +\+2\.86 MiB +1,000 +4,000$/m)
    expect(out).to.match(/^server\.js › gone +1\.91 MiB +– +– +1,000 +–$/m)
    const { owners } = JSON.parse((await run(['diff', '--json', a, b])).out) as {
      owners: { name: string; change: number | null }[]
    }
    expect(owners.map(({ name, change }) => [name, change])).to.deep.equal([
      ['server.js › store.byId', 3e6],
      ['server.js › fresh', null],
      ['server.js › gone', null],
    ])
  })

  it('does not take what a trim dropped that failed for the whole', async () => {
    const folder = folderOf()
    writeFileSync(path.join(folder, 'a'), JSON.stringify(report([row('users', 3e6)])))
    const failed = report([row('users', 1e4, { status: 'failed' })], { mode: 'trim' })
    writeFileSync(path.join(folder, 'b'), JSON.stringify(failed))
    const { out } = await run(['diff', '--json', path.join(folder, 'a'), path.join(folder, 'b')])
    const { changes } = JSON.parse(out) as { changes: object[] }
    expect(changes).to.deep.include({
      name: 'users',
      before: 3e6,
      after: null,
      change: null,
      uncertainty: null,
      entriesBefore: 100,
      entriesAfter: 100,
    })
  })

  it('compares two moments of a history', async () => {
    const folder = folderOf()
    await fill(folder, 1e6)
    const { out } = await run(['diff', '--history', folder, '--json', '2026-01-01T10:20:00Z', 'last'])
    const { before, after, changes } = JSON.parse(out) as {
      before: string
      after: string
      changes: { name: string; change: number }[]
    }
    expect([before, after]).to.deep.equal(['2026-01-01T10:00:00.000Z', '2026-01-03T11:00:00.000Z'])
    expect(changes.find(({ name }) => name === '(floor, allocator)')?.change).to.equal(49e6)
  })

  it('refuses what is no report and no moment', async () => {
    const folder = folderOf()
    writeFileSync(path.join(folder, 'a'), '{}')
    const file = path.join(folder, 'a')
    expect((await run(['diff', file, file])).err).to.include('ERR_HISTORY_FOLDER')
    expect(await run(['diff', '--history', folder, 'soon', 'last'])).to.deep.include({ code: 2 })
    expect(await run(['diff', file])).to.deep.include({ code: 2 })
  })
})

describe('cache-attribution watch', () => {
  let server: http.Server
  let seen: http.IncomingMessage[]
  let base: string
  beforeEach(async () => {
    seen = []
    server = http.createServer((request, response) => {
      seen.push(request)
      if (request.headers.authorization !== 'Bearer secret') {
        response.writeHead(401).end()
        return
      }
      const cache = {
        entries: 10 + seen.length,
        claimedBytes: 5e6,
        estimatedBytes: null,
        estimatedUncertaintyBytes: null,
      }
      const answers: Record<string, unknown> = {
        '/debug/memory/observation': { sample: sample(100e6, 50e6), caches: [{ name: 'users', ...cache }] },
        '/debug/memory/reports': {
          reports: [
            {
              mode: 'twin',
              startedAt: '2026-01-01T00:00:00Z',
              floor: { allocatedBytes: 1048576, heapBytes: 2097152, mappedBytes: null },
            },
          ],
        },
      }
      response.end(JSON.stringify(answers[request.url ?? '']))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    base = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/debug/memory`
  })
  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  it('shows the caches and the last run, look after look, and only asks', async () => {
    const { code, out, err } = await run(['watch', '--interval', '0.1', '--count', '3', base], {
      CACHE_ATTRIBUTION_TOKEN: 'secret',
    })
    expect(err).to.equal('')
    expect(code).to.equal(0)
    expect(out.match(/^users .*4\.77 MiB/gm)).to.have.length(3)
    expect(out).to.include('floor 1.00 MiB allocator, 2.00 MiB JS heap')
    expect(seen.every(({ method }) => method === 'GET')).to.equal(true)
  })

  it('says that a token is missing, that nobody answers, and what is no URL', async () => {
    expect((await run(['watch', base])).err).to.match(/ERR_WATCH_ANSWER: .*401.*CACHE_ATTRIBUTION_TOKEN/)
    expect((await run(['watch', 'http://127.0.0.1:1/debug'])).err).to.match(/ERR_WATCH_ANSWER: .*gave no answer/)
    expect(await run(['watch', 'ftp://x'])).to.deep.include({ code: 2 })
    expect(await run(['watch', '--interval', '0', base])).to.deep.include({ code: 2 })
  })

  it('takes the root of a service for its usual path', async () => {
    const root = new URL('/', base).href
    const { code, out } = await run(['watch', '--count', '1', root], { CACHE_ATTRIBUTION_TOKEN: 'secret' })
    expect(code).to.equal(0)
    expect(out).to.match(/^users /m)
  })

  it('says that an answer broke off, and follows nobody elsewhere with a token', async () => {
    server.removeAllListeners('request')
    server.on('request', (_, response: http.ServerResponse) => {
      response.writeHead(200, { 'content-length': '100' }).write('{')
      setTimeout(() => response.destroy(), 20)
    })
    expect((await run(['watch', base])).err).to.match(/ERR_WATCH_ANSWER: .*\/debug\/memory\/ broke off its answer/)
    server.removeAllListeners('request')
    server.on('request', (request: http.IncomingMessage, response: http.ServerResponse) => {
      seen.push(request)
      response.writeHead(302, { location: '/elsewhere' }).end()
    })
    const { err } = await run(['watch', base], { CACHE_ATTRIBUTION_TOKEN: 'secret' })
    expect(err).to.match(/ERR_WATCH_ANSWER: .*answered 302 Found/)
    expect(seen.map(({ url }) => url)).not.to.include('/elsewhere')
  })
})
