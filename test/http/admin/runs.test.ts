/** Runs over HTTP: who shares one, who is refused, who may leave, and what is kept of it. */
import { once } from 'node:events'
import net from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'chai'
import { createAdminHandler } from '../../../src/http/index.js'
import type { AdminHandlerOptions } from '../../../src/http/index.js'
import { ReportStore, RunTracker } from '../../helpers/internals/http-admin.js'
import type { HttpProblem } from '../../helpers/internals/http-server.js'
import type { AttributionReport } from '../../../src/index.js'
import { thrownBy, turns } from '../../coordinator/world.js'
import { messageOf, openSite, sendRaw } from '../site.js'
import type { Site } from '../site.js'

interface Problem {
  readonly code: string
  readonly runId?: string | null
  readonly report?: AttributionReport
  readonly choices?: readonly string[]
}

/** A release that goes on until it is let go. */
interface Gate {
  open(): void
  /** Aborted with the run. */
  readonly signals: AbortSignal[]
  calls: number
  /** Requests whose head has reached the server. */
  requests: number
}

async function withSite(test: (site: Site, gate: Gate) => Promise<void>, options?: AdminHandlerOptions): Promise<void> {
  const site = await openSite(options)
  let open = (): void => undefined
  const opened = new Promise<void>((resolve) => (open = resolve))
  const gate: Gate = { open, signals: [], calls: 0, requests: 0 }
  site.server.on('request', () => gate.requests++)
  site.coordinator.register('gate', {
    release: ({ signal }) => {
      gate.calls++
      gate.signals.push(signal)
      return Promise.race([opened, once(signal, 'abort')])
    },
  })
  try {
    await test(site, gate)
  } finally {
    gate.open()
    await site.close()
  }
}

const GATED = '/attribution?mode=release&only=gate'

function post({ base }: Site, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(base + path, { method: 'POST', ...init })
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await turns(1)
}

/** Waits until this many requests are with the server, and what follows on a request's head is done. */
async function arrived(gate: Gate, count: number): Promise<void> {
  await until(() => gate.requests === count)
  await delay(20)
}

async function json<T>(response: Response | Promise<Response>): Promise<T> {
  return (await (await response).json()) as T
}

