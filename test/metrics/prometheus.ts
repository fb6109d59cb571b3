/** Prometheus and promtool in tests, over the planted service. */
import { fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { ROWS } from '../../tools/metrics/panels.js'
import { ALERT_RULES, RECORDING_RULES } from '../../tools/metrics/rules.js'
import { startPrometheus } from '../../examples/12-metrics/prometheus.js'
import type { Prometheus } from '../../examples/12-metrics/prometheus.js'
import { rulesInSeconds } from '../../examples/12-metrics/rules.js'
import { JEMALLOC, skipOrFail } from '../helpers/child.js'

/** Skips where Debian's package prometheus is missing, which under CI is a failure. */
export function needsPrometheus(context: Mocha.Context): void {
  const { error } = spawnSync('promtool', ['--version'])
  if (error !== undefined) skipOrFail(context, 'there is no promtool (Debian, Ubuntu: prometheus)')
}

/** The words of promtool about its input, and whether it is content. */
export function promtool(args: readonly string[], input = ''): { readonly ok: boolean; readonly words: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, { input, encoding: 'utf8' })
  return { ok: status === 0, words: `${stdout}${stderr}` }
}

/** The planted service and a Prometheus that scrapes it, with windows of seconds. */
export interface Observed extends AsyncDisposable {
  readonly prometheus: Prometheus
  /** `http://127.0.0.1:PORT/debug/memory/metrics` */
  readonly metricsUrl: string
  stop(): Promise<void>
}

/** Starts both. */
export async function observe(windowSeconds: number): Promise<Observed> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'planted-'))
  const script = fileURLToPath(new URL('fixtures/planted.js', import.meta.url))
  const env = { ...process.env, LD_PRELOAD: JEMALLOC, MALLOC_CONF: 'prof:true,prof_active:false' }
  const service = fork(script, [folder], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [port] = (await Promise.race([
    once(service, 'message'),
    once(service, 'exit').then(() => Promise.reject(new Error('the planted service ended'))),
  ])) as [number]
  const metricsUrl = `http://127.0.0.1:${port}/debug/memory/metrics`
  const end = async (): Promise<void> => {
    const ended = once(service, 'exit')
    service.kill('SIGKILL')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const rules = rulesInSeconds(windowSeconds, 1)
    const prometheus = await startPrometheus({ targets: { planted: metricsUrl }, rules })
    const stop = async (): Promise<void> => {
      await prometheus.stop()
      await end()
    }
    return { prometheus, metricsUrl, stop, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await end()
    throw error
  }
}

/** Every expression of the dashboard and of the rules, as Prometheus is asked it here: windows of seconds. */
export function expressions(windowSeconds: number): { readonly from: string; readonly expr: string }[] {
  return [
    ...ROWS.flatMap(({ panels }) =>
      panels.flatMap(({ title, queries }) => queries.map(({ expr }) => ({ from: title, expr }))),
    ),
    ...RECORDING_RULES.map(({ record, expr }) => ({ from: record, expr })),
    ...ALERT_RULES.map(({ alert, expr }) => ({ from: alert, expr })),
  ].map(({ from, expr }) => ({ from, expr: inSeconds(expr, windowSeconds) }))
}

/** An expression with what Grafana would put in for its variables, and with windows of seconds. */
export function inSeconds(expr: string, windowSeconds: number): string {
  const window = `${windowSeconds}s`
  return expr
    .replaceAll('$__rate_interval', window)
    .replaceAll(/\[(?:1h|6h|1m)\]/g, `[${window}]`)
    .replaceAll(/offset 6h/g, `offset ${window}`)
    .replaceAll(/\$(?:job|instance|cache)\b/g, '.*')
}
