/**
 * Which order of drains and collections makes two reads agree when nothing was released: null windows under load, per
 * sequence, with a small heap and with one of two million objects. Decides src/measure/settle.ts.
 *
 *   node dist/bench/settle-sequences.js [--node PATH]… [--windows 60] [--objects 2000000]
 */
import { openAllocator } from '../src/allocator/open.js'
import { createSampler } from '../src/measure/sample.js'
import { drain, drainBriefly, settleTools } from '../src/measure/settle.js'
import { watchThreads } from '../src/measure/threads.js'
import { nodeEnvironment as environment } from '../src/support/environment.js'
import { chosenNodes, flags, report, runScript } from './support/processes.js'
import { startLoadedServer } from './support/server.js'
import { printTable, quantile } from './support/table.js'

/** Before the first read, and after the release: g major GC, m minor GC, d drain, b brief drain. The last is in use. */
const SEQUENCES = [
  ['g', 'g'],
  ['g m', 'g m'],
  ['d g m', 'g m'],
  ['g m d', 'g m d'],
  ['g m d', 'd g m d'],
  ['g m d g m d', 'g m d'],
  ['g m d g m d', 'g m d g m d'],
  ['d g m d', 'g m d'],
  ['d g m b', 'g m b'],
] as const

interface Windows {
  readonly sequence: string
  readonly allocatedBytes: number[]
  readonly heapBytes: number[]
  readonly pauseMs: number[]
}

if (process.argv.includes('--child')) await measureAll()
else await compare()

async function compare(): Promise<void> {
  for (const node of chosenNodes()) {
    for (const objects of flags('objects').length > 0 ? flags('objects') : ['0', '2000000']) {
      const args = ['--child', '--objects', objects, '--windows', flags('windows')[0] ?? '60']
      const results = await runScript<Windows>('settle-sequences', { node, args })
      console.log(
        `### Null windows, ${objects} objects on the heap, ${node === process.execPath ? process.version : node}\n`,
      )
      const row = ({ sequence, allocatedBytes, heapBytes, pauseMs }: Windows): (string | number)[] => [
        sequence,
        ...[0.5, 0.9, 1].map((q) => quantile(allocatedBytes, q)),
        ...[0.5, 0.9, 1].map((q) => quantile(heapBytes, q)),
        quantile(pauseMs, 0.5).toFixed(0),
      ]
      printTable(
        ['before · after', 'allocated p50, B', 'p90', 'max', 'heap p50, B', 'p90', 'max', 'pause p50, ms'],
        results.map(row),
      )
    }
  }
}

async function measureAll(): Promise<void> {
  const ballast: object[] = []
  for (let index = 0; index < Number(flags('objects')[0]); index++)
    ballast.push({ index, list: [index], text: `s${String(index)}` })
  const server = await startLoadedServer()
  const collector = environment.collector()
  const restoreFlags = environment.keepCode()
  const sampler = createSampler(openAllocator(), environment)
  const tools = settleTools({ environment, sampler, threads: watchThreads(environment) })
  let collectedMs = 0
  const step: Record<string, () => void> = {
    g: () => {
      const start = environment.now()
      collector.major()
      collectedMs = environment.now() - start
      tools.noteHeap()
    },
    m: () => {
      collector.minor()
    },
    d: () => void drain(tools),
    b: () => void drainBriefly(tools, collectedMs),
  }
  const settle = (sequence: string): void => {
    for (const name of sequence.split(' ')) step[name]?.()
  }
  const windows: Windows[] = SEQUENCES.map(([before, after]) => ({
    sequence: `${before} · ${after}`,
    allocatedBytes: [],
    heapBytes: [],
    pauseMs: [],
  }))
  // The sequences take turns, so that none of them has the quiet minute to itself.
  for (let round = 0; round < Number(flags('windows')[0]); round++) {
    for (const [index, [before, after]] of SEQUENCES.entries()) {
      await environment.yieldToLoop(25)
      await new Promise<void>((resolve) => {
        environment.inOwnTurn(() => {
          const start = environment.now()
          settle(before)
          const first = sampler.figures()
          settle(after)
          const second = sampler.figures()
          windows[index]?.allocatedBytes.push(Math.abs((first.allocatedBytes ?? 0) - (second.allocatedBytes ?? 0)))
          windows[index]?.heapBytes.push(Math.abs(first.heapBytes - second.heapBytes))
          windows[index]?.pauseMs.push(environment.now() - start)
          resolve()
        })
      })
    }
  }
  restoreFlags()
  await server.stop()
  for (const result of windows) report(result)
  // The ballast lives until here.
  ballast.length = 0
}
