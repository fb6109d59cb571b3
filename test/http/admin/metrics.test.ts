import { Counter, Registry } from 'prom-client'
import { expect } from 'chai'
import { bearerToken } from '../../../src/http/index.js'
import { collectMetrics } from '../../../src/metrics/index.js'
import { World, thrownBy } from '../../coordinator/world.js'
import { OPERATOR, READER, openSite } from '../site.js'
import type { Site } from '../site.js'

const OPEN = 'application/openmetrics-text'

describe('GET /metrics', () => {
  let site: Site
  before(async () => {
    const world = new World()
    const coordinator = world.coordinator()
    coordinator.register('a "b"\n', world.cache('users', { heap: 1000 }))
    const metrics = collectMetrics(coordinator, { environment: world.environment })
    new Counter({ name: 'mine', help: 'a counter without the ending', registers: [metrics] }).inc(3)
    site = await openSite({ metrics, authorize: bearerToken({ operator: OPERATOR, readOnly: READER }) })
  })
  after(() => (site as Site | undefined)?.close())

  const get = (accept?: string, token = READER, method = 'GET'): Promise<Response> =>
    fetch(`${site.base}/metrics`, {
      method,
      headers: { ...(accept === undefined ? {} : { accept }), authorization: `Bearer ${token}` },
    })

  it('is for whoever may look', async () => {
    for (const token of [READER, OPERATOR]) expect((await get(undefined, token)).status).to.equal(200)
    expect((await get(undefined, 'another-token-0123456789')).status).to.equal(401)
    expect((await fetch(`${site.base}/metrics`)).status).to.equal(401)
  })

  it('is text unless OpenMetrics is liked better, as Prometheus does', async () => {
    const scraper = `${OPEN};version=1.0.0,${OPEN};version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1`
    for (const [accept, type] of [
      [undefined, 'text/plain'],
      ['*/*', 'text/plain'],
      ['text/plain', 'text/plain'],
      [scraper, OPEN],
      [OPEN, OPEN],
    ] as const) {
      const answer = await get(accept)
      expect(answer.headers.get('content-type')).to.include(type)
      expect((await answer.text()).endsWith('# EOF\n')).to.equal(type === OPEN)
    }
    expect((await get('application/json')).status).to.equal(406)
  })

  it('spoils no counter of the registry, in whichever order formats are asked for', async () => {
    const count = async (accept: string): Promise<string | undefined> =>
      /^mine.*$/m.exec(await (await get(accept)).text())?.[0]
    expect([await count('text/plain'), await count(OPEN), await count('text/plain')]).to.deep.equal([
      'mine 3',
      'mine_total 3',
      'mine 3',
    ])
  })

  it('releases nothing, and escapes names', async () => {
    expect(await (await get()).text()).to.include('cache="a \\"b\\"\\n"')
    expect(site.releases()).to.equal(0)
  })

  it('answers HEAD without a body', async () => {
    const answer = await get(undefined, READER, 'HEAD')
    expect([answer.status, await answer.text()]).to.deep.equal([200, ''])
  })

  it('tells nothing of an error inside the registry', async () => {
    const metrics = { getMetricsAsJSON: () => Promise.reject(new Error('secret')) }
    const errors: unknown[] = []
    const other = await openSite({ metrics, onError: (error) => errors.push(error) })
    const answer = await fetch(`${other.base}/metrics`)
    await other.close()
    expect(answer.status).to.equal(500)
    expect(await answer.text()).not.to.include('secret')
    expect(errors).to.have.length(1)
  })

  it('is not there unless a registry was given', async () => {
    const other = await openSite()
    const answer = await fetch(`${other.base}/metrics`)
    await other.close()
    expect(answer.status).to.equal(404)
    expect(await answer.json()).to.include({ code: 'ERR_HTTP_NOT_FOUND' })
  })

  it('takes nothing for a registry that is none', async () => {
    for (const metrics of [{}, 'registry', null, () => new Registry()]) {
      let error: unknown
      try {
        await openSite({ metrics: metrics as never })
      } catch (thrown) {
        error = thrown
      }
      expect(error).to.have.property('code', 'ERR_OPTION_TYPE')
    }
    expect(thrownBy(() => collectMetrics(undefined as never))).to.have.property('code', 'ERR_OPTION_TYPE')
  })
})
