/** One process with planted memory, under one Node and one allocator: what breakdown() finds of it, as one JSON line. */
import { readFileSync } from 'node:fs'
import { breakdown } from '../../src/breakdown/index.js'
import { bytesAt, bytesOfAll } from '../../src/report/breakdown/node.js'
import { MAIN_ISOLATE } from '../../src/report/breakdown/v8.js'
import { PART } from '../../src/report/breakdown/types.js'
import type { IsolateHeap, MemoryNode } from '../../src/report/breakdown/types.js'
import { openAllocator } from '../../src/allocator/open.js'
import { nodeEnvironment } from '../../src/support/environment.js'
import {
  MIB,
  SHARED_FOLDER,
  anonymousMapping,
  buffers,
  deepWorker,
  mappedFile,
  objects,
  worker,
} from '../../test/breakdown/fixtures/plant.js'
import { report } from '../support/processes.js'

/** The planted memory, and the place where it should be found. */
interface Planted {
  readonly what: string
  readonly bytes: number
  readonly find: (tree: MemoryNode) => number
}

/** The line that is printed. */
export interface BreakdownResult {
  readonly nodeVersion: string
  readonly allocator: string
  readonly scenario: string
  readonly rssBytes: number
  readonly leavesBytes: number
  /** VmRSS right after, by the kernel's own count. */
  readonly kernelBytes: number
  readonly leastLeafBytes: number
  readonly remainderBytes: number
  readonly planted: readonly { readonly what: string; readonly bytes: number; readonly foundBytes: number }[]
  readonly tookMs: readonly number[]
}

/** Its types come with those of browsers. */
declare const WebAssembly: { Memory: new (options: { initial: number }) => { buffer: ArrayBuffer } }

const heaps: IsolateHeap[] = []
const kept: unknown[] = []
const v8 = (tree: MemoryNode): MemoryNode | undefined => tree.children?.find(({ name }) => name === PART.v8)
const liveInMain = (tree: MemoryNode): number => bytesAt(tree, PART.v8, MAIN_ISOLATE, PART.live)
const liveInWorkers = (tree: MemoryNode): number => bytesOfAll(v8(tree), PART.live) - liveInMain(tree)
const liveNative = (tree: MemoryNode): number => bytesAt(tree, PART.allocator, PART.live)
const at =
  (name: string) =>
  (tree: MemoryNode): number =>
    bytesAt(tree, name)

function plant(what: string, bytes: number, keep: () => unknown, find: Planted['find']): Planted {
  kept.push(keep())
  return { what, bytes, find }
}

async function plantWorkers(count: number, bytesEach: number): Promise<Planted> {
  const empty = await worker(0)
  const ownBytes = empty.heap.spaces.reduce((sum, { usedBytes }) => sum + usedBytes, 0)
  await empty.end()
  for (let index = 0; index < count; index++) heaps.push((await worker(bytesEach)).heap)
  return { what: `${String(count)} workers`, bytes: count * (bytesEach + ownBytes), find: liveInWorkers }
}

async function plantStack(stackMib: number): Promise<Planted> {
  heaps.push((await deepWorker(stackMib)).heap)
  return { what: 'a deep stack', bytes: stackMib * MIB, find: at(PART.stacks) }
}

const plantObjects = (bytes: number): Planted => plant('objects', bytes, () => objects(bytes), liveInMain)
const plantBuffers = (bytes: number): Planted =>
  plant('Buffers', bytes, () => [buffers(bytes / 2, 70_000), buffers(bytes / 2, 5 * MIB)], liveNative)
const plantFile = (bytes: number): Planted =>
  plant(
    'a mapped file',
    bytes,
    () => {
      mappedFile(bytes)
    },
    at(PART.files),
  )
const plantShared = (bytes: number): Planted =>
  plant(
    'shared memory',
    bytes,
    () => {
      mappedFile(bytes, SHARED_FOLDER)
    },
    at(PART.shared),
  )
const plantWasm = (bytes: number): Planted =>
  plant(
    'WebAssembly',
    bytes,
    () => new Uint8Array(new WebAssembly.Memory({ initial: bytes / 65_536 }).buffer).fill(1),
    (tree) => bytesOfAll(tree, PART.wasm),
  )

const SCENARIOS: Readonly<Record<string, () => Promise<Planted[]> | Planted[]>> = {
  nothing: () => [],
  buffers: () => [plantBuffers(300 * MIB)],
  '1 GB heap': () => [plantObjects(1000 * MIB)],
  workers: async () => [await plantWorkers(4, 40 * MIB)],
  'mapped files': () => [plantFile(200 * MIB), plantShared(50 * MIB)],
  everything: async () => [
    plantObjects(200 * MIB),
    plantBuffers(100 * MIB),
    plantFile(100 * MIB),
    plantShared(50 * MIB),
    plantWasm(32 * MIB),
    await plantStack(64),
  ],
  'past the allocator': () => [
    plant(
      'a native mapping',
      64 * MIB,
      () => {
        anonymousMapping(64 * MIB)
      },
      at(PART.other),
    ),
  ],
}

const [scenario = 'nothing'] = process.argv.slice(2)
const collector = nodeEnvironment.collector()
collector.major()
const before = breakdown()
const planted = (await (SCENARIOS[scenario] ?? SCENARIOS['nothing'])?.()) ?? []
collector.major()
collector.minor()
const tookMs: number[] = []
let after = before
for (let round = 0; round < 5; round++) {
  const startMs = performance.now()
  after = breakdown({ isolates: heaps })
  tookMs.push(performance.now() - startMs)
}
const leaves = leavesOf(after)
const isRemainder = ({ name }: MemoryNode): boolean =>
  ([PART.other, PART.unexplained, PART.outsideSpaces, PART.notAsked] as string[]).includes(name)
const result: BreakdownResult = {
  nodeVersion: process.version,
  allocator: openAllocator().name,
  scenario,
  rssBytes: after.bytes,
  leavesBytes: total(leaves),
  kernelBytes: Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024,
  leastLeafBytes: Math.min(...leaves.map(({ bytes }) => bytes)),
  remainderBytes: total(leaves.filter(isRemainder)),
  planted: planted.map(({ what, bytes, find }) => ({ what, bytes, foundBytes: find(after) - find(before) })),
  tookMs,
}
report(result)
process.exit(kept.length === -1 ? 1 : 0)

function leavesOf(node: MemoryNode): MemoryNode[] {
  return node.children === undefined ? [node] : node.children.flatMap(leavesOf)
}

function total(nodes: readonly MemoryNode[]): number {
  return nodes.reduce((sum, { bytes }) => sum + bytes, 0)
}
