/** A real Prometheus server of this process: on a free port of the loopback interface, in a folder that goes with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import net from 'node:net'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const READY_WITHIN_MS = 20_000

/** Its task. */
export interface PrometheusOptions {
  /** Where metrics are: `http://127.0.0.1:PORT/path`, by the name of the job. */
  readonly targets: Readonly<Record<string, string>>
  /** Rule files: name → content. */
  readonly rules?: Readonly<Record<string, string>>
  /** How often it scrapes and evaluates. @default 1 */
  readonly everySeconds?: number
}

/** One series of an answer: its labels, and its values as pairs of seconds and text. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value?: readonly [number, string]
  readonly values?: readonly (readonly [number, string])[]
}

/** An alert as Prometheus tells it. */
export interface Alert {
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly state: 'pending' | 'firing'
}

/** The server. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string
  /** Throws with Prometheus's words where the expression is wrong. */
  query(expr: string): Promise<readonly Series[]>
  queryRange(expr: string, startSeconds: number, endSeconds: number, stepSeconds: number): Promise<readonly Series[]>
  alerts(): Promise<readonly Alert[]>
  /** Its view of what it scrapes, and of its rules. */
  api(address: string): Promise<unknown>
  stop(): Promise<void>
}

/** Starts one. Rejects with its last words where it does not come up. */
export async function startPrometheus({
  targets,
  rules = {},
  everySeconds = 1,
}: PrometheusOptions): Promise<Prometheus> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'prometheus-'))
  for (const [name, content] of Object.entries(rules)) await writeFile(path.join(folder, name), content)
  const every = `${everySeconds}s`
  const config = {
    global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
    rule_files: Object.keys(rules),
    scrape_configs: Object.entries(targets).map(([job, target]) => {
      const { host, pathname } = new URL(target)
      return { job_name: job, metrics_path: pathname, static_configs: [{ targets: [host] }] }
    }),
  }
  // JSON is YAML too.
  await writeFile(path.join(folder, 'prometheus.yml'), JSON.stringify(config))
  const port = await freePort()
  const server = spawn(
    process.env['PROMETHEUS_PATH'] ?? 'prometheus',
    [
      `--config.file=${path.join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${path.join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    // Libraries that are preloaded here are not meant for it.
    { env: { ...process.env, LD_PRELOAD: '' }, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let words = ''
  server.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-5000)))
  let failure: Error | undefined
  server.on('error', (error) => (failure = error))
  const ended = once(server, 'close').catch(() => undefined)
  const url = `http://127.0.0.1:${port}`
  const stop = async (): Promise<void> => {
    if (failure === undefined && server.exitCode === null) {
      server.kill('SIGTERM')
      await Promise.race([ended, delay(5000, undefined, { ref: false })])
      // Nothing happens where it is gone already.
      server.kill('SIGKILL')
      await ended
    }
    await rm(folder, { recursive: true, force: true })
  }
  const deadline = Date.now() + READY_WITHIN_MS
  while (!(await isReady(url))) {
    if (failure !== undefined || server.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error(`prometheus did not come up: ${failure?.message ?? words}`)
    }
    await delay(100)
  }
  const api = (address: string): Promise<unknown> => ask(`${url}/api/v1/${address}`)
  return {
    url,
    api,
    query: async (expr) => seriesOf(await api(`query?query=${encodeURIComponent(expr)}`)),
    queryRange: async (query, start, end, step) => {
      const parameters = new URLSearchParams({ query, start: String(start), end: String(end), step: String(step) })
      return seriesOf(await api(`query_range?${parameters.toString()}`))
    },
    alerts: async () => ((await api('alerts')) as { alerts: readonly Alert[] }).alerts,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function ask(address: string): Promise<unknown> {
  const response = await fetch(address)
  const answer = (await response.json()) as { status: string; error?: string; data: unknown }
  if (answer.status !== 'success') throw new Error(`${address}: ${answer.error ?? response.statusText}`)
  return answer.data
}

/** A number by itself is a series without labels. */
function seriesOf(data: unknown): readonly Series[] {
  const { resultType, result } = data as { resultType: string; result: unknown }
  return resultType === 'scalar' ? [{ metric: {}, value: result as [number, string] }] : (result as readonly Series[])
}

async function isReady(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/-/ready`)).ok
  } catch {
    return false
  }
}

/** One that was free a moment ago: Prometheus cannot say which it took. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
