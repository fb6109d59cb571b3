/**
 * Ten thousand caches: registering and planning grow with their number, observe() and the report's text stay quick.
 *
 *   node dist/bench/scale.js
 */
import { Coordinator, formatReport } from 'cache-attribution'
import type { AttributionReport } from 'cache-attribution'
import { layOut, selectCaches } from '../src/coordinator/run/plan.js'
import { medianOf, printTable, verdict } from './support/table.js'

const COUNTS = [1250, 2500, 5000, 10_000] as const
const REPEATS = 9

function timeMs(work: () => void): number {
  const times = Array.from({ length: REPEATS }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  })
  return medianOf(times)
}

function registerAll(count: number): Coordinator {
  const coordinator = new Coordinator({ mode: 'release' })
  for (let index = 0; index < count; index++) {
    const cache = new Map([[index, index]])
    coordinator.register(`cache-${String(index)}`, {
      release: () => {
        cache.clear()
      },
      entries: () => cache.size,
      claimedBytes: () => cache.size * 8,
    })
  }
  return coordinator
}

function plan(count: number): void {
  const caches = Array.from({ length: count }, (_, index) => ({
    name: `cache-${String(index)}`,
    gc: 'forced' as const,
    lossless: true,
    refillCost: 'medium' as const,
    asynchronous: false,
  }))
  layOut(selectCaches(caches, {}, 7).order, 4, () => 10)
}

const small = new Coordinator({ mode: 'release' })
small.register('one', { release: () => undefined })
const template = await small.attribute({ controls: 1 })
await small.close()

function reportOf(count: number): AttributionReport {
  const [row] = template.caches
  if (row === undefined) throw new Error('the template has no row')
  return {
    ...template,
    caches: Array.from({ length: count }, (_, index) => ({ ...row, name: `cache-${String(index)}` })),
  }
}

const figures = COUNTS.map((count) => {
  const coordinator = registerAll(count)
  const report = reportOf(count)
  const result = {
    count,
    registerMs: timeMs(() => void registerAll(count)),
    planMs: timeMs(() => {
      plan(count)
    }),
    observeMs: timeMs(() => void coordinator.observe()),
    formatMs: timeMs(() => void formatReport(report)),
  }
  void coordinator.close()
  return result
})

console.log(`### Many caches, Node ${process.version}, medians of ${String(REPEATS)}\n`)
printTable(
  ['caches', 'register, ms', 'plan, ms', 'observe(), ms', 'formatReport, ms'],
  figures.map(({ count, ...rest }) => [count, ...Object.values(rest).map((ms) => ms.toFixed(2))]),
)
const [first, last] = [figures[0], figures.at(-1)]
if (first !== undefined && last !== undefined) {
  const growth = last.count / first.count
  verdict(
    `registering 8 × as many takes ${(last.registerMs / first.registerMs).toFixed(1)} × as long`,
    last.registerMs / first.registerMs < 2 * growth,
  )
  verdict(
    `planning 8 × as many takes ${(last.planMs / first.planMs).toFixed(1)} × as long`,
    last.planMs / first.planMs < 2 * growth,
  )
  verdict(`observe() of 10,000 takes ${last.observeMs.toFixed(1)} ms (under 20)`, last.observeMs < 20)
  verdict(`the text of 10,000 rows takes ${last.formatMs.toFixed(1)} ms (under 100)`, last.formatMs < 100)
}
