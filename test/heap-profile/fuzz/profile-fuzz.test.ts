import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { needsJemalloc } from '../../helpers/child.js'
import { takeProfiles, temporaryFolder } from '../../helpers/profiled.js'
import { fuzzProfiles } from './profile-fuzz.js'

describe('damaged profiles', function () {
  this.timeout(60_000)
  const { folder, remove } = temporaryFolder()
  after(remove)

  it('are read as what they are, or refused with a code', function () {
    needsJemalloc(this)
    const run = { program: 'sizes', args: ['2', '300', '1'], lgSample: 16, accumulated: true } as const
    const originals = takeProfiles(this, folder, run).map((file) => readFileSync(file))
    const { parsed, refused } = fuzzProfiles(originals, 3_000, 20_261_124)
    expect(parsed).to.be.greaterThan(50)
    expect(refused).to.include.keys('ERR_PROFILE_FORMAT', 'ERR_PROFILE_TRUNCATED')
  })
})
