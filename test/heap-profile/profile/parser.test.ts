import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { totalOf } from '../../helpers/internals/heap-profile-profile.js'
import { parseHeapProfile, readHeapProfile, selectThread } from '../../../src/heap-profile/index.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'
import { CacheAttributionError } from '../../../src/index.js'
import { temporaryFolder } from '../../helpers/profiled.js'

const MAPS = `MAPPED_LIBRARIES:
00400000-00500000 r-xp 00001000 fe:00 2                                  /usr/bin/app
00500000-00600000 rw-p 00101000 fe:00 2                                  /usr/bin/app
7f0000000000-7f0000010000 r-xp 00000000 00:00 0
7f0000010000-7f0000020000 r-xp 00002000 fe:00 3                          /usr/lib/with blank.so (deleted)
`
const TEXT = `heap_v2/1024
  t*: 3: 3072 [5: 5120]
  t0: 2: 2048 [4: 4096] main
  t7: 1: 1024 [1: 1024]
@ 0x400010 0x400021 0x7f0000000005
  t*: 2: 2048 [4: 4096]
  t0: 1: 1024 [3: 3072]
  t7: 1: 1024 [1: 1024]
@ 0x400010 0x7f0000010011
  t*: 1: 1024 [1: 1024]
  t0: 1: 1024 [1: 1024]

${MAPS}`

function parse(text: string, options?: Parameters<typeof parseHeapProfile>[1]): Promise<HeapProfile> {
  return parseHeapProfile([Buffer.from(text, 'latin1')], options)
}

async function refusal(text: string, options?: Parameters<typeof parseHeapProfile>[1]): Promise<string> {
  return parse(text, options).then(
    () => 'no error',
    (error: unknown) => {
      expect(error).to.be.instanceOf(CacheAttributionError)
      return (error as CacheAttributionError).message
    },
  )
}