describe('POST /attribution', () => {
  it('is joined by an identical request, which gets the same report', () =>
    withSite(async (site, gate) => {
      const first = post(site, GATED)
      await until(() => gate.calls === 1)
      const second = post(site, '/attribution', {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ mode: 'release', only: ['gate'] }),
      })
      await arrived(gate, 2)
      gate.open()
      const reports = await Promise.all([json<AttributionReport>(first), json<AttributionReport>(second)])
      expect(reports[0].id).to.equal(reports[1].id)
      expect(gate.calls).to.equal(1)
    }))

  it('refuses a different one meanwhile, with the id of the run and when to come back', () =>
    withSite(async (site, gate) => {
      const first = post(site, GATED)
      await until(() => gate.calls === 1)
      const refused = await post(site, '/caches/users/release')
      const { run } = await json<{ run: { id: string; mode: string } }>(fetch(`${site.base}/status`))
      expect(refused.status).to.equal(409)
      expect(Number(refused.headers.get('retry-after'))).to.be.greaterThan(0)
      expect(await json<Problem>(refused)).to.include({ code: 'ERR_RUN_IN_PROGRESS', runId: run.id })
      expect(site.releases()).to.equal(0)
      gate.open()
      expect((await json<AttributionReport>(first)).id).to.equal(run.id)
    }))

  it('refuses a stream with a status, before it begins', () =>
    withSite(async (site, gate) => {
      const first = post(site, GATED)
      await until(() => gate.calls === 1)
      const refused = await post(site, '/caches/users/release', { headers: { accept: 'text/event-stream' } })
      expect([refused.status, refused.headers.get('content-type')]).to.deep.equal([409, 'application/problem+json'])
      gate.open()
      await first
    }))

  it('goes on for the others when one client leaves', () =>
    withSite(async (site, gate) => {
      const leaving = new AbortController()
      const left = post(site, GATED, { signal: leaving.signal }).catch((error: unknown) => (error as Error).name)
      await until(() => gate.calls === 1)
      const staying = post(site, GATED)
      await arrived(gate, 2)
      leaving.abort()
      expect(await left).to.equal('AbortError')
      await delay(20)
      expect(gate.signals[0]?.aborted).to.equal(false)
      gate.open()
      expect((await staying).status).to.equal(200)
    }))

  it('is aborted when nobody waits for it any more', () =>
    withSite(async (site, gate) => {
      const leaving = new AbortController()
      const left = post(site, GATED, { signal: leaving.signal }).catch(() => undefined)
      await until(() => gate.calls === 1)
      leaving.abort()
      await left
      await until(() => gate.signals[0]?.aborted === true && !site.coordinator.isRunning)
    }))

  it('is aborted when the only reader of its progress leaves', () =>
    withSite(async (site, gate) => {
      const leaving = new AbortController()
      const stream = await post(site, GATED, { signal: leaving.signal, headers: { accept: 'text/event-stream' } })
      await until(() => gate.calls === 1)
      leaving.abort()
      await stream.text().catch(() => undefined)
      await until(() => gate.signals[0]?.aborted === true && !site.coordinator.isRunning)
    }))

  it('is not begun for a client that left while it sent', () =>
    withSite(async (site, gate) => {
      const socket = net.connect(site.port, '127.0.0.1')
      const headers = ['Content-Type: application/json', 'Content-Length: 100']
      socket.write(messageOf({ method: 'POST', target: '/debug/memory/attribution', headers, body: '{"mode":"rel' }))
      await delay(30)
      socket.destroy()
      await delay(30)
      expect([gate.calls, site.releases(), site.coordinator.isRunning]).to.deep.equal([0, 0, false])
    }))

  it('tells those who join late what they missed', () =>
    withSite(async (site, gate) => {
      const first = post(site, GATED)
      await until(() => gate.calls === 1)
      const late = await post(site, GATED, { headers: { accept: 'text/event-stream' } })
      gate.open()
      const text = await late.text()
      const events = [...text.matchAll(/^event: (.*)$/gm)].map(([, event]) => event)
      const ids = [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => Number(id))
      expect(events).to.include.members(['run-started', 'run-planned', 'cache-released', 'report'])
      expect(events.at(-1)).to.equal('report')
      expect(ids).to.deep.equal(ids.map((_, index) => index + 1))
      await first
    }))

  it('ends a stream with the problem where the run fails', () =>
    withSite(async (site, gate) => {
      const stream = await post(site, GATED, { headers: { accept: 'text/event-stream' } })
      await until(() => gate.calls === 1)
      await fetch(`${site.base}/attribution/current`, { method: 'DELETE' })
      const [, data = ''] = /event: problem\ndata: (.*)\n/.exec(await stream.text()) ?? []
      expect(JSON.parse(data)).to.include({ code: 'ERR_RUN_ABORTED', status: 409 })
    }))

  it('is refused with the choices where no twin may be had and no mode is given', () =>
    withSite(
      async (site) => {
        const answer = await post(site, '/attribution')
        expect(answer.status).to.equal(422)
        expect(await json<Problem>(answer)).to.deep.include({
          code: 'ERR_HTTP_MODE_NEEDED',
          choices: ['release', 'trim'],
        })
        expect(site.releases()).to.equal(0)
      },
      { modes: ['release', 'trim'] },
    ))

  it('is refused in a mode that the handler does not allow, also for one cache', () =>
    withSite(
      async (site) => {
        for (const path of ['/attribution?mode=release', '/caches/users/release']) {
          const answer = await post(site, path)
          expect(answer.status).to.equal(403)
          expect(await json<Problem>(answer)).to.include({ code: 'ERR_HTTP_FORBIDDEN' })
        }
        expect(site.releases()).to.equal(0)
      },
      { modes: ['twin'] },
    ))

  it('answers with the table of the terminal, without colours and without forged rows', () =>
    withSite(async (site) => {
      site.coordinator.register('evil\r\n\u001b[31mrow', { release: () => undefined })
      const answer = await post(site, '/attribution?mode=release&except=gate', { headers: { accept: 'text/plain' } })
      const text = await answer.text()
      expect(text).to.match(/^Memory by cache, measured by release/m)
      expect(text).to.include('<script>').and.to.include('evil\\u{d}\\u{a}\\u{1b}[31mrow')
      expect(text).not.to.include('\u001b').and.not.to.include('\r')
      expect(answer.headers.get('content-type')).to.equal('text/plain; charset=utf-8')
    }))

  it('times its phases', () =>
    withSite(async (site) => {
      const answer = await post(site, '/attribution?mode=release&only=users')
      expect(answer.headers.get('server-timing')).to.match(
        /^authorize;dur=[\d.]+, read;dur=[\d.]+, run;dur=[\d.]+, pauses;dur=[\d.]+$/,
      )
    }))
})

