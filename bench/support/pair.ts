/** Two servers of one script, one with and one without what is to be measured, under the same load in turn. */
import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import autocannon from 'autocannon'
import { flags } from './processes.js'
import { medianOf, printTable, verdict } from './table.js'

type Variant = 'without' | 'with'
const VARIANTS: readonly Variant[] = ['without', 'with']
/** What is loaded, if not asked otherwise, costs at most one request in a hundred. */
const RATIO_BAR = 0.99

/** One of the two under way. */
export interface PairServer {
  readonly child: ChildProcess
  readonly port: number
}

/** Whether this process is one of the two servers, and which. */
export function variantHere(): Variant | undefined {
  return VARIANTS.find((name) => process.argv.includes(`--server=${name}`))
}

/** In a server's process: tells its port, and ends with its parent. */
export async function serveAsPair(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.((server.address() as AddressInfo).port)
  process.on('disconnect', () => process.exit())
}

/** Starts one of the two; `script` is the file that calls {@link serveAsPair}. */
export async function startServer(script: string, variant: Variant): Promise<PairServer> {
  const child = fork(script, [`--server=${variant}`], { env: { ...process.env, LD_PRELOAD: 'libjemalloc.so.2' } })
  const [port] = (await once(child, 'message')) as [number]
  return { child, port }
}

/** Requests a second of both, `--rounds 10` of `--seconds 4` in turn, and the verdict on their ratio. */
export async function compareThroughput(script: string): Promise<void> {
  const rounds = Number(flags('rounds')[0] ?? '10')
  const seconds = Number(flags('seconds')[0] ?? '4')
  const servers = { without: await startServer(script, 'without'), with: await startServer(script, 'with') }
  const requests: Record<Variant, number[]> = { without: [], with: [] }
  for (let round = -1; round < rounds; round++) {
    for (const name of round % 2 === 0 ? VARIANTS : VARIANTS.toReversed()) {
      const { port } = servers[name]
      const result = await autocannon({ url: `http://127.0.0.1:${String(port)}/`, connections: 64, duration: seconds })
      // The first round warms both up.
      if (round >= 0) requests[name].push(result.requests.average)
    }
  }
  for (const { child } of Object.values(servers)) child.kill()
  printTable(
    ['', 'requests/s, median', 'least', 'most'],
    VARIANTS.map((name) => [
      name,
      ...[medianOf(requests[name]), Math.min(...requests[name]), Math.max(...requests[name])].map(Math.round),
    ]),
  )
  const ratio = medianOf(requests.with.map((value, round) => value / (requests.without[round] ?? NaN)))
  verdict(
    `with ÷ without, median of ${String(rounds)} alternating rounds: ${ratio.toFixed(3)} (at least ${String(RATIO_BAR)})`,
    ratio >= RATIO_BAR,
  )
}
