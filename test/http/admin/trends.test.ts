import path from 'node:path'
import { expect } from 'chai'
import { ReportHistory } from '../../../src/history/index.js'
import { bearerToken } from '../../../src/http/index.js'
import type { ReportSummary } from '../../helpers/internals/http-admin.js'
import { profileLinks } from '../../helpers/internals/http-admin.js'
import type { Trends } from '../../../src/history/index.js'
import { historyFolders } from '../../history/folder.js'
import { report, row } from '../../report/reports.js'
import { OPERATOR, READER, openSite } from '../site.js'
import type { Site } from '../site.js'

describe('a history behind the admin handler', () => {
  let site: Site
  let history: ReportHistory
  afterEach(async () => {
    // Where one could not be opened, that is what failed.
    await (site as Site | undefined)?.close()
    await (history as ReportHistory | undefined)?.close()
  })
  // After those that write into them.
  const folderOf = historyFolders()

  /** A process after another that made so many runs. */
  async function restarted(folder: string, runs: number, reports?: number): Promise<void> {
    const before = await ReportHistory.open(folder)
    for (let index = 0; index < runs; index++) {
      const past = report([row('users', 1e6)], { id: `past-${String(index)}` })
      await before.append({ ...past, process: { ...past.process, pid: 1 } })
    }
    await before.close()
    history = await ReportHistory.open(folder)
    site = await openSite({ history, reports })
    history.attach(site.coordinator)
  }
  const run = (): Promise<Response> => fetch(`${site.base}/attribution?mode=release`, { method: 'POST' })
  const listed = async (): Promise<readonly ReportSummary[]> => {
    const answer = await fetch(`${site.base}/reports`)
    return ((await answer.json()) as { readonly reports: readonly ReportSummary[] }).reports
  }

  it('lists the reports of the process before, each of which can be read', async () => {
    await restarted(folderOf(), 3)
    await run()
    const reports = await listed()
    expect(reports.map(({ pid }) => pid)).to.deep.equal([1, 1, 1, reports.at(-1)?.pid])
    expect(reports.slice(0, 3).map(({ id }) => id)).to.deep.equal(['past-0', 'past-1', 'past-2'])
    const one = await fetch(`${site.base}/attribution/past-1`)
    expect(await one.json()).to.have.property('id', 'past-1')
  })

  it('says of the last report what this process measured, and not one before it', async () => {
    await restarted(folderOf(), 3)
    expect((await fetch(`${site.base}/attribution`)).status).to.equal(404)
  })

  it('lists a report once, whether the history or the memory has it', async () => {
    await restarted(folderOf(), 1)
    await run()
    await history.flush()
    const ids = (await listed()).map(({ id }) => id)
    expect(new Set(ids).size).to.equal(ids.length)
    expect(ids).to.have.length(2)
  })

  it('keeps to the count of reports that was set', async () => {
    await restarted(folderOf(), 5, 2)
    expect((await listed()).map(({ id }) => id)).to.deep.equal(['past-3', 'past-4'])
    await run()
    expect((await listed()).map(({ id }) => id).slice(0, 1)).to.deep.equal(['past-4'])
  })

  it('gives trends as JSON, and a terminal the text', async () => {
    await restarted(folderOf(), 10)
    const { caches, floor } = (await (await fetch(`${site.base}/trends`)).json()) as Trends
    expect(caches.map(({ name }) => name)).to.deep.equal(['users'])
    expect(floor.readings).to.equal(10)
    const text = await fetch(`${site.base}/trends`, { headers: { accept: 'text/plain' } })
    expect(await text.text()).to.match(/^floor: \w+: .*\nusers: /)
    expect(text.headers.get('server-timing')).to.contain('trends')
  })

  it('computes them once for a thousand who ask', async () => {
    await restarted(folderOf(), 10)
    const first = history.trends()
    // A hundred at a time: more connections than the server's backlog may be refused by the kernel.
    const ask = async (): Promise<string[]> => {
      const own: string[] = []
      for (let count = 0; count < 10; count++) own.push(await (await fetch(`${site.base}/trends`)).text())
      return own
    }
    const bodies = (await Promise.all(Array.from({ length: 100 }, ask))).flat()
    expect(new Set(bodies).size).to.equal(1)
    expect(history.trends()).to.equal(first)
  })

  it('is for those who may look, and for nobody else', async () => {
    history = await ReportHistory.open(folderOf())
    site = await openSite({ history, authorize: bearerToken({ operator: OPERATOR, readOnly: READER }) })
    for (const route of ['trends', 'reports']) {
      const status = async (headers: Record<string, string>): Promise<number> =>
        (await fetch(`${site.base}/${route}`, { headers })).status
      expect(await status({}), route).to.equal(401)
      expect(await status({ authorization: `Bearer ${READER}x` }), route).to.equal(401)
      expect(await status({ authorization: `Bearer ${READER}` }), route).to.equal(200)
    }
  })

  it('whose folder is not made yet is an empty one, and nobody is alarmed', async () => {
    const reported: unknown[] = []
    const folder = path.join(folderOf(), 'made', 'later')
    history = await ReportHistory.open(folder, { onWarning: (warning) => reported.push(warning) })
    site = await openSite({ history, onError: (error) => reported.push(error) })
    expect(await listed()).to.deep.equal([])
    expect((await fetch(`${site.base}/trends`)).status).to.equal(200)
    expect(reported).to.deep.equal([])
    history.attach(site.coordinator)
    expect((await run()).status).to.equal(200)
    // A reading of this run, at once: the page asks when it has made one.
    const trends = (await (await fetch(`${site.base}/trends`)).json()) as Trends
    expect(trends.floor.readings).to.equal(1)
    expect(reported).to.deep.equal([])
  })

  it('that cannot be read is an empty one, and is told to the mounting code alone', async () => {
    const errors: unknown[] = []
    const broken = { trends: () => Promise.reject(new Error('secret')), read: () => failing() }
    history = await ReportHistory.open(folderOf())
    site = await openSite({ history: broken, onError: (error) => errors.push(error) })
    expect(await listed()).to.deep.equal([])
    const answer = await fetch(`${site.base}/trends`)
    expect(answer.status).to.equal(500)
    expect(await answer.text()).to.not.contain('secret')
    expect(errors).to.have.length(2)
  })

  it('is missing: that is said', async () => {
    history = await ReportHistory.open(folderOf())
    site = await openSite()
    const answer = await fetch(`${site.base}/trends`)
    expect(answer.status).to.equal(404)
    expect(await answer.json()).to.include({ code: 'ERR_HTTP_NOT_FOUND' })
    expect(await (await fetch(`${site.base}/status`)).json()).to.include({ hasHistory: false })
  })
})

describe('links to profiles', () => {
  it('hold behind a proxy that puts a path before both handlers', () => {
    for (const [admin, profiles] of [
      ['/debug/memory', '/debug/pprof/heap'],
      ['', '/pprof'],
    ] as const) {
      const [{ href } = { href: '' }] = profileLinks(admin, profiles)
      expect(new URL(href, `https://ops.example/behind${admin}/`).pathname).to.equal(`/behind${profiles}/flamegraph`)
    }
  })
})

// eslint-disable-next-line require-yield
async function* failing(): AsyncGenerator<never> {
  throw new Error('secret')
}
