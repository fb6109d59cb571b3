/** Leaks of memory outside V8's heap, and of text. */
import { type Leak, times } from './leak.js'

const uploads: Buffer[] = []
const vectors: Float64Array[] = []
const headers: Buffer[] = []
const pooled: Buffer[] = []
const shared: SharedArrayBuffer[] = []
const frames: ArrayBuffer[] = []
const sessions = new Map<string, unknown>()
const pages = new Map<number, string>()
const snippets: string[] = []
const logs: string[] = []
const titles = new Map<number, string>()
const views = new Map<string, DataView>()
const texts = new Set<string>()
let journal = ''

interface WebAssemblyMemory {
  readonly buffer: ArrayBuffer
}
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: { Memory: new (options: { initial: number }) => WebAssemblyMemory }
}
const WASM_PAGE = 65_536

/** A text of that many characters, one byte each, that no other shares. */
function text(seed: number, length: number): string {
  return Buffer.alloc(length, `line ${String(seed)}, `).toString('latin1')
}

export const leaks: readonly Leak[] = [
  {
    name: 'Buffers',
    says: /^memory\.js › uploads: Array\(160\)$/,
    plant: () => {
      times(160, (index) => uploads.push(Buffer.alloc(100_000, index)))
    },
  },
  {
    name: 'typed arrays',
    says: /^memory\.js › vectors: Array\(160\)$/,
    plant: () => {
      times(160, (index) => vectors.push(new Float64Array(12_500).fill(index)))
    },
  },
  {
    name: 'small parts of large Buffers',
    says: /^memory\.js › headers: Array\(160\)$/,
    plant: () => {
      times(160, (index) => headers.push(Buffer.alloc(100_000, index).subarray(0, 16)))
    },
  },
  {
    name: "Buffers of Node's pool",
    says: /^memory\.js › pooled: Array\(60,000\)$/,
    plant: () => {
      times(60_000, (index) => pooled.push(Buffer.from(`a header with the value ${String(index)}`)))
    },
  },
  {
    name: 'shared memory',
    says: /^memory\.js › shared: Array\(80\)$/,
    mappedBytes: 80 * 200_000,
    plant: () => {
      times(80, () => {
        const memory = new SharedArrayBuffer(200_000)
        new Uint8Array(memory).fill(1)
        shared.push(memory)
      })
    },
  },
  {
    name: 'resizable memory',
    says: /^memory\.js › frames: Array\(80\)$/,
    plant: () => {
      times(80, () => {
        const Resizable = ArrayBuffer as unknown as new (
          bytes: number,
          options: { readonly maxByteLength: number },
        ) => ArrayBuffer
        const memory = new Resizable(200_000, { maxByteLength: 400_000 })
        new Uint8Array(memory).fill(1)
        frames.push(memory)
      })
    },
  },
  {
    name: 'memory of WebAssembly',
    says: /^memory\.js › sessions: Map\(24\)$/,
    mappedBytes: 24 * 10 * WASM_PAGE,
    plant: () => {
      times(24, (index) => {
        const memory = new WebAssembly.Memory({ initial: 10 })
        new Uint8Array(memory.buffer).fill(index)
        sessions.set(`session ${String(index)}`, { memory })
      })
    },
  },
  {
    name: 'text outside the heap',
    says: /^memory\.js › pages: Map\(8\)$/,
    plant: () => {
      times(8, (index) => pages.set(index, text(index, 2_000_000)))
    },
  },
  {
    name: 'slices of long text',
    says: /^memory\.js › snippets: Array\(150\)$/,
    plant: () => {
      times(150, (index) => snippets.push(text(index, 100_000).substring(1000, 1040)))
    },
  },
  {
    name: 'slices of text outside the heap',
    says: /^memory\.js › titles: Map\(8\)$/,
    plant: () => {
      times(8, (index) => titles.set(index, text(index, 2_000_000).substring(10, 90)))
    },
  },
  {
    name: 'text that is put together',
    says: /^memory\.js › logs: Array\(100,000\)$/,
    plant: () => {
      times(100_000, (index) =>
        logs.push(`${String(index * 1.5)} a line of a log that somebody reads: ${String(index)}`),
      )
    },
  },
  {
    name: 'one text that grows',
    says: /^memory\.js › journal: string$/,
    plant: () => {
      times(200_000, (index) => (journal += `${String(index)} was handled well\n`))
      return () => journal.length
    },
  },
  {
    name: 'views of one memory each',
    says: /^memory\.js › views: Map\(160\)$/,
    plant: () => {
      times(160, (index) => views.set(`view ${String(index)}`, new DataView(new ArrayBuffer(100_000), 8, 16)))
    },
  },
  {
    name: 'texts in a Set',
    says: /^memory\.js › texts: Set\(1,600\)$/,
    plant: () => {
      times(1600, (index) => texts.add(text(index, 10_000)))
    },
  },
]
