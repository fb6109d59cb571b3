/**
 * How right the rows are: known caches under load, per Node version, against the truth of a quiet process.
 *
 *   node dist/bench/accuracy.js [--node PATH]… [--only buffers,objects,null,async,quiet-buffers,quiet-objects,
 *     glibc,mapped,twin-buffers,twin-objects,twin-mapped,sharp,registry,twin-sharp,twin-registry] [--runs 25]
 *
 * Ends with 1 when a bar is missed.
 */
import type { MeasuredRow } from './accuracy/measure.js'
import type { Truth } from './accuracy/truth.js'
import { SIZES } from './accuracy/caches.js'
import type { Kind } from './accuracy/caches.js'
import { chosenNodes, chosenOf, flags, runScript, versionOf } from './support/processes.js'
import { medianOf, printTable, quantile, verdict } from './support/table.js'

const KIB = 1024
const MIB = KIB * KIB

interface Scenario {
  readonly measure: Kind | 'async' | 'null'
  readonly allocator?: 'glibc'
  readonly quiet?: boolean
  readonly twin?: boolean
  /** Which quantity holds the content. */
  readonly quantity: 'allocatedBytes' | 'heapBytes' | 'mappedBytes'
  /** Allowed error for a truth of so many bytes. */
  readonly bar?: (truth: number) => number
  readonly barText?: string
}

const SCENARIOS: Record<string, Scenario> = {
  buffers: within('buffers', 'allocatedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'),
  objects: within('objects', 'heapBytes', 64 * KIB, 0.005, '64 KiB + 0.5 %'),
  'quiet-buffers': { ...within('buffers', 'allocatedBytes', KIB, 0.0005, '1 KiB + 0.05 %'), quiet: true },
  'quiet-objects': { ...within('objects', 'heapBytes', KIB, 0.0005, '1 KiB + 0.05 %'), quiet: true },
  glibc: { ...within('buffers', 'allocatedBytes', 64 * KIB, 0.01, '64 KiB + 1 %'), allocator: 'glibc' },
  mapped: within('mapped', 'mappedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'),
  'twin-mapped': { ...within('mapped', 'mappedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'), twin: true },
  'twin-buffers': { ...within('buffers', 'allocatedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'), twin: true },
  'twin-objects': { ...within('objects', 'heapBytes', 64 * KIB, 0.005, '64 KiB + 0.5 %'), twin: true },
  sharp: within('sharp', 'allocatedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'),
  registry: within('registry', 'allocatedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'),
  'twin-sharp': { ...within('sharp', 'allocatedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'), twin: true },
  'twin-registry': { ...within('registry', 'allocatedBytes', 8 * KIB, 0.003, '8 KiB + 0.3 %'), twin: true },
  null: { measure: 'null', quantity: 'allocatedBytes' },
  async: { measure: 'async', quantity: 'allocatedBytes' },
}

function within(
  measure: Kind,
  quantity: Scenario['quantity'],
  bytes: number,
  share: number,
  barText: string,
): Scenario {
  return { measure, quantity, bar: (truth) => bytes + share * truth, barText }
}

const nodes = chosenNodes()
const chosen = chosenOf('only', Object.keys(SCENARIOS))
const runs = Number(flags('runs')[0] ?? '25')

for (const node of nodes) {
  const version = versionOf(node)
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (!chosen.includes(name)) continue
    console.log(`### ${name}, Node ${version}\n`)
    await runScenario(node, scenario)
  }
}

