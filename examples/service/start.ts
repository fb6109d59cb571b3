/**
 * `npm start`: a service under jemalloc and under load, its memory attributed to its caches while it goes on serving.
 * In a twin, so that the service keeps every entry; where none can be made, by releasing. About 20 seconds; checks itself and
 * leaves nothing behind.
 *
 * `npm start -- --release`: releases the caches of the service itself, which then has to fill them again.
 * `npm start -- --copy`: the same with the waste mended that the first run shows in the row "compressed".
 * `npm start -- --profile`: draws a flame graph of the memory that the first seconds of requests left, native memory and
 * objects, into a file whose name it prints.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import { formatReport } from 'cache-attribution'
import type { AttributionReport } from 'cache-attribution'
import { findJemalloc } from '../../src/cli/jemalloc/find-jemalloc.js'
import { failedChecks } from './checks.js'
import { Child } from './child.js'
import { explain } from './explain.js'
import type { LoadCommand, LoadMessage, ServiceCommand, ServiceMessage, Traffic } from './messages.js'
import { Progress } from './progress.js'

const WARM_UP_MS = 8000
const AFTERWARDS_MS = 3000
const START_TIMEOUT_MS = 60_000
const RUN_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 15_000

/** `run --profile` sets these for a program. */
const PROFILED = 'prof:true,prof_active:false,prof_stats:true'

/** Where the packages lie that are served: beside dist/. */
const packagesFolder = fileURLToPath(new URL('../../../node_modules', import.meta.url))

const options = process.argv.slice(2).filter((argument) => argument === '--copy' || argument === '--release')
const flamegraph = process.argv.includes('--profile')
  ? path.join(os.tmpdir(), `cache-attribution-example-${process.pid}.html`)
  : null

interface Measured {
  readonly report: AttributionReport
  readonly traffic: Traffic
  /** The largest allocators of a profile, as text; null where none was asked for. */
  readonly profiled: string | null
}

interface Outcome extends Measured {
  readonly caches: readonly string[]
}

const progress = new Progress()
const interruption = new AbortController()
let interruptedBy: NodeJS.Signals | undefined
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    interruptedBy ??= signal
    interruption.abort()
  })
}

try {
  const outcome = await perform(interruption.signal)
  progress.clear()
  print(outcome)
} catch (error) {
  progress.clear()
  console.error(
    interruptedBy === undefined
      ? `The example failed: ${String(error)}`
      : `interrupted by ${interruptedBy}: everything was stopped`,
  )
  process.exitCode = 1
}
// The signal's own end, now that nothing is left behind.
if (interruptedBy !== undefined) process.exitCode = 128 + os.constants.signals[interruptedBy]

async function perform(signal: AbortSignal): Promise<Outcome> {
  const env = await allocatorEnvironment(signal)
  const folder = await mkdtemp(path.join(os.tmpdir(), 'cache-attribution-example-'))
  const service = new Child<ServiceCommand, ServiceMessage>('server.js', [packagesFolder, folder, ...options], env)
  try {
    progress.step('starting the service: listing and indexing the packages …')
    const { url, hasSearch, notes } = await service.next('listening', START_TIMEOUT_MS, signal)
    for (const note of notes) progress.note(`note: ${note}`)
    const measured = await measureUnderLoad(service, url, hasSearch, signal)
    return { ...measured, caches: ['files', 'compressed', 'documents', ...(hasSearch ? ['sqlite pages'] : [])] }
  } finally {
    await service.end()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The environment that gives the service jemalloc; says so where it has to do without. */
async function allocatorEnvironment(signal: AbortSignal): Promise<NodeJS.ProcessEnv> {
  const { env } = process
  progress.step('looking for jemalloc …')
  const log = (line: string): void => progress.update(line)
  const found = await findJemalloc({ fetch: true, env, cwd: process.cwd(), log, signal })
  if (found.path === null) {
    progress.note(`without jemalloc: ${found.reason}. To fix it: ${found.mend}`)
    return env
  }
  progress.note(`jemalloc ${found.facts.version.split('-', 1)[0] ?? ''} (${found.source}): ${found.path}`)
  return {
    ...env,
    ...(found.preload === undefined ? {} : { LD_PRELOAD: found.preload }),
    ...(flamegraph === null || env['MALLOC_CONF'] !== undefined ? {} : { MALLOC_CONF: PROFILED }),
  }
}

async function measureUnderLoad(
  service: Child<ServiceCommand, ServiceMessage>,
  url: string,
  hasSearch: boolean,
  signal: AbortSignal,
): Promise<Measured> {
  const load = new Child<LoadCommand, LoadMessage>('load.js', hasSearch ? [url, 'search'] : [url], process.env)
  let step = 'filling the caches'
  load.on((message) => {
    if (message.type === 'progress') progress.update(`${step}: ${message.requests} requests served`)
  })
  service.on((message) => {
    if (message.type === 'released') progress.update((step = `measuring: released "${message.cache}"`))
  })
  try {
    progress.step(`${step} under load for ${WARM_UP_MS / 1000} s …`)
    await load.next('progress', START_TIMEOUT_MS, signal)
    const profiled = flamegraph === null ? null : await profile(service, flamegraph, signal)
    if (profiled === null) await delay(WARM_UP_MS, undefined, { signal })

    progress.step((step = 'measuring the caches, under the same load …'))
    load.send({ type: 'phase', phase: 'during' })
    service.send({ type: 'attribute' })
    const { report } = await service.next('report', RUN_TIMEOUT_MS, signal)
    load.send({ type: 'phase', phase: 'after' })

    progress.step((step = report.mode === 'twin' ? 'the service goes on, with every entry' : 'the caches fill again'))
    await delay(AFTERWARDS_MS, undefined, { signal })
    load.send({ type: 'stop' })
    const { traffic } = await load.next('result', STOP_TIMEOUT_MS, signal)
    return { report, traffic, profiled }
  } finally {
    await load.end()
  }
}

/** Samples the allocations of the warm-up. */
async function profile(
  service: Child<ServiceCommand, ServiceMessage>,
  file: string,
  signal: AbortSignal,
): Promise<string> {
  service.send({ type: 'profile', seconds: WARM_UP_MS / 1000, file })
  return (await service.next('profiled', WARM_UP_MS + RUN_TIMEOUT_MS, signal)).table
}

function print({ report, traffic, caches, profiled }: Outcome): void {
  if (profiled !== null) {
    console.log(
      `\nMemory that ${WARM_UP_MS / 1000} s of requests left, by the file of JavaScript that asked for it\n\n${profiled}`,
    )
    console.log(`\nas a flame graph, to be opened in a browser: ${flamegraph ?? ''}`)
  }
  console.log(`\n${formatReport(report)}\n\n${explain(report, traffic).join('\n')}\n`)
  const problems = failedChecks(report, traffic, caches)
  if (profiled?.includes('service/documents.ts') === false) problems.push('the profile names no file of the service')
  if (problems.length === 0) {
    console.log('Self-check passed: no request failed, every cache was measured, the rows add up to the byte.')
    return
  }
  for (const problem of problems) console.error(`Self-check failed: ${problem}`)
  process.exitCode = 1
}
