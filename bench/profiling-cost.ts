/**
 * The cost of heap profiling for an HTTP service that allocates heavily: requests per second without a profiler, with jemalloc's
 * possible and off, with it active at its default distance, with stacks of JavaScript in it, under heaptrack, and under valgrind's massif. Alternating
 * rounds of the first four; the other two a few rounds each, against the first, since they are slow by orders.
 *
 *   node dist/bench/profiling-cost.js [--rounds 9] [--seconds 3] [--others 1]
 */
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import autocannon from 'autocannon'
import { HeapProfiler } from '../src/profiling/index.js'
import { flags } from './support/processes.js'
import { medianOf, printTable, verdict } from './support/table.js'

const self = fileURLToPath(import.meta.url)
const folder = mkdtempSync(path.join(os.tmpdir(), 'profiling-cost-'))
const JEMALLOC = { LD_PRELOAD: 'libjemalloc.so.2' }

/** The settings that a service is started with. */
interface Variant {
  readonly env: Readonly<Record<string, string>>
  readonly under?: readonly string[]
  readonly options?: readonly string[]
}

const VARIANTS = {
  none: { env: JEMALLOC },
  off: { env: { ...JEMALLOC, MALLOC_CONF: 'prof:true,prof_active:false' } },
  active: { env: { ...JEMALLOC, MALLOC_CONF: 'prof:true,prof_active:true' } },
  stacks: { env: { ...JEMALLOC, MALLOC_CONF: 'prof:true,prof_active:false' }, options: ['--stacks'] },
  heaptrack: { env: {}, under: ['heaptrack', '-o', path.join(folder, 'heaptrack')] },
  massif: { env: {}, under: ['valgrind', '--tool=massif', `--massif-out-file=${path.join(folder, 'massif')}`] },
} as const satisfies Record<string, Variant>
type Name = keyof typeof VARIANTS

if (process.argv.includes('--server')) await serve()
else await compare()

async function compare(): Promise<void> {
  const rounds = Number(flags('rounds')[0] ?? '9')
  const seconds = Number(flags('seconds')[0] ?? '3')
  const others = Number(flags('others')[0] ?? '1')
  const loads: Record<Name, Load[]> = { none: [], off: [], active: [], stacks: [], heaptrack: [], massif: [] }
  const light = ['none', 'off', 'active', 'stacks'] as const
  await together(light, async (ports) => {
    for (let round = -1; round < rounds; round++) {
      for (const name of light.map((_, index) => light[(index + round + light.length) % light.length] ?? 'none')) {
        const rate = await load(ports[name] ?? 0, seconds)
        if (round >= 0) loads[name].push(rate)
      }
    }
  })
  for (const name of others > 0 ? (['heaptrack', 'massif'] as const) : []) {
    await together([name], async (ports) => {
      for (let round = 0; round < others; round++) loads[name].push(await load(ports[name] ?? 0, 3 * seconds))
    })
  }
  rmSync(folder, { recursive: true, force: true })
  const rates = (name: Name): number[] => loads[name].map(({ rate }) => rate)
  const cpu = (name: Name): number => medianOf(loads[name].map(({ cpuUs }) => cpuUs))
  const ratio = (name: Name): number => medianOf(rates(name)) / medianOf(rates('none'))
  const work = (name: Name): number => cpu('none') / cpu(name)
  console.log(`### What profiling costs an allocation-heavy service, Node ${process.version}\n`)
  printTable(
    ['', 'requests/s, median', 'least', 'most', '÷ none', 'processor time a request', 'none ÷ it'],
    (Object.keys(VARIANTS) as Name[])
      .filter((name) => loads[name].length > 0)
      .map((name) => [
        name,
        ...[medianOf(rates(name)), Math.min(...rates(name)), Math.max(...rates(name))].map(Math.round),
        ratio(name).toFixed(3),
        `${cpu(name).toFixed(0)} µs`,
        work(name).toFixed(3),
      ]),
  )
  for (const [name, least] of [
    ['off', 0.98],
    ['active', 0.95],
    ['stacks', 0.99],
  ] as const) {
    const words = `${name}: ${ratio(name).toFixed(3)} of the requests, ${work(name).toFixed(3)} by processor time`
    verdict(`${words} (at least ${String(least)} of the requests)`, ratio(name) >= least)
  }
}

/** Requests per second, and processor time for each, which other work on the machine moves less. */
async function load(port: number, duration: number): Promise<Load> {
  const url = `http://127.0.0.1:${String(port)}/`
  const usedUs = async (): Promise<number> => Number(await (await fetch(`${url}cpu`)).text())
  const beforeUs = await usedUs()
  const { requests } = await autocannon({ url, connections: 16, duration })
  return { rate: requests.average, cpuUs: ((await usedUs()) - beforeUs) / requests.total }
}

interface Load {
  readonly rate: number
  readonly cpuUs: number
}

async function together(
  names: readonly Name[],
  work: (ports: Partial<Record<Name, number>>) => Promise<void>,
): Promise<void> {
  const ports: Partial<Record<Name, number>> = {}
  const children: ChildProcess[] = []
  try {
    for (const name of names) {
      const { child, port } = await start(VARIANTS[name])
      children.push(child)
      ports[name] = port
    }
    await work(ports)
  } finally {
    for (const child of children) {
      // The service ends itself with its standard input: what wraps it is not left with an orphan.
      child.stdin?.end()
      if (child.exitCode === null) await once(child, 'exit')
    }
  }
}

async function start({ env, under = [], options = [] }: Variant): Promise<{ child: ChildProcess; port: number }> {
  const { LD_PRELOAD: _preload, MALLOC_CONF: _conf, ...own } = process.env
  const whole: readonly string[] = [...under, process.execPath, self, '--server', ...options]
  const command = whole[0] ?? ''
  const args = whole.slice(1)
  const child = spawn(command, args, { env: { ...own, ...env }, stdio: ['pipe', 'pipe', 'ignore'] })
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith('port ')) {
      child.stdout.resume()
      return { child, port: Number(line.slice(5)) }
    }
  }
  throw new Error(`${command} did not start the service`)
}

/** Each request allocates some 250 KB natively: Buffers of several sizes, and JSON. */
async function serve(): Promise<void> {
  if (process.argv.includes('--stacks')) new HeapProfiler().activate()
  const server = http.createServer((request, response) => {
    if (request.url === '/cpu') {
      const { user, system } = process.cpuUsage()
      response.end(String(user + system))
      return
    }
    const parts = Array.from({ length: 24 }, (_, index) => Buffer.allocUnsafeSlow(1024 << (index % 5)).fill(index))
    const json = JSON.stringify(Array.from({ length: 200 }, (_, index) => ({ index, half: index / 2 })))
    response.end(json + String(Buffer.concat(parts).length))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  console.log(`port ${String((server.address() as AddressInfo).port)}`)
  process.stdin.resume().on('end', () => process.exit())
}
