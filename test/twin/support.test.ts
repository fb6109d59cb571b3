import { expect } from 'chai'
import type { TwinBinding } from '../helpers/internals/allocator.js'
import { refusalOf } from '../helpers/internals/twin.js'
import { supportsTwin } from '../../src/twin/index.js'
import type { TwinGround } from '../helpers/internals/twin.js'

const FACTS = { libc: '2.36', signalSlots: 2, canConfine: true, tellsMajorGcs: true, runsFinalizers: true }

function bindingOf(facts: Partial<typeof FACTS> | { libc: null }): TwinBinding {
  return { facts: () => ({ ...FACTS, ...facts }) } as TwinBinding
}

function ground(changes: Partial<TwinGround> = {}, files: Record<string, string | null> = {}): TwinGround {
  const content: Record<string, string | null> = {
    '/proc/sys/vm/overcommit_memory': '0\n',
    '/proc/self/limits': 'Max address space         unlimited            unlimited            bytes\n',
    ...files,
  }
  return {
    platform: 'linux',
    arch: 'x64',
    binding: bindingOf({}),
    read: (path) => content[path] ?? null,
    canReadSmaps: () => true,
    ...changes,
  }
}

describe('supportsTwin()', () => {
  it('says yes where nothing is in the way', () => {
    expect(refusalOf(ground())).to.equal(null)
    expect(refusalOf(ground({ arch: 'arm64' }))).to.equal(null)
    expect(refusalOf(ground({}, { '/proc/sys/vm/overcommit_memory': null, '/proc/self/limits': null }))).to.equal(null)
  })

  const refusals: readonly (readonly [string, TwinGround, RegExp])[] = [
    ['another system', ground({ platform: 'darwin' }), /Linux only, this is darwin/],
    ['another processor', ground({ arch: 'riscv64' }), /x64 and arm64 only, this is riscv64/],
    ['no addon', ground({ binding: null }), /addon is not loaded/],
    ['musl', ground({ binding: bindingOf({ libc: null }) }), /not glibc/],
    ['a static binary', ground({ binding: bindingOf({ signalSlots: 0 }) }), /cannot be replaced/],
    ['a kernel without filters', ground({ binding: bindingOf({ canConfine: false }) }), /no filter of system calls/],
    [
      'a binary without notices of collections',
      ground({ binding: bindingOf({ tellsMajorGcs: false }) }),
      /whether it marks/,
    ],
    ['no /proc', ground({ canReadSmaps: () => false }), /smaps cannot be read/],
    ['strict overcommit', ground({}, { '/proc/sys/vm/overcommit_memory': '2\n' }), /overcommit_memory is 2/],
    [
      'a limited address space',
      ground(
        {},
        { '/proc/self/limits': 'Max address space         8589934592           unlimited            bytes\n' },
      ),
      /limited to 8589934592 bytes/,
    ],
  ]
  for (const [what, given, reason] of refusals) {
    it(`refuses ${what}, with the reason`, () => {
      expect(refusalOf(given)).to.match(reason)
    })
  }

  it('answers for this process', () => {
    const { supported, reason } = supportsTwin()
    expect(supported).to.equal(reason === null)
  })
})