describe('the cool-down', () => {
  it('keeps releasing runs apart, whoever started the last one', () =>
    withSite(
      async (site) => {
        await site.coordinator.attribute({ only: ['users'] })
        const answer = await post(site, '/caches/users/release')
        expect(answer.status).to.equal(429)
        expect(Number(answer.headers.get('retry-after'))).to.be.within(25, 30)
        expect(await json<Problem>(answer)).to.include({ code: 'ERR_HTTP_COOL_DOWN' })
        expect(site.releases()).to.equal(1)
      },
      { coolDownMs: 30_000 },
    ))

  it('is no hindrance to joining the run under way', () =>
    withSite(
      async (site, gate) => {
        const first = post(site, GATED)
        await until(() => gate.calls === 1)
        const second = post(site, GATED)
        await arrived(gate, 2)
        gate.open()
        expect([(await first).status, (await second).status]).to.deep.equal([200, 200])
      },
      { coolDownMs: 30_000 },
    ))

  it('is over after its time', async () => {
    const site = await openSite()
    let now = 1000
    const runs = new RunTracker(site.coordinator, new ReportStore(1), 30_000, () => now)
    runs.checkCoolDown()
    await site.coordinator.attribute({ only: ['users'] })
    now += 29_999
    const problem = thrownBy(() => {
      runs.checkCoolDown()
    }) as HttpProblem
    expect([problem.code, problem.parts.headers]).to.deep.equal(['ERR_HTTP_COOL_DOWN', { 'retry-after': '1' }])
    now += 1
    runs.checkCoolDown()
    runs.close()
    await site.close()
  })
})

describe('DELETE /attribution/current', () => {
  it('aborts the run: whoever waits gets what was measured until then', () =>
    withSite(async (site, gate) => {
      const waiting = post(site, GATED)
      await until(() => gate.calls === 1)
      const answer = await fetch(`${site.base}/attribution/current`, { method: 'DELETE' })
      expect(answer.status).to.equal(202)
      const { id } = await json<{ id: string }>(answer)
      const aborted = await waiting
      expect(aborted.status).to.equal(409)
      const problem = await json<Problem>(aborted)
      expect(problem).to.include({ code: 'ERR_RUN_ABORTED', runId: id })
      expect(problem.report?.caches.map(({ name }) => name)).to.deep.equal(['gate'])
    }))

  it('reaches runs that code started', () =>
    withSite(async (site, gate) => {
      const run = site.coordinator.attribute({ only: ['gate'] }).catch((error: unknown) => (error as Problem).code)
      await until(() => gate.calls === 1)
      expect((await fetch(`${site.base}/attribution/current`, { method: 'DELETE' })).status).to.equal(202)
      expect(await run).to.equal('ERR_RUN_ABORTED')
    }))
})

