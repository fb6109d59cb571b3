/**
 * discover() against the truth: five owners planted among 20,000 small Maps, each of them found, named and measured.
 *
 *   node dist/bench/discover.js [--node PATH]… [--objects 0] [--entries 100000]
 *
 * `--objects` adds ballast: what finding costs on a large heap.
 */
import { openAllocator } from '../src/allocator/open.js'
import { discover } from 'cache-attribution/twin'
import { LRUCache } from 'lru-cache'
import { difference, knownSum, leastOf } from '../src/measure/figures.js'
import { createSampler } from '../src/measure/sample.js'
import { settleAfter, settleBefore, settleTools } from '../src/measure/settle.js'
import { watchThreads } from '../src/measure/threads.js'
import { nodeEnvironment as environment } from '../src/support/environment.js'
import { formatDiscovery } from '../src/report/discovery/format-discovery.js'
import type { Figures } from '../src/measure/figures.js'
import type { Discovery, Owner } from '../src/report/discovery/types.js'
import { chosenNodes, flags, report, runScript } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const SMALL_MAPS = 20_000
const RANK_BAR = 10
const ERROR_BAR = 0.01
const NAMED_BAR = 4
const READINGS = 4
let strings = 0

/** The planted memory, and the words that a path to it must have. */
const PLANTED = {
  'Map in a class': /store\.byId/,
  'array in a closure': /createQueue.*pending/,
  'Set of a module': /seenTokens/,
  'object dictionary': /pages/,
  'LRU cache': /thumbnails/,
} as const
type Planted = keyof typeof PLANTED

interface Outcome {
  readonly truth: Readonly<Record<Planted, number>>
  readonly discovery: Discovery
  readonly text: string
  readonly peakRssBytes: number
  readonly heapBytes: number
}

// The planted memory: each as a service would hold it.

class UserStore {
  readonly byId = new Map<string, object>()
}
const store = new UserStore()
const seenTokens = new Set<object>()
const pages: Record<string, object> = {}
let thumbnails = new LRUCache<string, Buffer>({ max: 1 })
const queue = createQueue()
const small: Map<number, object>[] = []
const ballast: object[] = []

function createQueue(): { push(item: object): void; drop(): void } {
  const pending: object[] = []
  return {
    push: (item) => {
      pending.push(item)
    },
    drop: () => (pending.length = 0),
  }
}

async function compare(): Promise<void> {
  for (const node of chosenNodes()) {
    const args = [
      '--child',
      ...process.argv.slice(2).filter((argument, index, all) => !isNode(argument, all[index - 1])),
    ]
    const [outcome] = await runScript<Outcome>('discover', { node, args })
    if (outcome !== undefined) show(node === process.execPath ? process.version : node, outcome)
  }
}

function isNode(argument: string, before: string | undefined): boolean {
  return argument.startsWith('--node') || before === '--node'
}

function show(node: string, { truth, discovery, text, peakRssBytes, heapBytes }: Outcome): void {
  const { durationMs } = discovery
  console.log(`### Owners found, ${node}\n\n${text}\n`)
  console.log(
    `walking ${durationMs.walking.toFixed(0)} ms, measuring ${durationMs.measuring.toFixed(0)} ms; heap ${(heapBytes / 1e6).toFixed(0)} MB, peak RSS ${(peakRssBytes / 1e6).toFixed(0)} MB\n`,
  )
  const rows = (Object.keys(PLANTED) as Planted[]).map((name) => {
    const rank = rankOf(name, discovery.owners, truth[name])
    const owner = discovery.owners[rank]
    const error = ((owner?.released?.totalBytes ?? 0) - truth[name]) / truth[name]
    return { name, rank, path: owner?.path ?? '–', error, isNamed: PLANTED[name].test(owner?.path ?? '') }
  })
  printTable(
    ['planted', 'rank', 'path', 'truth, B', 'error'],
    rows.map(({ name, rank, path, error }) => [name, rank + 1, path, truth[name], `${(100 * error).toFixed(3)} %`]),
  )
  verdict(
    'all five in the top ten',
    rows.every(({ rank }) => rank >= 0 && rank < RANK_BAR),
  )
  verdict(
    'bytes within 1 %',
    rows.every(({ error }) => Math.abs(error) <= ERROR_BAR),
  )
  verdict('the right owner of at least four', rows.filter(({ isNamed }) => isNamed).length >= NAMED_BAR)
}

/** By its path; an owner without the right one is recognised by its bytes. */
function rankOf(name: Planted, owners: readonly Owner[], bytes: number): number {
  const named = owners.findIndex(({ path }) => path !== null && PLANTED[name].test(path))
  if (named !== -1) return named
  return owners.findIndex(({ released }) => Math.abs((released?.totalBytes ?? 0) - bytes) < bytes * ERROR_BAR)
}

