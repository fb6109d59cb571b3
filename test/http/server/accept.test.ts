import { expect } from 'chai'
import { negotiate } from '../../helpers/internals/http-server.js'
import { thrownBy } from '../../coordinator/world.js'

const OFFERS = ['text/plain', 'application/json', 'text/html'] as const
const chosen = (accept: string | null): string => negotiate(accept, OFFERS)

describe('negotiate()', () => {
  for (const [accept, offer] of [
    [null, 'text/plain'],
    ['', 'text/plain'],
    ['*/*', 'text/plain'],
    ['application/json', 'application/json'],
    ['application/*', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['text/html;q=0.5, application/json;q=0.9', 'application/json'],
    ['*/*;q=0.1, text/html', 'text/html'],
    ['text/*;q=0.5, text/plain;q=0, */*;q=0.1', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['text/html;q=2, application/json', 'application/json'],
    ['nonsense, application/json', 'application/json'],
  ] as const) {
    it(`gives ${offer} for ${accept ?? 'no header'}`, () => {
      expect(chosen(accept)).to.equal(offer)
    })
  }

  for (const accept of ['image/png', '*/*;q=0', 'text/html;q=0', ',', 'html']) {
    it(`refuses ${accept}`, () => {
      expect(thrownBy(() => chosen(accept))).to.include({ code: 'ERR_HTTP_NOT_ACCEPTABLE' })
    })
  }
})
