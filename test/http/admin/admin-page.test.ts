import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { adminPage } from '../../helpers/internals/http-admin.js'

const { html, contentSecurityPolicy } = await adminPage()
const inlined = (tag: string): string[] =>
  [...html.matchAll(new RegExp(`<${tag}(?: [^>]*)?>([^]*?)</${tag}>`, 'g'))].map(([, text = '']) => text)
/** The markup without what is inlined in it. */
const markup = html.replaceAll(inlined('script')[0] ?? '', '').replaceAll(inlined('style')[0] ?? '', '')

describe('the page as a document', () => {
  it('holds one script and one style, both filled', () => {
    for (const tag of ['script', 'style']) {
      expect(inlined(tag), tag).to.have.length(1)
      expect(inlined(tag)[0]?.length, tag).to.be.greaterThan(5000)
    }
  })

  it('is allowed by its policy, which allows no other', () => {
    for (const tag of ['script', 'style']) {
      const hash = createHash('sha256')
        .update(inlined(tag)[0] ?? '')
        .digest('base64')
      expect(contentSecurityPolicy).to.contain(`${tag}-src 'sha256-${hash}'`)
    }
    expect(contentSecurityPolicy).to.contain("default-src 'none'")
    expect(contentSecurityPolicy).to.not.contain('unsafe')
  })

  it('refers to nothing outside of it', () => {
    expect(markup).to.not.match(/\b(?:src|href|action)="(?!#|data:)/)
    expect(inlined('style')[0]).to.not.match(/url\(|@import/)
  })

  it('has no style and no handler as an attribute', () => {
    expect(markup).to.not.match(/ (?:style|on\w+)=/)
  })

  it('carries the cures of docs/reference/errors.md', () => {
    expect(inlined('script')[0]).to.contain('ERR_RUN_IN_PROGRESS:"Call again when it has ended')
  })

  it('is the same object each time', async () => {
    expect(await adminPage()).to.equal(await adminPage())
  })
})