describe('reports', () => {
  it('are kept, also of runs that code started, and found by their id', () =>
    withSite(async (site) => {
      const { id } = await site.coordinator.attribute({ only: ['users'] })
      const second = await json<AttributionReport>(post(site, '/attribution?mode=release&only=a%2Fb'))
      expect(await json<AttributionReport>(fetch(`${site.base}/attribution/${id}`))).to.include({ id, trigger: 'call' })
      expect(await json<AttributionReport>(fetch(`${site.base}/attribution`))).to.deep.equal(second)
      const { reports } = await json<{ reports: { id: string }[] }>(fetch(`${site.base}/reports`))
      expect(reports.map((report) => report.id)).to.deep.equal([id, second.id])
      const text = await fetch(`${site.base}/attribution/${id}`, { headers: { accept: 'text/plain' } })
      expect(await text.text()).to.include('users')
    }))

  it('are kept in a bounded number, the last ones', () =>
    withSite(
      async (site) => {
        const ids: string[] = []
        for (let run = 0; run < 4; run++) ids.push((await site.coordinator.attribute({ only: ['users'] })).id)
        const { reports } = await json<{ reports: { id: string }[] }>(fetch(`${site.base}/reports`))
        expect(reports.map(({ id }) => id)).to.deep.equal(ids.slice(2))
        expect((await fetch(`${site.base}/attribution/${ids[0] ?? ''}`)).status).to.equal(404)
      },
      { reports: 2 },
    ))

  it('are kept within a bound of bytes, but for the last one', async () => {
    const site = await openSite()
    const report = await site.coordinator.attribute()
    const store = new ReportStore(10, 1)
    store.keep({ ...report, id: 'first' })
    store.keep({ ...report, id: 'second' })
    expect(store.summaries().map(({ id }) => id)).to.deep.equal(['second'])
    await site.close()
  })
})

describe('close()', () => {
  it('ends the run that was asked for over HTTP, and answers 503 from then on', () =>
    withSite(async (site, gate) => {
      const waiting = post(site, GATED)
      await until(() => gate.calls === 1)
      await site.handler.close()
      expect((await waiting).status).to.equal(409)
      const answer = await fetch(`${site.base}/caches`)
      expect(answer.status).to.equal(503)
      expect(await json<Problem>(answer)).to.include({ code: 'ERR_CLOSED' })
      expect(site.coordinator.listenerCount('run-finished')).to.equal(0)
    }))

  it('leaves a run alone that code started', () =>
    withSite(async (site, gate) => {
      const run = site.coordinator.attribute({ only: ['gate'] })
      await until(() => gate.calls === 1)
      await site.handler.close()
      gate.open()
      expect((await run).caches).to.have.length(1)
    }))

  it('makes room for another handler on the same coordinator, which serves at once', () =>
    withSite(async (site, gate) => {
      const waiting = post(site, GATED)
      await until(() => gate.calls === 1)
      await site.handler.close()
      await waiting
      const next = createAdminHandler(site.coordinator, { coolDownMs: 0 })
      const request = new Request('http://localhost/debug/memory/caches/users/release', {
        method: 'POST',
        headers: { host: 'localhost' },
      })
      expect((await next(request, { remoteAddress: '127.0.0.1' }))?.status).to.equal(200)
      expect(site.releases()).to.equal(1)
      await next.close()
    }))

  it('is followed by 503 where the coordinator was closed under it', () =>
    withSite(async (site) => {
      await site.coordinator.close()
      for (const [method, path] of [
        ['GET', '/caches'],
        ['POST', '/attribution?mode=release'],
      ] as const) {
        const answer = await fetch(site.base + path, { method })
        expect(answer.status).to.equal(503)
        expect(await json<Problem>(answer)).to.include({ code: 'ERR_CLOSED' })
      }
    }))
})

describe('a server that goes down in the middle of a run', () => {
  it('takes its clients with it, and the run that only they waited for', () =>
    withSite(async (site, gate) => {
      const waiting = post(site, GATED).catch(() => 'gone')
      await until(() => gate.calls === 1)
      site.server.closeAllConnections()
      expect(await waiting).to.equal('gone')
      await until(() => gate.signals[0]?.aborted === true && !site.coordinator.isRunning)
      const answer = await sendRaw(site.port, messageOf({ target: '/debug/memory/status' }))
      expect(JSON.parse(answer.body)).to.include({ run: null })
    }))
})
