/**
 * Damages real and made-up profiles at random, from a seed: what comes out must be a profile that holds together, or an
 * error with a code. Used by the tests for some thousand inputs, and by bench/profile-fuzz.ts for as many as one likes.
 */
import { toFolded, topTable, subtractProfile } from '../../../src/heap-profile/index.js'
import { ProfileText } from '../../helpers/internals/heap-profile-profile.js'
import type { HeapProfile } from '../../../src/heap-profile/index.js'
import { CacheAttributionError } from '../../../src/index.js'
import { atOnce } from '../../helpers/internals/support.js'

/** How many inputs came to which end. */
export interface FuzzResult {
  readonly parsed: number
  readonly refused: Readonly<Record<string, number>>
  /** The longest that one input took, in milliseconds. */
  readonly slowestMs: number
}

/** A number generator with a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const PIECES = [
  'heap_v2/524288\n',
  'heap_v2/1\n',
  'heap_v2/0\n',
  'heap profile: 1: 2 [3: 4] @ heap_v2/1\n',
  '@',
  '@ 0x1 0x2\n',
  '@ 0xffffffffffffffff\n',
  '  t*: 1: 1 [0: 0]\n',
  '  t*: 1: 0 [0: 0]\n',
  '  t0: 18446744073709551615: 1 [1: 18446744073709551615]\n',
  't*: -1: 1 [0: 0]\n',
  '  t99999999999999999999: 1: 1 [1: 1]\n',
  'MAPPED_LIBRARIES:\n',
  '00400000-00b6f000 r-xp 00000000 fe:00 2 /usr/bin/node\n',
  '0-ffffffffffffffff r-xp 0 0:0 0\n',
  '2-1 r-xp 0 0:0 0\n',
  '\n',
  '\r\n',
  ' ',
  '0x',
  '\0',
  '[',
  ']',
  ':',
  '\u00ff',
  '%warn x\n',
  'e9',
  '0x0 ',
]

/** One damaged input. */
export function damaged(original: Uint8Array, random: () => number): Uint8Array {
  let bytes = Buffer.from(original)
  const below = (limit: number): number => Math.floor(random() * limit)
  const times = 1 + below(6)
  for (let time = 0; time < times; time++) {
    const at = below(bytes.length + 1)
    const end = Math.min(bytes.length, at + below(200))
    const kind = below(7)
    if (kind === 0) bytes = bytes.subarray(0, at)
    else if (kind === 1 && at < bytes.length) bytes[at] = below(256)
    else if (kind === 2) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)])
    else if (kind === 3) bytes = Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
    else if (kind === 4) bytes = inserted(bytes, at, Buffer.from(PIECES[below(PIECES.length)] ?? ''))
    else if (kind === 5) bytes = inserted(bytes, at, Buffer.from(String(Math.floor(random() * 10 ** below(22)))))
    else bytes = Buffer.from(Array.from({ length: 1 + below(8) }, () => PIECES[below(PIECES.length)] ?? '').join(''))
  }
  return bytes
}

function inserted(bytes: Buffer, at: number, piece: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)])
}

/** Feeds `count` damaged inputs to the parser and the outputs. @throws where one breaks the rule, with what to repeat it by */
export function fuzzProfiles(originals: readonly Uint8Array[], count: number, seed: number): FuzzResult {
  const random = randomOf(seed)
  const refused: Record<string, number> = {}
  let parsed = 0
  let slowestMs = 0
  for (let input = 0; input < count; input++) {
    const bytes = damaged(originals[input % originals.length] ?? Buffer.alloc(0), random)
    const started = performance.now()
    try {
      const profile = parse(bytes, 1 + Math.floor(random() * 300), random() < 0.5 ? 'keep' : 'refuse')
      expectWhole(profile)
      parsed++
    } catch (error) {
      if (!(error instanceof CacheAttributionError && error.code.startsWith('ERR_PROFILE_'))) {
        throw new Error(`seed ${seed}, input ${input}: ${JSON.stringify(Buffer.from(bytes).toString('latin1'))}`, {
          cause: error,
        })
      }
      refused[error.code] = (refused[error.code] ?? 0) + 1
    }
    slowestMs = Math.max(slowestMs, performance.now() - started)
  }
  return { parsed, refused, slowestMs }
}

function parse(bytes: Uint8Array, pieceBytes: number, truncated: 'keep' | 'refuse'): HeapProfile {
  const text = new ProfileText({ threads: true, truncated, maxBytes: 1 << 20 })
  for (let at = 0; at < bytes.length; at += pieceBytes) text.push(bytes.subarray(at, at + pieceBytes))
  return atOnce(text.end())
}

/** The conditions for every profile that is handed out. */
function expectWhole(profile: HeapProfile): void {
  const { samples, frames, sampleTypes, threads, mappings } = profile
  const fail = (what: string): never => {
    throw new Error(what)
  }
  if (samples.values.length !== samples.count * sampleTypes.length) fail('values of another size')
  if (samples.offsets.length !== samples.count + 1 || samples.offsets.at(-1) !== samples.frames.length) fail('offsets')
  if (samples.offsets.some((offset, index) => offset < (samples.offsets[index - 1] ?? 0))) fail('offsets fall')
  if (samples.frames.some((frame) => frame >= frames.length)) fail('a frame that is not there')
  if (!samples.values.every((value) => Number.isFinite(value) && value >= 0)) fail('a value that is no amount')
  if (frames.some(({ mapping }) => mapping !== null && mapping >= mappings.length)) fail('a mapping that is not there')
  if (threads?.samples.some((sample) => sample >= samples.count) === true) fail('a row of a thread without its sample')
  const total = topTable(profile).total
  const lines = toFolded(profile)
  if (samples.count > 0 && total > 1 && lines === '' && !emptyStacks(profile)) fail('nothing folded')
  // A stack that stands twice in a damaged text leaves what adding up doubles leaves.
  const left = subtractProfile(profile, profile).samples.values
  const largest = samples.values.reduce((most, value) => Math.max(most, value), 0)
  if (left.some((value) => Math.abs(value) > 1e-9 * largest)) fail('a difference to itself')
}

/** Whether what there is stands in stacks without a frame, or is too little for a line. */
function emptyStacks({ samples, sampleTypes }: HeapProfile): boolean {
  for (let sample = 0; sample < samples.count; sample++) {
    const hasFrames = (samples.offsets[sample + 1] ?? 0) > (samples.offsets[sample] ?? 0)
    if (hasFrames && (samples.values[sample * sampleTypes.length + 1] ?? 0) >= 0.5) return false
  }
  return true
}
