/**
 * The cost of a reading: the addon against a loop in C that makes the same mallctl calls in the same process, the ffi
 * binding beside it, and single mallctl reads through both. Needs cc, ffi-napi and ref-napi.
 *
 *   node dist/bench/sample-cost.js [--node PATH]…
 */
import { createRequire } from 'node:module'
import { openAllocator } from '../src/allocator/open.js'
import { chosenNodes, flags, report, runScript, withCompiled } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

/** Nanoseconds per call, one figure per round; the four take turns. */
interface Costs {
  readonly version: string
  readonly loopNs: number[]
  readonly addonNs: number[]
  readonly ffiNs: number[]
  readonly addonReadNs: number[]
  readonly ffiReadNs: number[]
}

const ROUNDS = 15
const CALLS = 4000
const FFI_CALLS = 300

if (flags('library').length > 0) measure(flags('library')[0] ?? '')
else await compare()

async function compare(): Promise<void> {
  await withCompiled('sample-loop.c', ['-shared', '-fPIC'], async (library) => {
    for (const node of chosenNodes()) {
      const [costs] = await runScript<Costs>('sample-cost', { node, args: ['--library', library] })
      if (costs !== undefined) print(costs)
    }
  })
}

function print({ version, loopNs, addonNs, ffiNs, addonReadNs, ffiReadNs }: Costs): void {
  const ns = (values: readonly number[]): string => medianOf(values).toFixed(0)
  console.log(`### Cost of a reading, Node ${version}\n`)
  printTable(
    ['what', 'addon, ns', 'ffi-napi, ns', 'C loop, ns'],
    [
      ['one reading (epoch and 8 statistics)', ns(addonNs), ns(ffiNs), ns(loopNs)],
      ['one mallctl by name', ns(addonReadNs), ns(ffiReadNs), '–'],
    ],
  )
  const ratio = medianOf(addonNs.map((value, round) => value / (loopNs[round] ?? NaN)))
  verdict(`one reading is ${ratio.toFixed(3)} × the C loop (at most 1.1)`, ratio <= 1.1)
}

function measure(library: string): void {
  const require = createRequire(import.meta.url)
  const ffi = require('ffi-napi') as {
    Library: (path: string, functions: Record<string, unknown>) => { sample_loop(rounds: number): number }
  }
  const loop = ffi.Library(library, { sample_loop: ['double', ['int']] })
  const addon = openAllocator({ allocator: 'jemalloc', binding: 'addon' })
  const foreign = openAllocator({ allocator: 'jemalloc', binding: 'ffi' })
  const slots = new Float64Array(16)
  const time = (calls: number, call: () => void): number => {
    const start = process.hrtime.bigint()
    for (let index = 0; index < calls; index++) call()
    return Number(process.hrtime.bigint() - start) / calls
  }
  const costs: Costs = { version: process.version, loopNs: [], addonNs: [], ffiNs: [], addonReadNs: [], ffiReadNs: [] }
  for (let round = -1; round < ROUNDS; round++) {
    const figures = {
      loopNs: loop.sample_loop(CALLS),
      addonNs: time(CALLS, () => {
        addon.readInto(slots)
      }),
      ffiNs: time(FFI_CALLS, () => {
        foreign.readInto(slots)
      }),
      addonReadNs: time(CALLS, () => addon.mallctl?.read('opt.narenas', 'unsigned')),
      ffiReadNs: time(FFI_CALLS, () => foreign.mallctl?.read('opt.narenas', 'unsigned')),
    }
    // The first round compiles.
    if (round >= 0) for (const [name, value] of Object.entries(figures)) costs[name as 'loopNs'].push(value)
  }
  report(costs)
}
