/** Two servers of one script, or more: one without what is to be measured, others with it, under the same load in turn. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import autocannon from 'autocannon'
import { flags } from './processes.js'
import { medianOf, printTable, verdict } from './table.js'

const WITHOUT = 'without'
/** The process that has all servers. */
const TOGETHER = 'together'
/** By default, the loaded code costs at most one request in a hundred. */
const RATIO_BAR = 0.99

/** One of the servers under way. */
export interface PairServer {
  readonly child: ChildProcess
  readonly port: number
}

/** Which of the servers this process is; none where it is the script that compares them. */
export function variantHere(): string | undefined {
  return process.argv.find((argument) => argument.startsWith('--server='))?.slice('--server='.length)
}

/** In a server's process: tells its port, then its processor time whenever asked, and ends with its parent. */
export async function serveAsPair(server: Server): Promise<void> {
  await serveTogether([server])
}

/** The same for several servers in one process, in the order of their names. */
export async function serveTogether(servers: readonly Server[]): Promise<void> {
  const ports: number[] = []
  for (const server of servers) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    ports.push((server.address() as AddressInfo).port)
  }
  process.send?.(ports)
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  process.on('disconnect', () => process.exit())
}

/** Starts one of them; `script` is the file that calls {@link serveAsPair}. */
async function startServer(script: string, variant: string): Promise<PairServer> {
  const [server] = await startProcess(script, variant)
  if (server === undefined) throw new Error(`no server ${variant}`)
  return server
}

/** Each in a process of its own: for what a process has once, such as what it loads. */
function inProcesses(script: string, names: readonly string[]): Promise<PairServer[]> {
  return Promise.all(names.map((name) => startServer(script, name)))
}

/**
 * All in one process, which calls {@link serveTogether}: for what costs a per cent or less a request. Two processes of the
 * same code differ by more, by the code that V8 happened to make of it.
 */
export async function inOneProcess(script: string): Promise<PairServer[]> {
  return startProcess(script, TOGETHER)
}

async function startProcess(script: string, variant: string): Promise<PairServer[]> {
  const child = fork(script, [`--server=${variant}`], { env: { ...process.env, LD_PRELOAD: 'libjemalloc.so.2' } })
  const [ports] = (await once(child, 'message')) as [number[]]
  return ports.map((port) => ({ child, port }))
}

/** The answers of a server in a round. */
interface Round {
  readonly requestsPerSecond: number
  /** Microseconds of processor time of the server. */
  readonly cpuUsPerRequest: number
}

async function roundOf({ child, port }: PairServer, seconds: number): Promise<Round> {
  const startUs = await cpuUsOf(child)
  const { requests } = await autocannon({
    url: `http://127.0.0.1:${String(port)}/`,
    connections: 64,
    duration: seconds,
  })
  const cpuUs = (await cpuUsOf(child)) - startUs
  return { requestsPerSecond: requests.average, cpuUsPerRequest: cpuUs / requests.total }
}

async function cpuUsOf(child: ChildProcess): Promise<number> {
  child.send('cpu')
  const [us] = (await once(child, 'message')) as [number]
  return us
}

/**
 * Requests a second, and processor time a request, of the server `without` and of the others, `--rounds 10` of
 * `--seconds 4` in turn, and the verdict on the ratio of those that are `judged`.
 */
export async function compareThroughput(
  script: string,
  others: readonly string[] = ['with'],
  judged: readonly string[] = others,
  start: (script: string, names: readonly string[]) => Promise<PairServer[]> = inProcesses,
): Promise<void> {
  const rounds = Number(flags('rounds')[0] ?? '10')
  const seconds = Number(flags('seconds')[0] ?? '4')
  const names = [WITHOUT, ...others]
  const servers = await start(script, names)
  const seen = servers.map((): Round[] => [])
  for (let round = -1; round < rounds; round++) {
    const order = servers.map((_, place) => (place + round + 1) % servers.length)
    for (const place of round % 2 === 0 ? order : order.toReversed()) {
      const server = servers[place]
      const result = server && (await roundOf(server, seconds))
      // The first round warms all up.
      if (result !== undefined && round >= 0) seen[place]?.push(result)
    }
  }
  for (const { child } of servers) child.kill()
  tell(names, judged, seen)
}

/** A second server without, where the method itself is to show its error. */
const CONTROL = 'without, again'

/**
 * The same with new processes in every round: for what a process has once. Two processes of the same code differ by a per cent or
 * more for all their life, by the code that V8 happened to make; the control shows by how much.
 */
export async function compareRestarted(script: string): Promise<void> {
  const rounds = Number(flags('rounds')[0] ?? '10')
  const seconds = Number(flags('seconds')[0] ?? '4')
  const variants = [WITHOUT, 'with', WITHOUT]
  const seen = variants.map((): Round[] => [])
  for (let round = 0; round < rounds; round++) {
    const servers = await inProcesses(script, variants)
    for (const server of servers) await roundOf(server, Math.min(seconds, 2))
    const order = servers.map((_, place) => (place + round) % servers.length)
    for (const place of round % 2 === 0 ? order : order.toReversed()) {
      const server = servers[place]
      if (server !== undefined) seen[place]?.push(await roundOf(server, seconds))
    }
    for (const { child } of servers) child.kill()
  }
  tell([WITHOUT, 'with', CONTROL], ['with'], seen)
}

function tell(names: readonly string[], judged: readonly string[], seen: readonly (readonly Round[])[]): void {
  const rounds = seen[0]?.length ?? 0
  const ratios = seen.map((of) => ratiosTo(seen[0] ?? [], of))
  printTable(
    ['', 'requests/s, median', 'least', 'most', '÷ without', 'processor time a request', '÷ without'],
    names.map((name, place) => {
      const requests = (seen[place] ?? []).map(({ requestsPerSecond }) => requestsPerSecond)
      const cpuUs = medianOf((seen[place] ?? []).map(({ cpuUsPerRequest }) => cpuUsPerRequest))
      return [
        name,
        ...[medianOf(requests), Math.min(...requests), Math.max(...requests)].map(Math.round),
        (ratios[place]?.requests ?? NaN).toFixed(3),
        `${cpuUs.toFixed(1)} µs`,
        (ratios[place]?.cpu ?? NaN).toFixed(3),
      ]
    }),
  )
  for (const name of judged) {
    const ratio = ratios[names.indexOf(name)]?.requests ?? NaN
    verdict(
      `${name} ÷ without, median of ${String(rounds)} alternating rounds: ${ratio.toFixed(3)} (at least ${String(RATIO_BAR)})`,
      ratio >= RATIO_BAR,
    )
  }
}

/** Medians of the ratios of each round, so that what slows the machine down for a while slows both sides. */
function ratiosTo(base: readonly Round[], of: readonly Round[]): { readonly requests: number; readonly cpu: number } {
  const ratio = (key: keyof Round): number =>
    medianOf(of.map((round, index) => round[key] / (base[index]?.[key] ?? NaN)))
  return { requests: ratio('requestsPerSecond'), cpu: ratio('cpuUsPerRequest') }
}
