import { expect } from 'chai'
import { openSite } from '../site.js'
import type { Site } from '../site.js'

const HEADLINE = [
  'server.js (process 7) ended without notice at 2026-11-30 12:00:00 UTC.',
  'Resident memory had not grown before.',
]

function boxOf(kind: 'no-notice' | 'exit' | 'closed') {
  return {
    lastLife: { headline: HEADLINE, end: { kind, code: null, at: '2026-11-30T12:00:00.000Z', heapLimitBytes: null } },
  }
}

describe('a black box behind the admin handler', () => {
  let site: Site
  afterEach(async () => {
    await (site as Site | undefined)?.close()
  })
  const status = async (): Promise<unknown> => (await fetch(`${site.base}/status`)).json()

  it('says how the life before ended, where that was without notice, as JSON and as text', async () => {
    site = await openSite({ blackBox: boxOf('no-notice') })
    expect(await status()).to.deep.include({ lastLife: { endedAt: '2026-11-30T12:00:00.000Z', headline: HEADLINE } })
    const text = await (await fetch(`${site.base}/`, { headers: { accept: 'text/plain' } })).text()
    expect(text).to.contain(`before   ${HEADLINE.join(' ')}`)
  })

  it('says nothing of an end in order, of a first life, and without a box', async () => {
    for (const options of [
      { blackBox: boxOf('exit') },
      { blackBox: boxOf('closed') },
      { blackBox: { lastLife: null } },
      {},
    ]) {
      site = await openSite(options)
      expect(await status()).to.deep.include({ lastLife: null })
      await site.close()
    }
  })
})