async function runScenario(node: string, scenario: Scenario): Promise<void> {
  const { measure, allocator, quiet = false, twin = false } = scenario
  const runCount = measure === 'null' ? 1 : runs
  const args = [measure, String(runCount), ...(quiet ? ['--quiet', 'yes'] : []), ...(twin ? ['--twin', 'yes'] : [])]
  const rows = await runScript<MeasuredRow>('accuracy/measure', { node, allocator, args })
  if (measure === 'null') {
    judgeNull(rows)
    return
  }
  const kind = measure === 'async' ? 'buffers' : measure
  const [truth] = await runScript<Truth>('accuracy/truth', {
    node,
    allocator,
    args: [kind],
    execArgv: ['--no-flush-bytecode'],
  })
  if (truth === undefined) throw new Error('the truth is not to be had')
  const known = (size: number): number => truth[scenario.quantity][size] ?? NaN
  printRows(rows, scenario, known)
  const library = rows.filter(({ method }) => method === 'library')
  if (measure === 'async') judgeAsync(library, known)
  else {
    const { bar = () => 0, barText = '' } = scenario
    const off = library.filter((row) => Math.abs(row[scenario.quantity] - known(row.size)) > bar(known(row.size)))
    verdict(
      `${String(library.length - off.length)} of ${String(library.length)} rows within ${barText}`,
      off.length === 0,
    )
    for (const row of off) {
      const error = row[scenario.quantity] - known(row.size)
      console.log(
        `        off by ${error.toFixed(0)}: run ${String(row.run)}, row ${String(row.place)}, size ${String(row.size)}, settled ${String(row.settled)}, pause ${row.pauseMs.toFixed(0)} ms`,
      )
    }
  }
}

function printRows(rows: readonly MeasuredRow[], { quantity }: Scenario, known: (size: number) => number): void {
  const errors = (method: MeasuredRow['method'], size: number): number[] =>
    rows.filter((row) => row.method === method && row.size === size).map((row) => row[quantity] - known(size))
  const percent = (bytes: number, size: number): string => `${((100 * bytes) / known(size)).toFixed(2)} %`
  const range = (values: readonly number[], size: number): string =>
    values.length === 0 ? '–' : `${percent(Math.min(...values), size)} … ${percent(Math.max(...values), size)}`
  printTable(
    ['truth', 'median error', 'worst error, bytes', 'worst error', 'plain recipe, error from … to'],
    SIZES.map((size) => {
      const library = errors('library', size)
      const worst = library.reduce((most, error) => (Math.abs(error) > Math.abs(most) ? error : most), 0)
      return [
        `${(known(size) / 1e6).toFixed(2)} MB`,
        percent(medianOf(library), size),
        Math.round(worst),
        percent(worst, size),
        range(errors('plain', size), size),
      ]
    }),
  )
}

function judgeNull(rows: readonly MeasuredRow[]): void {
  const allocated = rows.map(({ allocatedBytes }) => Math.abs(allocatedBytes))
  const heap = rows.map(({ heapBytes }) => Math.abs(heapBytes))
  const significant = rows.filter((row) => row.significant).length
  printTable(
    ['null releases', 'median', 'p90', 'p99', 'max'],
    [
      ['allocated, bytes', ...[0.5, 0.9, 0.99, 1].map((q) => quantile(allocated, q))],
      ['JS heap, bytes', ...[0.5, 0.9, 0.99, 1].map((q) => quantile(heap, q))],
    ],
  )
  const inside = rows.filter((_, index) => (allocated[index] ?? 0) <= 8 * KIB && (heap[index] ?? 0) <= 64 * KIB).length
  verdict(
    `${String(inside)} of ${String(rows.length)} within 8 KiB allocated and 64 KiB heap (at least 99)`,
    inside >= 99,
  )
  verdict(`${String(significant)} called significant (at most 5)`, significant <= 5)
}

function judgeAsync(rows: readonly MeasuredRow[], known: (size: number) => number): void {
  const inside = rows.filter(
    (row) => Math.abs(row.allocatedBytes - known(row.size)) <= (row.allocatedUncertaintyBytes ?? -1),
  ).length
  const widths = rows.map(({ allocatedUncertaintyBytes }) => allocatedUncertaintyBytes ?? Infinity)
  printTable(
    ['±', 'median', 'p95', 'max'],
    [['MiB', ...[0.5, 0.95, 1].map((q) => (quantile(widths, q) / MIB).toFixed(2))]],
  )
  verdict(
    `the truth is inside the ± in ${String(inside)} of ${String(rows.length)} rows (at least 95 %)`,
    inside >= 0.95 * rows.length,
  )
  verdict(`the widest ± is ${(Math.max(...widths) / MIB).toFixed(2)} MiB (at most 4)`, Math.max(...widths) <= 4 * MIB)
}
