import { expect } from 'chai'
import { parseHeapProfile, subtractProfile, toFolded } from '../../../src/heap-profile/index.js'
import { cacheLine, decoded, encoded, frameLine } from '../../helpers/internals/heap-profile-profile.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'

/** A dump whose samples are so rare that estimates are what was sampled. */
function parse(stacks: readonly string[], names: readonly string[]): Promise<HeapProfile> {
  const rows = stacks.map((stack, index) => {
    const bytes = 2 ** 30 * (index + 1)
    return `@ ${stack}\n  t*: 1: ${bytes} [0: 0]\n  t0: 1: ${bytes} [0: 0]`
  })
  const map = '00400000-00500000 r-xp 00000000 fe:00 12 /usr/bin/node'
  const text = ['heap_v2/1024', '  t*: 9: 9 [0: 0]', ...rows, 'MAPPED_LIBRARIES:', map, ...names, ''].join('\n')
  return parseHeapProfile([Buffer.from(text)])
}

const GIB = 2 ** 30
const FRAMES = [
  '# js frame 0 12 /app/thumbnails.js makeThumbnail',
  '# js frame 1 80 /app/server.js main',
  '# js frame 2 115 node:internal/buffer createUnsafeBuffer',
]
const folded = (profile: HeapProfile): string[] => toFolded(profile).trim().split('\n')

