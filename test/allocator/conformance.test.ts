import { needsJemalloc, runFixture } from '../helpers/child.js'
import { CONFORMANCE } from './conformance.js'

const IMPLEMENTATIONS = [
  ['jemalloc', 'addon'],
  ['jemalloc', 'ffi'],
  ['glibc', 'addon'],
  ['glibc', 'ffi'],
  ['unavailable', 'addon'],
] as const

describe('every implementation of the allocator port', () => {
  for (const [name, binding] of IMPLEMENTATIONS) {
    describe(name === 'unavailable' ? name : `${name} through the ${binding} binding`, () => {
      let failures: Record<string, string>

      before(async function () {
        if (name === 'jemalloc') needsJemalloc(this)
        failures = await runFixture('allocator/fixtures/conformance', {
          preload: name === 'jemalloc' ? 'jemalloc' : 'none',
          args: [name, binding],
        })
      })

      for (const sentence of Object.keys(CONFORMANCE)) {
        it(sentence, () => {
          if (failures[sentence] !== '') throw new Error(failures[sentence] ?? 'the check did not run')
        })
      }
    })
  }
})