async function child(): Promise<void> {
  const entries = Number(flags('entries')[0] ?? 100_000)
  for (let index = 0; index < Number(flags('objects')[0] ?? 0); index++) {
    ballast.push({ index, list: [index], text: `s${String(index)}` })
  }
  for (let index = 0; index < SMALL_MAPS; index++) small.push(new Map([[index, { index }]]))
  fill(entries)
  const heapBytes = environment.heapUsedBytes()
  const discovery = await discover()
  const peakRssBytes = process.resourceUsage().maxRSS * 1024
  const truth = dropInOrder()
  report({ truth, discovery, text: formatDiscovery(discovery, { color: false }), peakRssBytes, heapBytes })
  // Whatever was not dropped lives until here.
  for (const keep of [small, ballast]) if (keep.constructor === Date) return
}

function fill(entries: number): void {
  fillMap(entries)
  fillQueue(entries)
  fillSet(entries)
  fillPages(entries)
  fillThumbnails(entries / 10)
}

const DROP: Readonly<Record<Planted, () => void>> = {
  'Map in a class': () => {
    store.byId.clear()
  },
  'array in a closure': () => {
    queue.drop()
  },
  'Set of a module': () => {
    seenTokens.clear()
  },
  'object dictionary': () => {
    for (const key of Object.keys(pages)) Reflect.deleteProperty(pages, key)
  },
  'LRU cache': () => {
    thumbnails = new LRUCache({ max: 1 })
  },
}

/** The twin empties first what it takes for the smallest. */
const ORDER: readonly Planted[] = [
  'array in a closure',
  'Set of a module',
  'object dictionary',
  'Map in a class',
  'LRU cache',
]

/**
 * The truth: what comes back in this process, which nobody forked, when its owners are dropped one after the other. In the order
 * in which the twin emptied them, since V8's table of strings shrinks in steps, and a step goes with the owner that reached it.
 */
function dropInOrder(): Record<Planted, number> {
  const tools = windowTools()
  const truth = Object.fromEntries(ORDER.map((name) => [name, NaN])) as Record<Planted, number>
  // Once for nothing: what was compiled since the start is collected now.
  changeOf(tools, () => undefined)
  for (const name of ORDER) {
    truth[name] = knownSum(changeOf(tools, DROP[name]))
  }
  return truth
}

function record(index: number): object {
  // Small integers: a number with a fraction takes more or less, by how hot the code is that wrote it.
  return { index, first: index + 1, second: index + 2, third: index + 3 }
}
function fillMap(entries: number): void {
  for (let index = 0; index < entries; index++) store.byId.set(`user ${String(index)}`, record(index))
}
function fillQueue(entries: number): void {
  for (let index = 0; index < entries; index++) queue.push(record(index))
}
function fillSet(entries: number): void {
  for (let index = 0; index < entries; index++) seenTokens.add(record(index))
}
function fillPages(entries: number): void {
  for (let index = 0; index < entries; index++) pages[`/page/${String(index)}`] = record(index)
}
function fillThumbnails(entries: number): void {
  // Its arrays have their full length from the beginning: they are part of what it holds.
  thumbnails = new LRUCache({ max: 2 * entries })
  for (let index = 0; index < entries; index++) thumbnails.set(`thumbnail ${String(index)}`, Buffer.alloc(4096, 1))
}

type Tools = ReturnType<typeof windowTools>

function windowTools(): { readonly read: () => Figures; readonly settle: (before: boolean) => void } {
  const sampler = createSampler(openAllocator(), environment)
  const collector = environment.collector()
  const tools = settleTools({ environment, sampler, threads: watchThreads(environment) })
  return {
    read: () => sampler.figures(),
    settle: (before) => void (before ? settleBefore : settleAfter)(tools, collector, 'forced'),
  }
}

/** The bytes that `release` gave back: once the table of strings has shrunk, which it does when a string is added to it. */
function changeOf(tools: Tools, release: () => void): Figures {
  const before = level(tools)
  release()
  tools.settle(false)
  Reflect.set({}, `string ${String(strings++)}`, true)
  const after = level(tools)
  return difference(before, after)
}

/** The least of several readings: what is left of the page to which survivors were moved counts as used. */
function level(tools: Tools): Figures {
  return Array.from({ length: READINGS }, () => {
    tools.settle(true)
    return tools.read()
  }).reduce(leastOf)
}

// At the end: what is planted and how it is dropped is defined above.
if (process.argv.includes('--child')) await child()
else await compare()
