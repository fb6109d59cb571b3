/**
 * The cost of a run for the event loop under load: the pause of each window against the process's own major GCs, and the
 * longest delay of the loop during a run of 50 caches.
 *
 *   node dist/bench/pause.js [--node PATH]…
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Coordinator } from 'cache-attribution'
import { nodeEnvironment as environment } from '../src/support/environment.js'
import type { Environment } from '../src/support/environment.js'
import { chosenNodes, flags, report, runScript } from './support/processes.js'
import { startLoadedServer } from './support/server.js'
import { medianOf, printTable, quantile, verdict } from './support/table.js'

interface Pauses {
  readonly version: string
  readonly heapMb: number
  /** The two major GCs of each window, together. */
  readonly majorGcMs: number[]
  readonly windowMs: number[]
  readonly longestMs: number
  readonly loopDelayMs: number
  /** The longest delay without a run, over as long a time. */
  readonly idleLoopDelayMs: number
}

const OBJECT_BYTES = 160
const ALLOWED_MS = 20

if (flags('heap').length > 0) await measure(Number(flags('heap')[0]))
else await compare()

async function compare(): Promise<void> {
  for (const node of chosenNodes()) {
    const results: Pauses[] = []
    for (const heapMb of ['10', '500']) {
      results.push(...(await runScript<Pauses>('pause', { node, args: ['--heap', heapMb] })))
    }
    console.log(`### Pauses of a run of 50 caches under load, Node ${results[0]?.version ?? ''}\n`)
    printTable(
      [
        'heap',
        'two major GCs, median',
        'window, median',
        'window, p95',
        'longest pause',
        'longest loop delay',
        'loop delay without a run',
      ],
      results.map(({ heapMb, majorGcMs, windowMs, longestMs, loopDelayMs, idleLoopDelayMs }) => [
        `${heapMb.toFixed(0)} MB`,
        ...[
          medianOf(majorGcMs),
          medianOf(windowMs),
          quantile(windowMs, 0.95),
          longestMs,
          loopDelayMs,
          idleLoopDelayMs,
        ].map((ms) => (typeof ms === 'number' ? `${ms.toFixed(0)} ms` : ms)),
      ]),
    )
    for (const { heapMb, majorGcMs, windowMs, longestMs, loopDelayMs, idleLoopDelayMs } of results) {
      const beyond = windowMs.map((pauseMs, index) => pauseMs - (majorGcMs[index] ?? 0))
      const [median, p95] = [medianOf(beyond), quantile(beyond, 0.95)]
      verdict(
        `${heapMb.toFixed(0)} MB: beyond its two major GCs a window pauses for ${median.toFixed(1)} ms, p95 ${p95.toFixed(1)} (at most ${String(ALLOWED_MS)})`,
        p95 <= ALLOWED_MS,
      )
      // Delays from the load itself come on top.
      const delay = loopDelayMs - idleLoopDelayMs
      verdict(
        `${heapMb.toFixed(0)} MB: the loop is late by ${loopDelayMs.toFixed(0)} ms at most, the longest pause is ${longestMs.toFixed(0)} ms`,
        delay <= longestMs + 5,
      )
    }
  }
}

async function measure(heapMb: number): Promise<void> {
  const ballast: object[] = []
  for (let index = 0; index < (heapMb * 1e6) / OBJECT_BYTES; index++)
    ballast.push({ index, list: [index], text: `s${String(index)}` })
  const server = await startLoadedServer()
  const majors: number[] = []
  const coordinator = new Coordinator({ mode: 'release', environment: timed(majors) })
  for (let index = 0; index < 50; index++) {
    const cache = new Map(Array.from({ length: 20 }, (_, key) => [key, Buffer.allocUnsafeSlow(10_000)]))
    coordinator.register(`cache-${String(index)}`, {
      release: () => {
        cache.clear()
      },
    })
  }
  const delay = monitorEventLoopDelay({ resolution: 1 })
  await coordinator.attribute({ only: ['cache-0'], controls: 1 })
  const majorGcMs: number[] = []
  coordinator.on('cache-released', () => majorGcMs.push(majors.slice(-2).reduce((sum, ms) => sum + ms, 0)))
  delay.enable()
  const { durationMs, caches, pauses } = await coordinator.attribute({ controls: 4 })
  const loopDelayMs = delay.max / 1e6
  delay.reset()
  await environment.yieldToLoop(Math.min(durationMs, 5000))
  const idleLoopDelayMs = delay.max / 1e6
  delay.disable()
  report({
    version: process.version,
    heapMb: process.memoryUsage().heapUsed / 1e6,
    majorGcMs,
    windowMs: caches.map(({ pauseMs }) => pauseMs),
    longestMs: pauses.longestMs,
    loopDelayMs,
    idleLoopDelayMs,
  } satisfies Pauses)
  await coordinator.close()
  await server.stop()
  ballast.length = 0
}

/** The environment with a clock on the major GCs. */
function timed(majors: number[]): Environment {
  return {
    ...environment,
    collector: () => {
      const collector = environment.collector()
      return {
        minor: () => {
          collector.minor()
        },
        major: () => {
          const start = environment.now()
          collector.major()
          majors.push(environment.now() - start)
        },
      }
    },
  }
}
