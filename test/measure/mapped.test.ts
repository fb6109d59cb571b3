import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import type { MappedResult } from './fixtures/mapped.js'

describe('memory that V8 maps itself', () => {
  let result: MappedResult

  before(async () => {
    result = await runFixture('measure/fixtures/mapped')
  })

  it('is unknown, and not 0, before its lists were learnt', () => {
    expect(result.unprepared).to.equal(null)
    expect(result.reason).to.equal(null)
  })

  it('is counted to the page, whoever made, grew, shared or holds it', () => {
    // The kernel's pages, and what a buffer of less than a page takes.
    for (const { name, expected, measured } of result.steps) expect(measured, name).to.equal(expected)
  })
})
