import { expect } from 'chai'
import { classify } from '../helpers/internals/breakdown.js'
import type { MappingContext, MemoryMapping } from '../helpers/internals/breakdown.js'
import type { MappedBytes } from '../helpers/internals/report-breakdown.js'
import { GUARD, KIB, MIB, V8_PAGE, mapping, surroundings } from './mappings.js'

const AT = 0x7f00_0000_0000

function classified(mappings: readonly MemoryMapping[], more: Partial<MappingContext> = {}): MappedBytes {
  return classify([V8_PAGE, ...mappings], surroundings(more))
}

function totalOf({ v8, wasm, arenas, blocks, stacks, other, binary, files, shared }: MappedBytes): number {
  const named = [...binary, ...files, ...shared].reduce((sum, { bytes }) => sum + bytes, 0)
  return v8 + wasm + arenas + blocks + stacks + other + named
}

const node = (start: number, bytes: number, perms: string): MemoryMapping =>
  mapping(start, bytes, { perms, inode: 7, path: '/usr/bin/node' })

describe('classify()', () => {
  it("takes what is kept from forks for V8's", () => {
    expect(classified([mapping(AT, MIB, { marks: 'dc' })]).v8).to.equal(MIB + 256 * KIB)
  })

  it('leaves what a driver keeps from forks, mapped from a file, to the files', () => {
    const device = mapping(AT, MIB, { marks: 'dc', inode: 5, path: '/dev/nvidia0', perms: 'rw-s' })
    expect(classified([device])).to.deep.include({ v8: 256 * KIB, files: [{ name: '/dev/nvidia0', bytes: MIB }] })
  })

  it('tells WebAssembly by the address space that guards it', () => {
    const memory = mapping(AT, MIB, { marks: 'dc' })
    const guard = mapping(AT + MIB, 8192 * MIB, { ...GUARD, marks: 'dc' })
    expect(classified([memory, guard]).wasm).to.equal(MIB)
    expect(classified([memory, guard], { isHeapCaged: true }).wasm).to.equal(0)
  })

  it("takes unreserved memory for jemalloc's, and other memory for nobody's", () => {
    const found = classified([mapping(AT, MIB, { marks: 'nr' }), mapping(AT + 2 * MIB, 3 * MIB)])
    expect(found).to.include({ arenas: MIB, other: 3 * MIB })
  })

  it("takes all of it for jemalloc's where the kernel never overcommits, and drops the flag", () => {
    const alone = mapping(0x1000_0000, 256 * KIB, { marks: 'dc' })
    const found = classify([alone, mapping(AT, MIB)], surroundings())
    expect(found).to.include({ arenas: MIB, other: 0, v8: 256 * KIB })
  })

  it("tells glibc's arenas by where their heaps begin", () => {
    const arena = mapping(AT, MIB, { marks: 'nr' })
    expect(classified([arena], { allocator: 'glibc' })).to.include({ arenas: MIB, other: 0 })
  })

  it("puts the parts of a heap of glibc's together, where the kernel has not", () => {
    const parts = [mapping(AT, 300 * KIB, { marks: 'nr' }), mapping(AT + 300 * KIB, MIB, { marks: 'nr' })]
    const grown = [...parts, mapping(AT + 300 * KIB + MIB, 62 * MIB, { marks: 'nr', ...GUARD })]
    expect(classified(grown, { allocator: 'glibc' })).to.include({ arenas: 300 * KIB + MIB, other: 0 })
  })

  it("does not take for a part of glibc's heap what lies behind a gap, or another kind of mapping", () => {
    const heap = mapping(AT, MIB, { marks: 'nr' })
    const beyond = mapping(AT + 2 * MIB, MIB, { marks: 'nr' })
    expect(classified([heap, beyond], { allocator: 'glibc' })).to.include({ arenas: MIB, other: MIB })
    const guard = mapping(AT + MIB, MIB, GUARD)
    expect(classified([heap, guard, beyond], { allocator: 'glibc' })).to.include({ arenas: MIB, other: MIB })
    const reserved = mapping(AT + MIB, MIB)
    expect(classified([heap, reserved], { allocator: 'glibc' })).to.include({ arenas: MIB, other: MIB })
    const unaligned = mapping(AT + 4 * KIB, MIB, { marks: 'nr' })
    expect(classified([unaligned], { allocator: 'glibc' })).to.include({ arenas: 0, other: MIB })
  })

  it("tells glibc's blocks by their own head, and another mapping by its lack", () => {
    const block = mapping(AT + 4 * KIB, 40 * MIB, { rssBytes: 3 * MIB })
    const library = mapping(AT + 64 * MIB + 4 * KIB, 5 * MIB)
    const wordAt = (address: number): bigint => (address === block.start + 8 ? BigInt(40 * MIB) | 2n : 0x1234n)
    const found = classified([block, library], { allocator: 'glibc', wordAt })
    expect(found).to.include({ blocks: 3 * MIB, blocksVirtual: 40 * MIB, other: 5 * MIB })
  })

  it('does not believe a head that is larger than its mapping', () => {
    const wordAt = (): bigint => BigInt(2 * MIB) | 2n
    expect(classified([mapping(AT + 4 * KIB, MIB)], { allocator: 'glibc', wordAt }).other).to.equal(MIB)
  })

  it('tells a stack by its mark on recent kernels', () => {
    const stack = mapping(AT, 8 * MIB, { marks: 'nh', rssBytes: 40 * KIB })
    expect(classified([stack])).to.include({ stacks: 40 * KIB, workers: 0 })
  })

  it('tells a stack by its guard page where the kernel does not mark it', () => {
    const found = classified([mapping(AT, 4 * KIB, GUARD), mapping(AT + 4 * KIB, 8 * MIB)])
    expect(found.stacks).to.equal(8 * MIB)
  })

  it("tells a stack by a thread's stack pointer in it", () => {
    const found = classified([mapping(AT, 8 * MIB)], { stackPointers: [AT + MIB] })
    expect(found.stacks).to.equal(8 * MIB)
  })

  it('does not take for a stack what has grown together with a block of glibc, on kernels that do not mark stacks', () => {
    const grown = [mapping(AT, 4 * KIB, GUARD), mapping(AT + 4 * KIB, 500 * MIB)]
    expect(classified(grown, { allocator: 'glibc' })).to.include({ stacks: 0, other: 500 * MIB })
  })

  it('counts stacks of a size of their own as workers', () => {
    const found = classified([mapping(AT, 4 * MIB, { marks: 'nh' }), mapping(AT + 64 * MIB, 32 * KIB, { marks: 'nh' })])
    expect(found.workers).to.equal(1)
  })

  it('counts workers as Node names their threads, where those are more', () => {
    expect(classified([], { workerThreads: 3 }).workers).to.equal(3)
  })

  it('puts all segments of an executable file under its name, and the data behind it', () => {
    const found = classified([
      node(AT, MIB, 'r--p'),
      node(AT + MIB, MIB, 'r-xp'),
      node(AT + 2 * MIB, MIB, 'rw-p'),
      mapping(AT + 3 * MIB, 100 * KIB),
    ])
    expect(found.binary).to.deep.equal([{ name: '/usr/bin/node', bytes: 3 * MIB + 100 * KIB }])
  })

  it('does not take a large mapping that happens to lie behind a library for its data', () => {
    const found = classified([node(AT, MIB, 'r-xp'), mapping(AT + MIB, 100 * MIB)])
    expect(found.binary).to.deep.equal([{ name: '/usr/bin/node', bytes: MIB }])
  })

  it('tells mapped files from libraries, and shared memory from files', () => {
    const found = classified([
      mapping(AT, MIB, { inode: 9, path: '/data/lmdb/data.mdb', perms: 'rw-s' }),
      mapping(AT + MIB, 2 * MIB, { inode: 10, path: '/dev/shm/queue', perms: 'rw-s' }),
      mapping(AT + 3 * MIB, 3 * MIB, { inode: 11, path: '/memfd:ring (deleted)', perms: 'rw-s' }),
      mapping(AT + 6 * MIB, 4 * MIB, { inode: 12, path: '/dev/zero (deleted)', perms: 'rw-s' }),
      mapping(AT + 10 * MIB, 5 * MIB, { path: '[anon_shmem:ring]', perms: 'rw-s' }),
    ])
    expect(found.files).to.deep.equal([{ name: '/data/lmdb/data.mdb', bytes: MIB }])
    expect(found.shared.reduce((sum, { bytes }) => sum + bytes, 0)).to.equal(14 * MIB)
  })

  it('believes names that builds give their ranges, and the kernel its own', () => {
    const found = classified([
      mapping(AT, MIB, { path: '[heap]' }),
      mapping(AT + MIB, 2 * MIB, { path: '[anon: glibc: malloc arena]' }),
      mapping(AT + 3 * MIB, 3 * MIB, { path: '[anon: glibc: pthread stack: 17]' }),
      mapping(AT + 6 * MIB, 4 * MIB, { path: '[stack]' }),
      mapping(AT + 10 * MIB, 8 * KIB, { path: '[vdso]', perms: 'r-xp' }),
      mapping(AT + 11 * MIB, 16 * MIB, { path: '[anon:v8]' }),
    ])
    expect(found).to.include({ arenas: 3 * MIB, stacks: 7 * MIB, other: 8 * KIB, v8: 16 * MIB + 256 * KIB })
  })

  it('says so where nothing marks V8’s memory', () => {
    const unmarked = classify([mapping(AT, MIB, { flags: null })], surroundings())
    expect(unmarked.coarse).to.contain('flags')
    expect(classified([]).coarse).to.equal(null)
  })

  it('sums what is swapped out', () => {
    expect(classified([mapping(AT, MIB, { swapBytes: 12 * KIB })]).swap).to.equal(12 * KIB)
  })

  it('counts every byte once, whatever the mappings are', () => {
    const random = lcg(7)
    for (let round = 0; round < 200; round++) {
      const mappings = Array.from({ length: 30 }, (_, index) => anyMapping(random, AT + index * 64 * MIB))
      const resident = mappings.reduce((sum, { rssBytes }) => sum + rssBytes, 0)
      for (const allocator of ['jemalloc', 'glibc', 'unavailable'] as const) {
        const wordAt = (): bigint => BigInt(Math.floor(random() * 2 ** 40))
        expect(totalOf(classify(mappings, surroundings({ allocator, wordAt })))).to.equal(resident)
      }
    }
  })
})

/** Numbers from 0 to 1, the same in every run. */
function lcg(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return state / 2 ** 31
  }
}

function anyMapping(random: () => number, start: number): MemoryMapping {
  const pick = <T>(...of: readonly T[]): T => of[Math.floor(random() * of.length)] as T
  return mapping(start, pick(4 * KIB, MIB, 64 * MIB), {
    perms: pick('rw-p', '---p', 'r-xp', 'rw-s', 'r--p'),
    inode: pick(0, 0, 5),
    path: pick('', '', '[heap]', '[stack]', '/lib/x.so', '/dev/shm/a', '[odd]', '[anon:any]'),
    rssBytes: Math.floor(random() * 1000) * 4096,
    ...pick({ flags: null }, { marks: 'dc' }, { marks: 'nr' }, { marks: 'nh' }, {}),
  })
}
