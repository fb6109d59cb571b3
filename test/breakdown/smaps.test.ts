import { expect } from 'chai'
import { SmapsParser } from '../helpers/internals/breakdown.js'
import type { MemoryMapping } from '../helpers/internals/breakdown.js'

const TEXT = `00400000-02d5a000 r-xp 00000000 08:01 1234                               /usr/bin/my node (deleted)
Size:              42344 kB
KernelPageSize:        4 kB
Rss:               30000 kB
Pss:               15000 kB
Pss_Dirty:           123 kB
Swap:                  0 kB
SwapPss:               7 kB
SomethingNew:         99 kB
VmFlags: rd ex mr mw me sd
7f0000000000-7f0000040000 rw-p 00000000 00:00 0
Rss:                 256 kB
Swap:                 12 kB
VmFlags: rd wr mr mw me dc nr sd
7ffc58bb0000-7ffc58bd1000 rw-p 00000000 00:00 0                          [stack]
Rss:                  64 kB
ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
`

/** Parsed with the text cut into pieces of this size. */
function parse(text: string, pieceBytes = text.length): readonly MemoryMapping[] {
  const parser = new SmapsParser()
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += pieceBytes) parser.write(bytes.subarray(at, at + pieceBytes))
  return parser.end()
}

describe('SmapsParser', () => {
  it('reads ranges, permissions, paths with blanks, resident and swapped bytes', () => {
    const [binary, heap, stack] = parse(TEXT)
    expect(binary).to.include({ start: 0x400000, end: 0x2d5a000, perms: 'r-xp', inode: 1234, rssBytes: 30_000 * 1024 })
    expect(binary?.path).to.equal('/usr/bin/my node (deleted)')
    expect(heap).to.include({ start: 0x7f0000000000, path: '', inode: 0, swapBytes: 12 * 1024 })
    expect(stack?.path).to.equal('[stack]')
  })

  it('does not take a field for one that begins like it', () => {
    expect(parse(TEXT)[0]).to.include({ rssBytes: 30_000 * 1024, swapBytes: 0 })
  })

  it('tells flags, and null where the kernel shows none', () => {
    const [binary, heap, stack] = parse(TEXT)
    expect(binary?.flags).to.deep.equal({ isKeptFromForks: false, isUnreserved: false, isWithoutHugePages: false })
    expect(heap?.flags).to.deep.equal({ isKeptFromForks: true, isUnreserved: true, isWithoutHugePages: false })
    expect(stack?.flags).to.equal(null)
  })

  for (const pieceBytes of [1, 2, 7, 64, 1000]) {
    it(`gives the same of pieces of ${String(pieceBytes)} bytes`, () => {
      expect(parse(TEXT, pieceBytes)).to.deep.equal(parse(TEXT))
    })
  }

  it('takes a last line without its end', () => {
    expect(parse(`${TEXT.slice(0, TEXT.indexOf('VmFlags'))}VmFlags: rd nh`)[0]?.flags?.isWithoutHugePages).to.equal(
      true,
    )
  })

  it('survives lines that are none of smaps', () => {
    expect(parse('\n\nnonsense\nRss: 5 kB\n-- --\n0-0\nzz-yy rw-p 0 0 0\nRss:\n')).to.deep.equal([])
  })

  it('counts a field without a number as nothing', () => {
    expect(parse('1000-2000 rw-p 0 00:00 0\nRss: kB\n')[0]?.rssBytes).to.equal(0)
  })

  it('reads an empty file as no mappings', () => {
    expect(parse('')).to.deep.equal([])
  })
})
