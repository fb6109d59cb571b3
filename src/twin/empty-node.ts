/**
 * Node's own native memory: of an empty process of the same binary, with the same built-in modules loaded, measured
 * once in the life of this process. V8 keeps some KiB beside each page of its heap, which that process shows as well.
 *
 * Rule: nothing is started that might be the service once more, and what was not measured is unknown.
 */
import { execFile } from 'node:child_process'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { addonOrNull, fileOfAddon } from '../allocator/binding.js'
import { SLOT } from '../allocator/port.js'
import { headroomProblem } from './headroom.js'

/** An empty process, in bytes. */
export interface EmptyNode {
  /** The bytes that it has allocated, without the memory of its Buffers. */
  readonly allocatedBytes: number
  /** V8's committed heap meanwhile. */
  readonly heapTotalBytes: number
  /** V8's table of strings, which is part of `allocatedBytes`; 0 where that is not known. */
  readonly tableBytes: number
  /** The bytes that V8 allocates for each byte more of committed heap. */
  readonly bytesPerHeapByte: number
}

const TIMEOUT_MS = 20_000
const ANSWER_BYTES_MAX = 64 * 1024
/** The memory that it takes for that time, and as much again. */
const NEEDED_BYTES = 256 * 1024 * 1024
/** Node under another name may be an application that was packed into it. */
const NODE_NAMES = /^node(?:js)?(?:-?v?\d[\d.]*)?$/
/** Requiring one of these does more than to load it. */
const NOT_LOADED: ReadonlySet<string> = new Set(['repl', 'wasi', 'test', 'test/reporters', 'cluster', 'trace_events'])

/**
 * The addon by itself reads the allocator; young arrays make the heap grow. What is in thread caches is free, as in every
 * reading of this library.
 */
const SCRIPT = `
const v8 = require('node:v8')
const { setTimeout: wait } = require('node:timers/promises')
const [, addonFile, modules] = process.argv
const loaded = { exports: {} }
process.dlopen(loaded, addonFile)
const addon = loaded.exports
for (const name of modules.split(',')) try { if (name !== '') require('node:' + name) } catch {}
const isJemalloc = addon.facts().mallctlPrefix !== null
const slots = new Float64Array(64)
const read = () => {
  for (let round = 0; round < 2; round++) { gc(); gc({ type: 'minor' }) }
  isJemalloc ? addon.readJemalloc(slots) : addon.readGlibc(slots)
  const known = (slot) => slots[slot] || 0
  const allocated = slots[${String(SLOT.rawAllocated)}] - known(${String(SLOT.tcache)}) - known(${String(SLOT.tcacheStashed)})
  return [allocated - process.memoryUsage().arrayBuffers, v8.getHeapStatistics().total_heap_size]
}
// Certificates are read by a thread of their own.
const whenQuiet = async () => {
  for (let last = -1, now = read()[0], turn = 0; Math.abs(now - last) > 4096 && turn < 20; turn++) {
    await wait(50)
    last = now
    now = read()[0]
  }
}
whenQuiet().then(() => {
  const small = read()
  const held = Array.from({ length: 150_000 }, (_, index) => [index, index + 0.5, {}])
  const large = read()
  const table = addon.heapTableBytes ? addon.heapTableBytes() : 0
  console.log(JSON.stringify([process.version, isJemalloc, ...small, ...large, table, held.length]))
})
`

let measured: EmptyNode | null | undefined
let underWay: Promise<EmptyNode | null> | undefined

/**
 * Measured at the first call, which takes some tenths of a second beside this thread; null where it cannot be. Never rejects.
 *
 * @param mayMeasure false: only what is known already, for those who may spend nothing on it
 */
export async function measureEmptyNode(mayMeasure = true): Promise<EmptyNode | null> {
  if (measured !== undefined || !mayMeasure) return measured ?? null
  if (headroomProblem(NEEDED_BYTES, 'an empty process') !== null) return null
  underWay ??= measure()
  measured = await underWay
  return measured
}

/** Native memory of the engine, in bytes. */
export interface EngineNative {
  /** Of Node itself. */
  readonly node: number
  /** V8's bookkeeping of a heap, beyond that of an empty one: of its pages, and its table of strings. */
  readonly engine: number
}

/** The allocations of an empty process with so large a heap. Pure. */
export function engineNative(empty: EmptyNode, heap: Pick<EmptyNode, 'heapTotalBytes' | 'tableBytes'>): EngineNative {
  const beyond = (key: 'heapTotalBytes' | 'tableBytes'): number => Math.max(0, heap[key] - empty[key])
  // Where one of the tables is not known nothing is said of either.
  const tables = empty.tableBytes > 0 ? beyond('tableBytes') : 0
  return {
    node: Math.round(empty.allocatedBytes),
    engine: Math.round(empty.bytesPerHeapByte * beyond('heapTotalBytes')) + tables,
  }
}

async function measure(): Promise<EmptyNode | null> {
  const addon = addonOrNull()
  if (addon === null || !mayStart()) return null
  const args = ['--expose-gc', '-e', SCRIPT, fileOfAddon(), loadedModules().join(',')]
  return emptyNodeOf(await outputOf(args), addon.facts().mallctlPrefix !== null)
}

/** Of what that process printed: only of the same version and under the same allocator it stands for this one. Pure. */
export function emptyNodeOf(output: string, isJemalloc: boolean, version = process.version): EmptyNode | null {
  const told = parsed(output)
  if (!Array.isArray(told) || told[0] !== version || told[1] !== isJemalloc) return null
  const [allocated = 0, heap = 0, allocatedLarge = 0, heapLarge = 0, tableBytes = 0] = told.slice(2).map(Number)
  const bytesPerHeapByte = (allocatedLarge - allocated) / (heapLarge - heap)
  if (!(allocated > 0 && heap > 0 && bytesPerHeapByte >= 0 && bytesPerHeapByte < 1)) return null
  return { allocatedBytes: allocated, heapTotalBytes: heap, tableBytes, bytesPerHeapByte }
}

function parsed(output: string): unknown {
  try {
    return JSON.parse(output)
  } catch {
    return null
  }
}

function mayStart(): boolean {
  const { versions, execPath } = process
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  const isForbidden = permission !== undefined && !permission.has('child')
  if (process.platform !== 'linux' || versions['electron'] !== undefined || isForbidden) return false
  return NODE_NAMES.test(path.basename(execPath))
}

/** Those that this process has loaded, and anybody may. */
function loadedModules(): string[] {
  const { moduleLoadList = [] } = process as typeof process & { moduleLoadList?: readonly string[] }
  const loaded = new Set(moduleLoadList.map((entry) => entry.replace(/^NativeModule /, '')))
  return builtinModules.filter((name) => loaded.has(name) && !name.startsWith('_') && !NOT_LOADED.has(name))
}

/** Where libraries and certificates are: all of the environment that reaches it. */
const KEPT =
  /^(?:LD_PRELOAD|LD_LIBRARY_PATH|NODE_EXTRA_CA_CERTS|NODE_ICU_DATA|SSL_CERT_(?:FILE|DIR)|OPENSSL_(?:CONF|MODULES))$/

/** Empty where it fails. */
function outputOf(args: readonly string[]): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => KEPT.test(name)))
  const options = { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: ANSWER_BYTES_MAX } as const
  return new Promise((resolve) => {
    try {
      execFile(process.execPath, args, options, (error, stdout) => {
        resolve(error === null ? stdout : '')
      })
    } catch {
      resolve('')
    }
  })
}
