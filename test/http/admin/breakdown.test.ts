import { expect } from 'chai'
import type { MemoryNode, AttributionReport } from '../../../src/index.js'
import { faultsOf } from '../../report/breakdown/readings.js'
import { openSite } from '../site.js'
import type { Site } from '../site.js'

describe('GET /breakdown', () => {
  let site: Site
  before(async () => (site = await openSite()))
  after(() => (site as Site | undefined)?.close())

  it('gives the tree of the process, which adds up', async () => {
    const answer = await fetch(`${site.base}/breakdown`)
    expect(answer.status).to.equal(200)
    expect(answer.headers.get('server-timing')).to.contain('breakdown')
    const tree = (await answer.json()) as MemoryNode
    expect(tree.bytes).to.be.greaterThan(20e6)
    expect(faultsOf(tree)).to.deep.equal([])
  })

  it('gives a terminal the text', async () => {
    const answer = await fetch(`${site.base}/breakdown`, { headers: { accept: 'text/plain' } })
    expect(await answer.text()).to.match(/^Where all of RSS is: /)
  })

  it('stands in the report of a run that asks for it', async () => {
    const answer = await fetch(`${site.base}/attribution?mode=release&breakdown=true`, { method: 'POST' })
    const { breakdown } = (await answer.json()) as AttributionReport
    expect(breakdown?.name).to.equal('process')
  })
})
