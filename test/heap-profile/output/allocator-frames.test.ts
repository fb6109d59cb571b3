/** The allocator's own frames: of Rust, and in stripped programs with jemalloc inside. */
import { expect } from 'chai'
import { topTable, parseHeapProfile } from '../../../src/heap-profile/index.js'
import { ProfileBuilder } from '../../helpers/internals/heap-profile-profile.js'
import type { FrameFunction } from '../../helpers/internals/heap-profile-profile.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'
import { demangle } from '../../helpers/internals/heap-profile-symbols.js'

const at = (name: string): FrameFunction => ({ name, linkerName: null, file: null, line: null })

/** One stack: of each frame its functions, innermost first. */
function profileOf(...stack: readonly (readonly string[])[]): HeapProfile {
  const builder = new ProfileBuilder({ source: 'jemalloc', sampleTypes: [{ type: 'inuse_space', unit: 'bytes' }] })
  const frames = stack.map((names, index) => {
    return builder.frame({ address: BigInt(index + 1), mapping: null, functions: names.map(at) })
  })
  builder.add(frames, [100])
  return builder.build()
}

function text(stacks: readonly string[], maps: string): Promise<HeapProfile> {
  const lines = stacks.map((stack) => `@ ${stack}\n  t*: 1: 4096 [0: 0]\n`)
  return parseHeapProfile([Buffer.from(`heap_v2/1\n${lines.join('')}MAPPED_LIBRARIES:\n${maps}`)])
}

const MAPS = '1000-9000 r-xp 00000000 00:00 0 /srv/stripped\n'

describe('frames of the allocator', () => {
  for (const name of [
    '__rust_alloc',
    '__rg_alloc_zeroed',
    '__rdl_realloc',
    '__rustc::__rust_alloc',
    'alloc::alloc::alloc',
    'alloc::alloc::exchange_malloc',
    'alloc::alloc::Global::alloc_impl',
    '<alloc::alloc::Global as core::alloc::Allocator>::allocate',
    '<service::J as core::alloc::global::GlobalAlloc>::alloc',
    '<tikv_jemallocator::Jemalloc as core::alloc::global::GlobalAlloc>::alloc_zeroed',
    '<J as GlobalAlloc>::alloc',
    'core::alloc::global::GlobalAlloc::realloc',
  ]) {
    it(`are left out: ${name}`, () => {
      expect(topTable(profileOf([name], ['Hoard::put'], ['main'])).rows[0]?.name).to.equal('Hoard::put')
      // Inlined into the function that asked.
      expect(topTable(profileOf(['je_malloc'], [name, 'Hoard::put'], ['main'])).rows[0]?.name).to.equal('Hoard::put')
    })
  }

  it('are known by the symbols of both schemes', () => {
    const older = demangle('_ZN57_$LT$r..J$u20$as$u20$core..alloc..global..GlobalAlloc$GT$5alloc17h0123456789abcdefE')
    const newer = demangle('_RNvXCs1234_1rNtB2_1JNtNtNtCs5678_4core5alloc6global11GlobalAlloc5alloc')
    for (const name of [older, newer]) {
      expect(topTable(profileOf([name], ['put'])).rows[0]?.name, name).to.equal('put')
    }
  })

  for (const name of [
    'alloc::vec::Vec<T>::push',
    'my::alloc::allocate',
    'service::GlobalAllocations::alloc',
    'reallocate',
  ]) {
    it(`stay where they are the program's own: ${name}`, () => {
      expect(topTable(profileOf([name], ['main'])).rows[0]?.name).to.equal(name)
    })
  }

  it('are those in which all stacks of a stripped program end', async () => {
    const profile = await text(['0x1100 0x1201 0x2001 0x4001', '0x1100 0x1201 0x3001 0x4001'], MAPS)
    expect(topTable(profile).rows.map(({ name }) => name)).to.have.members([
      'stripped+0x1000',
      'stripped+0x2000',
      'stripped+0x3000',
    ])
    expect(topTable(profile, { allocatorFrames: true }).rows[0]?.name).to.equal('stripped+0x100')
  })

  it('are not guessed from one stack, from stacks of one frame, nor from a function that is called again', async () => {
    expect(topTable(await text(['0x1100 0x2001'], MAPS)).rows[0]?.name).to.equal('stripped+0x100')
    expect(topTable(await text(['0x1100', '0x1100 0x2001'], MAPS)).rows[0]?.name).to.equal('stripped+0x100')
    const again = await text(['0x1101 0x2001 0x1102', '0x1101 0x3001 0x1102'], MAPS)
    expect(topTable(again).total).to.be.closeTo(8192, 1)
  })
})

describe('remarks on a profile', () => {
  const remarksOf = async (stacks: readonly string[], maps: string): Promise<string> => {
    return (await text(stacks, maps)).comments.join('\n')
  }

  it('tell that there are no stacks', async () => {
    expect(await remarksOf([''], MAPS)).to.match(/has no stacks/)
  })

  it('tell that there are no mapped libraries, or too few', async () => {
    expect(await remarksOf(['0x1100 0x2001'], '')).to.match(/no mapped libraries/)
    expect(await remarksOf(['0x1100 0xa001'], MAPS)).to.match(/1 of 2 addresses are in no mapped library/)
  })

  it('are not made where nothing is missing', async () => {
    expect(await remarksOf(['0x1100 0x2001'], MAPS)).to.equal('')
    expect(await remarksOf([], '')).to.equal('')
  })
})
