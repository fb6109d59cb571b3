import { expect } from 'chai'
import { ProfileBuilder, hidePackages } from '../../helpers/internals/heap-profile-profile.js'
import { toFolded } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'

function profileOf(
  stacks: readonly (readonly [places: readonly (readonly [string, string | null])[], bytes: number])[],
): HeapProfile {
  const builder = new ProfileBuilder({ source: 'v8', sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] })
  for (const [places, bytes] of stacks) {
    const frames = places.map(([name, file]) =>
      builder.frame({ address: null, mapping: null, functions: [{ name, linkerName: null, file, line: 1 }] }),
    )
    builder.add(frames, [bytes])
  }
  return builder.build()
}

const PROFILE = profileOf([
  [
    [
      ['alloc', 'node:buffer'],
      ['send', '/app/node_modules/express/lib/response.js'],
      ['handle', '/app/orders.js'],
    ],
    300,
  ],
  [
    [
      ['alloc', 'node:buffer'],
      ['handle', '/app/orders.js'],
    ],
    200,
  ],
  [[['send', '/app/node_modules/express/lib/response.js']], 50],
  [
    [
      ['pack', '/app/node_modules/@acme/pack/index.js'],
      ['handle', '/app/orders.js'],
    ],
    10,
  ],
  [[['(V8 collects garbage)', null]], 5],
])
const total = (profile: HeapProfile): number => profile.samples.values.reduce((sum, value) => sum + value, 0)

describe('hidePackages()', () => {
  it('gives what a package allocated to its callers, and loses no byte', () => {
    const shown = hidePackages(PROFILE, ['express', 'node', '@acme/pack'])
    expect(total(shown)).to.equal(total(PROFILE))
    expect(toFolded(shown).split('\n').sort()).to.deep.equal([
      '',
      '(V8 collects garbage) 5',
      'handle (app/orders.js) 510',
    ])
  })

  it('leaves native frames, the application and other packages alone', () => {
    expect(toFolded(hidePackages(PROFILE, ['acme', 'pack', 'orders']))).to.equal(toFolded(PROFILE))
    expect(hidePackages(PROFILE, [])).to.equal(PROFILE)
  })
})
