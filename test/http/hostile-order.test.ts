/** A malformed request is told so first: no cool-down, no run under way and no mode that is missing hides it. */
import { expect } from 'chai'
import { openSite } from './site.js'
import type { Site } from './site.js'

const JSON_TYPE = { 'content-type': 'application/json' }

interface Case {
  readonly path: string
  readonly body?: string
  readonly status: number
}

const MALFORMED: readonly Case[] = [
  { path: '/attribution?mode=bogus', status: 400 },
  { path: '/attribution?mode=release&controls=-1', status: 400 },
  { path: '/attribution?mode=release&onyl=users', status: 400 },
  { path: '/attribution?mode=release&fraction=0.5', status: 400 },
  { path: '/attribution?mode=trim&fraction=7', status: 400 },
  { path: '/attribution?mode=trim&choice=hottest', status: 400 },
  { path: '/attribution?mode=release&pauseMs=0', status: 400 },
  { path: '/attribution?mode=release&only=nobody', status: 404 },
  { path: '/attribution?mode=trim&except=nobody', status: 404 },
  { path: '/attribution?controls=101', status: 400 },
  { path: '/attribution?only=nobody', status: 404 },
  { path: '/attribution', body: '{"mode":"bogus"}', status: 400 },
  { path: '/attribution', body: '{"mode":"release","budget":5}', status: 400 },
  { path: '/attribution', body: '{"mode":"release","only":"users"}', status: 400 },
  { path: '/attribution', body: '{"mode":"release"', status: 400 },
  { path: '/caches/users/release?controls=101', status: 400 },
  { path: '/caches/users/release?mode=twin', status: 400 },
  { path: '/caches/nobody/release', status: 404 },
  { path: '/caches/users/release', body: '{"budget":{"pauseMs":-1}}', status: 400 },
  { path: '/cache/release?name=nobody', status: 404 },
  { path: '/cache/release', status: 400 },
  { path: '/discover?limit=0', status: 400 },
  { path: '/discover?leastBytes=1', status: 400 },
  { path: '/discover?limt=3', status: 400 },
  { path: '/discover', body: '{"paths":"all"}', status: 400 },
  { path: '/discover', body: '{"limit":"3"}', status: 400 },
  { path: '/discover?durationMs=-1', status: 400 },
  { path: '/discover?memoryBytes=0', status: 400 },
  { path: '/discover?pauseMs=1&pauseMs=2', status: 400 },
  { path: '/discover?budget=5', status: 400 },
  { path: '/discover', body: '{"budget":{"memory":5}}', status: 400 },
  { path: '/discover', body: '{"budget":[]}', status: 400 },
  { path: '/attribution?memoryBytes=5', status: 400 },
  { path: '/heap-snapshot?histogram&limit=0', status: 400 },
  { path: '/heap-snapshot?limit=3', status: 400 },
  { path: '/heap-snapshot', body: '{"histogram":true,"limit":1.5}', status: 400 },
  { path: '/heap-snapshot', body: '{"histogram":true,"retained":"no"}', status: 400 },
  { path: '/heap-snapshot', body: '{"histogram":"yes"}', status: 400 },
]

function suite(title: string, prepare: (site: Site) => Promise<() => Promise<unknown>>, refusal: number): void {
  describe(title, () => {
    let site: Site
    let end: () => Promise<unknown>
    before(async () => {
      site = await openSite({ coolDownMs: 60_000, modes: ['release', 'trim'] })
      end = await prepare(site)
    })
    after(async () => {
      await (end as typeof end | undefined)?.()
      await (site as Site | undefined)?.close()
    })
    const post = ({ path, body }: Omit<Case, 'status'>): Promise<Response> =>
      fetch(site.base + path, { method: 'POST', headers: body === undefined ? {} : JSON_TYPE, body: body ?? null })

    it('is refused where it is well formed', async () => {
      expect((await post({ path: '/attribution?mode=release&only=users' })).status).to.equal(refusal)
    })

    for (const { path, body, status } of MALFORMED) {
      it(`tells of ${path} ${body ?? ''}`, async () => {
        const answer = await post({ path, ...(body === undefined ? {} : { body }) })
        expect(answer.status, await answer.text()).to.equal(status)
      })
    }
  })
}

suite(
  'a request during the cool-down',
  async (site) => {
    await site.coordinator.attribute({ mode: 'release', only: ['users'] })
    return () => Promise.resolve()
  },
  429,
)

suite(
  'a request beside another run',
  async (site) => {
    let open: () => void = () => undefined
    const gate = new Promise<void>((resolve) => (open = resolve))
    site.coordinator.register('gate', { release: () => gate })
    const run = site.coordinator.attribute({ mode: 'release', only: ['gate'] })
    await new Promise((resolve) => setImmediate(resolve))
    return () => {
      open()
      return run
    }
  },
  409,
)