describe('parseHeapProfile()', () => {
  it('takes the call before each return address, but leaves the innermost as it is', async () => {
    const { frames } = await parse(TEXT)
    expect(frames.map(({ address }) => address)).to.deep.equal([0x400010n, 0x400020n, 0x7f0000000004n, 0x7f0000010010n])
  })

  it('makes an estimate of the whole of each row', async () => {
    const profile = await parse(TEXT)
    // Objects of 1,024 bytes, one sample in 1,024 bytes: each stands for 1 / (1 − 1/e).
    const factor = 1 / (1 - Math.exp(-1))
    expect([...profile.samples.values]).to.deep.equal(
      [2, 2048, 4, 4096, 1, 1024, 1, 1024].map((value) => value * factor),
    )
    expect(profile.sampleIntervalBytes).to.equal(1024)
  })

  it('leaves out what was ever allocated where nothing counted it', async () => {
    const profile = await parse(TEXT.replace(/\[\d+: \d+\]/g, '[0: 0]'))
    expect(profile.sampleTypes.map(({ type }) => type)).to.deep.equal(['inuse_objects', 'inuse_space'])
    expect(profile.samples.values).to.have.lengthOf(4)
  })

  it('finds the file of each address, code without a file and files with blanks among them', async () => {
    const { frames, mappings } = await parse(TEXT)
    expect(mappings.map(({ file }) => file)).to.deep.equal([
      '/usr/bin/app',
      '//anon',
      '/usr/lib/with blank.so (deleted)',
    ])
    expect(frames.map(({ mapping }) => mapping)).to.deep.equal([0, 0, 1, 2])
  })

  it('gives the same whatever the size of the pieces', async () => {
    const whole = await parse(TEXT)
    for (const size of [1, 2, 7, 64, 1000]) {
      const bytes = Buffer.from(TEXT)
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.subarray(i * size, (i + 1) * size),
      )
      expect(await parseHeapProfile(pieces), `pieces of ${size}`).to.deep.equal(whole)
    }
  })

  it('reads lines that end as on Windows, and comments of tools before the first', async () => {
    expect(await parse(`%warn handed on\n${TEXT.replaceAll('\n', '\r\n')}`)).to.deep.equal(await parse(TEXT))
  })

  it('keeps the rows of threads with their names', async () => {
    const profile = await parse(TEXT)
    expect(profile.threads?.list).to.deep.equal([
      { id: 0, name: 'main' },
      { id: 7, name: null },
    ])
    expect(selectThread(profile, 7).samples.count).to.equal(1)
    expect(totalOf(selectThread(profile, 0)) + totalOf(selectThread(profile, 7))).to.be.closeTo(totalOf(profile), 1e-9)
    expect((await parse(TEXT, { threads: false })).threads).to.equal(null)
  })

  it('takes addresses of all 64 bits', async () => {
    const { frames } = await parse(
      'heap_v2/1\n@ 0xffffffffffffffff 0xffffffffff600000 0x100000000\n t*: 1: 8 [0: 0]\nMAPPED_LIBRARIES:\n',
    )
    expect(frames.map(({ address }) => address)).to.deep.equal([0xffffffffffffffffn, 0xffffffffff5fffffn, 0xffffffffn])
  })

  for (const [what, text, words] of [
    ['of another kind', 'heap profile: 1: 2 [3: 4] @ heapprofile\n', 'gperftools'],
    ['that is packed', '\x1f\x8b\x08\n', 'compressed'],
    ['without an interval', 'heap_v2/\n', 'line 1'],
    ['with a line that is no row', TEXT.replace('  t7: 1: 1024 [1: 1024]\n@', 'nonsense\n@'), 'line 4'],
    ['with a row without its end', TEXT.replace('[4: 4096]\n  t0: 1', '[4: 4096\n  t0: 1'), 'line 6'],
    ['with two rows for all threads', TEXT.replace('  t0: 1: 1024 [3: 3072]', '  t*: 1: 1024 [3: 3072]'), 'line 7'],
    ['with a stack without a row', TEXT.replace('  t*: 1: 1024 [1: 1024]\n  t0: 1: 1024 [1: 1024]\n', ''), 'no row'],
    ['with objects of no bytes', TEXT.replace('2: 2048 [4: 4096]\n  t0', '2: 0 [4: 4096]\n  t0'), 'no bytes'],
    ['with more than there can be', TEXT.replace('0005\n  t*: 2: 2048', '0005\n  t*: 9999999999999999999: 1'), '2^53'],
    ['with an address of 68 bits', TEXT.replace('0x400021', '0x11111111111111111'), '64 bits'],
    ['with libraries that overlap', TEXT.replace('7f0000010000-', '7f000000f000-'), 'overlap'],
    ['with a library that is none', TEXT.replace('00400000-', 'x-'), 'line 14'],
  ] as const) {
    it(`refuses a text ${what}, and says where`, async () => {
      const message = await refusal(text)
      expect(message).to.match(/^ERR_PROFILE_FORMAT: /)
      expect(message).to.include(words)
    })
  }

  it('refuses a text that ends too early, wherever', async () => {
    for (const end of [0, 5, 40, 120, 220, 300]) {
      expect(await refusal(TEXT.slice(0, end)), `after ${end} bytes`).to.match(/^ERR_PROFILE_TRUNCATED: /)
    }
  })

  it('keeps the whole stacks of such a text on request, and says so', async () => {
    const end = TEXT.indexOf('@ 0x400010 0x7f0000010011') + 30
    const profile = await parse(TEXT.slice(0, end), { truncated: 'keep' })
    expect(profile.samples.count).to.equal(1)
    expect(profile.samples.frames).to.have.lengthOf(3)
    expect(profile.comments.join()).to.include('ends too early')
  })

  it('refuses what is longer than it may be, as a whole and in one line', async () => {
    expect(await refusal(TEXT, { maxBytes: 100 })).to.match(/^ERR_PROFILE_TOO_LARGE: /)
    expect(await refusal(`heap_v2/1\n@${' 0x1'.repeat(100_000)}\n`)).to.include('longer than')
  })

  it('passes on what the stream throws', async () => {
    const failing = (async function* () {
      yield Buffer.from('heap_v2/1\n')
      throw new Error('the disk is gone')
    })()
    expect(await parseHeapProfile(failing).catch((error: unknown) => (error as Error).message)).to.equal(
      'the disk is gone',
    )
  })
})

describe('readHeapProfile()', () => {
  const { folder, remove } = temporaryFolder()
  after(remove)

  it('reads a file as the stream is read', async () => {
    const file = path.join(folder, 'a.heap')
    writeFileSync(file, TEXT)
    const { writtenAt, ...profile } = await readHeapProfile(file)
    expect(profile).to.deep.equal(await parse(TEXT))
    expect(Date.parse(writtenAt ?? '')).to.be.closeTo(Date.now(), 60_000)
  })

  it('says that a file cannot be read', async () => {
    for (const file of [path.join(folder, 'none'), folder]) {
      expect(await readHeapProfile(file).catch((error: unknown) => (error as Error).message)).to.match(
        /^ERR_PROFILE_READ: /,
      )
    }
  })
})
