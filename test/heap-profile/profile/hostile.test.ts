/** Profiles that somebody made to be read slowly, or into much memory. */
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { topTable, toPprof, parseAnyProfile, parseHeapProfile } from '../../../src/heap-profile/index.js'
import { ProfileBuilder } from '../../helpers/internals/heap-profile-profile.js'
import { CacheAttributionError } from '../../../src/index.js'
import { runFixture } from '../../helpers/child.js'
import { expectLinear } from '../../helpers/linear.js'
import { thorough } from '../../helpers/thorough.js'
import type { HostileProfileResult } from '../fixtures/hostile-profile.js'
import { HOSTILE_PROFILES } from '../fixtures/hostile-profile.js'
import { randomOf } from '../fuzz/profile-fuzz.js'

/** Seconds of a processor, or hundreds of megabytes. */
const LARGE: readonly string[] = [
  'a bomb of text',
  'a bomb of zeros',
  'text of many addresses',
  'text of a hundred megabytes',
  'a million mappings',
  'a million places',
]

describe('hostile profiles', function () {
  this.timeout(120_000)

  for (const [kind, { code }] of Object.entries(HOSTILE_PROFILES)) {
    const test = LARGE.includes(kind) ? thorough : it
    test(`take bounded time and memory, and leave the event loop its turns: ${kind}`, async () => {
      const result = await runFixture<HostileProfileResult>('heap-profile/fixtures/hostile-profile', {
        args: [kind],
        timeoutMs: 110_000,
      })
      expect(result.code).to.match(code)
      expect(result.grownBytes, 'bytes').to.be.below(900 << 20)
      expect(result.cpuMs, 'ms of a processor').to.be.below(20_000)
      expect(result.longestMs, 'ms in one piece').to.be.below(2_500)
    })
  }

  it('of text in pieces of a byte take time by their length', async () => {
    await expectLinear(
      (length) => Buffer.from(`heap_v2/1\n@${' 0x1'.repeat(length / 4)}\n  t*: 1: 1 [0: 0]\nMAPPED_LIBRARIES:\n`),
      (bytes) => parseHeapProfile(Array.from(bytes, (_, at) => bytes.subarray(at, at + 1))),
      50_000,
    )
  })

  it('are understood the same in pieces of any size', async () => {
    const text = Buffer.from(
      `heap_v2/1\n  t*: 2: 9 [0: 0]\n@ 0x10 0x20\n  t*: 1: 1 [0: 0]\n@${' 0x7'.repeat(300)}\n  t*: 1: 8 [0: 0]\nMAPPED_LIBRARIES:\n`,
    )
    const whole = await parseHeapProfile([text])
    for (const size of [1, 2, 7, 255, 256, 257]) {
      const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.subarray(at * size, (at + 1) * size),
      )
      expect(await parseHeapProfile(pieces), String(size)).to.deep.equal(whole)
    }
  })

  for (const rounds of [300, 3_000]) {
    const test = rounds === 300 ? it : thorough
    test(`of profile.proto, damaged at random ${String(rounds)} times, are read or refused with a code`, async () => {
      const builder = new ProfileBuilder({
        source: 'v8',
        sampleTypes: [
          { type: 'inuse_objects', unit: 'count' },
          { type: 'inuse_space', unit: 'bytes' },
        ],
        sampleIntervalBytes: 1024,
        takenAt: '2026-01-02T03:04:05.000Z',
        comments: ['made for this'],
      })
      for (let index = 0; index < 40; index++) {
        builder.add([builder.named(`f${index}`, 'a.js', index + 1), builder.named('main', 'a.js', 1)], [1, 100 * index])
      }
      const { gunzipSync } = await import('node:zlib')
      const original = gunzipSync(await toPprof(builder.build()))
      expect(topTable(await parseAnyProfile(original)).total).to.equal(78_000)
      const random = randomOf(20_261_130)
      const ends = new Map<string, number>()
      for (let round = 0; round < rounds; round++) {
        const bytes = Buffer.from(original)
        for (let time = 0; time < 1 + random() * 2; time++) {
          bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
        }
        const cut = round % 4 === 0 ? bytes.subarray(0, Math.floor(random() * bytes.length)) : bytes
        const end = await parseAnyProfile(cut).then(
          (profile) => {
            topTable(profile, { type: profile.sampleTypes[0]?.type ?? 'inuse_space' })
            return 'read'
          },
          (error: unknown) => (error instanceof CacheAttributionError ? error.code : String(error)),
        )
        ends.set(end, (ends.get(end) ?? 0) + 1)
      }
      expect([...ends.keys()].filter((end) => end !== 'read' && !end.startsWith('ERR_PROFILE_'))).to.deep.equal([])
      expect(ends.get('read'), JSON.stringify([...ends])).to.be.greaterThan(rounds / 30)
      expect(ends.get('ERR_PROFILE_FORMAT'), JSON.stringify([...ends])).to.be.greaterThan(rounds / 30)
    })
  }

  it('of text are never taken for profile.proto, and told in words that fit', async () => {
    const texts: Readonly<Record<string, RegExp>> = {
      '<jemalloc>: Leak approximation summary: ~1 byte\n<jemalloc>: Run jeprof\nheap_v2/1\n':
        /ERR_PROFILE_FORMAT: line 1 of the profile: messages of jemalloc stand before the profile/,
      'a log line\nheap_v2/1\n': /ERR_PROFILE_FORMAT: line 1 .*expected "heap_v2\/".*"a log line"/,
      '{"a":1}': /ERR_PROFILE_(?:FORMAT|TRUNCATED)/,
      '\n\nhello world\n': /ERR_PROFILE_FORMAT: line 3/,
      'heap profile: 1: 2 [3: 4] @ heap_v2/1\n': /gperftools/,
      '--- growth\n': /expected "heap_v2\/"/,
      '--- symbol\nnonsense here\n': /expected an address and its name/,
      '--- symbol\n0x1 f\n': /ERR_PROFILE_TRUNCATED/,
    }
    for (const [text, words] of Object.entries(texts)) {
      for (const bytes of [Buffer.from(text), gzipSync(text)]) {
        const message = await parseAnyProfile(bytes).catch((error: unknown) => (error as Error).message)
        expect(message, text).to.match(words).and.not.include('pprof')
      }
    }
  })
})
