/**
 * Stacks of JavaScript under stress: sampled every 4 KiB beside collections, fresh code, workers that start, end and are
 * terminated, WebAssembly, deep recursion, stack overflows, zlib, crypto, sharp, SQLite, CPU profiles, and twins.
 *
 *   node dist/bench/javascript-stacks-stress.js [--node PATH]… [--seconds 60] [--flags=--jitless]… [--without sharp,sqlite,twin,worker,profiler]
 *
 * Half an hour a Node is `--seconds 1800`. `--without profiler` is the same load alone, to tell a failure of Node's. Ends with 1 where a process did not end by itself, or lost more than 1 % of
 * its stacks.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { StressResult } from './javascript-stacks/stress-load.js'
import { chosenNodes, flags, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const LOAD = fileURLToPath(new URL('javascript-stacks/stress-load.js', import.meta.url))
const seconds = Number(flags('seconds')[0] ?? '60')
const without = flags('without').join(',')
const variants = [[], ...flags('flags').map((given) => given.split(','))]

for (const node of chosenNodes()) {
  for (const variant of flags('flags').length > 0 ? variants.slice(1) : variants) await stress(node, variant)
}

async function stress(node: string, options: readonly string[]): Promise<void> {
  const child = spawn(node, ['--expose-gc', ...options, LOAD, String(seconds), without], {
    env: { ...process.env, LD_PRELOAD: 'libjemalloc.so.2', MALLOC_CONF: 'prof:true,prof_active:false' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: (seconds + 60) * 1000,
    killSignal: 'SIGABRT',
  })
  const ended = once(child, 'close') as Promise<[number | null, string | null]>
  const [[code, signal], out, problems] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  console.log(`### Node ${versionOf(node)} ${options.join(' ')}\n`)
  verdict(`ended by itself after ${String(seconds)} s (${String(signal ?? code)})`, code === 0)
  if (code !== 0) {
    console.log(problems.slice(-2000))
    return
  }
  const result = JSON.parse(out.trim().split('\n').at(-1) ?? '{}') as StressResult
  printTable(Object.keys(result), [Object.values(result)])
  const { stacks, lost } = result
  verdict(`${String(lost)} of ${String(stacks)} stacks were not kept (at most 1 %)`, lost <= stacks / 100)
  if (problems !== '') console.log(problems.slice(0, 1000))
}