describe('names of JavaScript in a dump', () => {
  it('stand in place of the tokens, each call as a frame, with its file and line', async () => {
    const profile = await parse(['0x400010 0x7a4a00000000001f'], [...FRAMES, '# js stack 0 2 0 1', '# js token 1f 0'])
    const calls = profile.frames.flatMap(({ functions }) => functions)
    expect(calls.map(({ name, file, line }) => [name, file, line])).to.deep.equal([
      ['createUnsafeBuffer', 'node:internal/buffer', 115],
      ['makeThumbnail', '/app/thumbnails.js', 12],
      ['main', '/app/server.js', 80],
    ])
    expect(profile.samples.frames).to.have.lengthOf(4)
    expect(profile.comments).to.deep.equal([])
  })

  it('join stacks that read the same though their tokens differ, with their rows of threads', async () => {
    const profile = await parse(
      ['0x400010 0x7a4a000000000001', '0x400010 0x7a4a000000000002', '0x400010'],
      [...FRAMES, '# js stack 0 0 1', '# js token 1 0', '# js token 2 0'],
    )
    expect([...profile.samples.values]).to.deep.equal([2, 3 * GIB, 1, 3 * GIB])
    expect([...(profile.threads?.samples ?? [])]).to.deep.equal([0, 0, 1])
  })

  it('make dumps comparable: what two have alike is no difference, whatever the tokens are', async () => {
    const before = await parse(['0x400010 0x7a4a000000000001'], [...FRAMES, '# js stack 0 0 1', '# js token 1 0'])
    const after = await parse(['0x400010 0x7a4a000000000009'], [...FRAMES, '# js stack 0 0 1', '# js token 9 0'])
    expect(subtractProfile(after, before).samples.count).to.equal(0)
  })

  it('say what marks, caches and threads are', async () => {
    const profile = await parse(
      ['0x400010 0x7a4d000000000001', '0x400010 0x7a4a000000000001 0x7a57000000000003 0x7a53000000000001'],
      [...FRAMES, '# js stack 0 0', '# js token 1 0', '# js cache 1 thumb%20nails'],
    )
    const lines = folded(profile)
    expect(lines.some((line) => /^\(V8 collects garbage\)[; ]/.test(line))).to.equal(true)
    expect(lines.some((line) => line.startsWith('(cache thumb nails);(worker thread 3);makeThumbnail'))).to.equal(true)
  })

  it('take of those who asked for a job of the pool the last that has a function of the application', async () => {
    const profile = await parse(
      ['0x400010 0x7a4d000000000002 0x7a4a000000000001 0x7a4a000000000002'],
      [...FRAMES, '# js stack 0 2', '# js stack 1 0 1', '# js token 1 0', '# js token 2 1'],
    )
    expect(folded(profile)[0]).to.match(/^main.*;makeThumbnail.*;\(buffer on libuv’s pool\);/)
    expect(folded(profile)[0]).not.to.include('createUnsafeBuffer')
  })

  for (const [file, work] of [
    ['node:zlib', 'zlib'],
    ['node:internal/crypto/scrypt', 'crypto'],
    ['node:internal/fs/promises', 'fs'],
    ['node:dns', 'dns'],
    ['/app/node_modules/sharp/lib/output.js', 'sharp'],
    ['/app/node_modules/@napi-rs/canvas/index.js', '@napi-rs/canvas'],
    ['/app/own-addon.js', 'work'],
    ['-', 'work'],
  ]) {
    it(`say what a job of the pool is by who submitted it: ${work ?? ''} (${file ?? ''})`, async () => {
      const profile = await parse(
        ['0x400010 0x7a4d000000000002 0x7a4a000000000001'],
        [`# js frame 0 3 ${file ?? ''} submit`, '# js stack 0 0', '# js token 1 0'],
      )
      expect(folded(profile)[0]).to.match(new RegExp(`^submit[^;]*;\\(${work ?? ''} on libuv’s pool\\);`))
    })
  }

  it('tell threads without JavaScript apart', async () => {
    const profile = await parse(
      [5, 6, 7, 8].map((mark) => `0x400010 0x7a4d00000000000${String(mark)}`),
      [],
    )
    expect(folded(profile).map((line) => line.replace(/ \d+$/, ''))).to.have.members([
      '(libuv’s pool)',
      '(V8’s threads)',
      '(threads of Node and V8)',
      '(a thread whose JavaScript is not recorded)',
    ])
  })

  it('say why nobody is named for work on the pool', async () => {
    const profile = await parse(
      ['0x400010 0x7a4a000000000001'],
      [...FRAMES, '# js stack 0 0', '# js token 1 0', '# js pool this Node does not export libuv'],
    )
    expect(profile.comments).to.deep.equal([
      'Who asked for work on libuv’s pool is not known: this Node does not export libuv.',
    ])
  })

  it('are missed where a dump has none: the token stays, and a comment says so', async () => {
    const profile = await parse(['0x400010 0x7a4a000000000001'], [])
    expect(folded(profile)[0]).to.match(/^\(JavaScript without a name in this dump\);/)
    expect(profile.comments.join()).to.include('1 stacks of JavaScript have no names in this dump')
  })

  it('say why there are none where the process could not have them', async () => {
    const profile = await parse(['0x400010'], ['# js none this jemalloc has no hook for stacks'])
    expect(profile.comments).to.deep.equal([
      'Its stacks end where JavaScript begins: this jemalloc has no hook for stacks.',
    ])
  })

  it('leave out what a later version writes', async () => {
    const profile = await parse(['0x400010'], ['# js colour 7 blue'])
    expect(profile.samples.count).to.equal(1)
  })

  for (const line of [
    '# js frame',
    '# js frame 0 -1 /app/a.js f',
    '# js frame 0 1 /app/a.js f g',
    '# js stack',
    '# js stack 0 x',
    `# js stack 0${' 1'.repeat(2000)}`,
    '# js token 1g 0',
    '# js token 1',
    '# js cache x y',
  ]) {
    it(`are refused with their line where they are wrong: ${line.slice(0, 40)}`, async () => {
      const code = await parse(['0x400010'], [line]).then(
        () => 'a profile',
        (error: unknown) => (error as { readonly code: string }).code,
      )
      expect(code).to.equal('ERR_PROFILE_FORMAT')
    })
  }

  it('keep every text, whatever stands in it', async () => {
    for (const text of ['', '-', 'a b', 'get\nset', '100%', '%41', 'ünï\u2028 ', '</script>']) {
      expect(decoded(encoded(text)).trim(), JSON.stringify(text)).to.equal(text.trim())
      expect(encoded(text)).to.match(/^[^ \n]+$/)
      const lines = [frameLine(0, { name: `f${text}`, file: `/app/${text}`, line: null }), cacheLine(1, `c${text}`)]
      const profile = await parse(
        ['0x400010 0x7a4a000000000001 0x7a53000000000001'],
        [...lines.map((line) => line.trimEnd()), '# js stack 0 0', '# js token 1 0'],
      )
      const [own, cache] = profile.frames.slice(1).map(({ functions }) => functions[0])
      expect([own?.name, own?.file, cache?.name]).to.deep.equal([`f${text}`, `/app/${text}`, `(cache c${text})`])
    }
  })
})
