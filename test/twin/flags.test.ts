import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { needsJemalloc, runFixture, skipOrFail } from '../helpers/child.js'
import type { FlagsResult } from './fixtures/flags.js'

/** Address and size of V8's flags in this binary; null where its symbols do not say. */
function placeOfFlags(): readonly [string, string] | null {
  const { stdout } = spawnSync('nm', ['-S', process.execPath], { encoding: 'utf8', maxBuffer: 1 << 28 })
  const found = /^([0-9a-f]{16}) ([0-9a-f]{16}) [DdBb] _ZN2v88internal8v8_flagsE$/m.exec(stdout)
  return found === null ? null : [`0x${found[1] ?? ''}`, `0x${found[2] ?? ''}`]
}

describe("V8's flags", function () {
  this.timeout(60_000)
  let result: FlagsResult
  before(async function () {
    needsJemalloc(this)
    const place = placeOfFlags()
    if (place === null) skipOrFail(this, "nm finds no flags of V8 in Node's binary")
    result = await runFixture('twin/fixtures/flags', { preload: 'jemalloc', args: [...place] })
  })

  it('are read where they are', () => {
    expect(result.seesFlags).to.equal(true)
  })

  for (const what of ['release', 'twin', 'discover', 'second attempt']) {
    it(`are all as before after ${what}, and so are those that V8 switches with them`, () => {
      expect(result.changes[what]).to.deep.equal([])
    })
  }

  it('were switched for a second attempt', () => {
    expect(result.crashed).to.match(/^ERR_TWIN_CRASHED: .* by SIGABRT$/)
  })
})
