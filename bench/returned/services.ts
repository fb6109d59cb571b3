/** Services whose caches share pages in different ways. Each fills Maps, which are released in the order of their names here. */
import { deflateSync } from 'node:zlib'

/** Caches by name, filled. */
export type FilledCaches = Readonly<Record<string, Map<number, unknown>>>

declare const WebAssembly: { Memory: new (options: { initial: number }) => { buffer: ArrayBuffer } }

const KIB = 1024

/** Numbers from 0 to 1, the same in every process. */
function sequence(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return state / 2_147_483_648
  }
}

function filled(bytes: number): Buffer {
  return Buffer.allocUnsafeSlow(Math.max(1, Math.round(bytes))).fill(1)
}

function mapOf(count: number, valueOf: (index: number) => unknown): Map<number, unknown> {
  return new Map(Array.from({ length: count }, (_, index) => [index, valueOf(index)]))
}

/** Values of all Maps in turns, so that their blocks lie beside each other. */
function interleaved(counts: Readonly<Record<string, number>>, valueOf: (name: string) => unknown): FilledCaches {
  const caches = Object.fromEntries(Object.keys(counts).map((name) => [name, new Map<number, unknown>()]))
  const most = Math.max(...Object.values(counts))
  for (let index = 0; index < most; index++) {
    for (const [name, count] of Object.entries(counts)) if (index < count) caches[name]?.set(index, valueOf(name))
  }
  return caches
}

/** Held by the service, and never released. */
const kept: unknown[] = []

/** By name. */
export const SERVICES: Readonly<Record<string, () => FilledCaches>> = {
  'pages of its own': () => ({
    files: mapOf(400, () => filled(96 * KIB)),
    thumbnails: mapOf(3000, () => filled(12 * KIB)),
  }),
  'blocks in turns': () => interleaved({ one: 40_000, other: 40_000 }, () => filled(480)),
  'three in turns': () =>
    interleaved({ small: 20_000, large: 20_000, few: 2000 }, (name) => filled(name === 'large' ? 1500 : 700)),
  'sizes at random': () => {
    const random = sequence(7)
    return interleaved({ first: 8000, second: 8000, third: 8000 }, () => filled(16 * KIB ** random()))
  },
  'beside what stays': () => {
    const caches = interleaved({ cache: 30_000 }, () => {
      kept.push(filled(480))
      return filled(480)
    })
    return { ...caches, alone: mapOf(500, () => filled(64 * KIB)) }
  },
  'results of zlib': () => {
    const random = sequence(3)
    const text = Buffer.from(Array.from({ length: 60_000 }, () => 32 + Math.floor(64 * random())))
    return {
      pages: mapOf(1500, (index) => deflateSync(text.subarray(index))),
      others: mapOf(20_000, () => filled(2000)),
    }
  },
  'objects of the heap': () => ({
    records: mapOf(200_000, (index) => ({ index, values: [index, index + 1] })),
    texts: mapOf(100_000, (index) => `text ${String(index)} `.repeat(20)),
  }),
  'objects in turns': () =>
    interleaved({ users: 150_000, orders: 150_000 }, (name) => ({
      name,
      at: [0, 1, 2, 3],
      tag: String(Math.random()),
    })),
  'pages never written': () => ({
    sparse: mapOf(2000, () => Buffer.allocUnsafeSlow(16 * KIB).fill(1, 0, 100)),
    dense: mapOf(2000, () => filled(16 * KIB)),
  }),
  'memory that V8 maps': () => ({
    wasm: mapOf(20, () => {
      const memory = new WebAssembly.Memory({ initial: 16 })
      new Uint8Array(memory.buffer).fill(1)
      return memory
    }),
    shared: mapOf(40, () => new Uint8Array(new SharedArrayBuffer(512 * KIB)).fill(1)),
  }),
}
