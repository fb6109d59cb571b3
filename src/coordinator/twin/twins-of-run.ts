/**
 * The twins of one run together: the order of each, a cache's row, and their cost.
 *
 * Rule: pure. The first twin gives the balance; later ones only narrow the error bars.
 */
import { difference } from '../../measure/figures.js'
import type { MemorySample } from '../../measure/sample.js'
import type { ReportTwin } from '../../report/types.js'
import type { TwinCost } from '../../twin/types.js'
import type { LedgerRow } from '../run/run-ledger.js'
import type { TwinRow } from './twin-message.js'
import type { TwinPass } from './twin-pass.js'

/** Forwards, backwards, then turned further and further: two orders give every pair of caches both of its orders. */
export function inOrder<T>(order: readonly T[], twin: number): readonly T[] {
  if (twin % 2 === 1) return inOrder(order, twin - 1).toReversed()
  const start = order.length === 0 ? 0 : Math.floor((twin / 2) * (order.length / 4 + 1)) % order.length
  return [...order.slice(start), ...order.slice(0, start)]
}

/** A cache as all twins measured it. @param row the first twin's */
export function measuredInTwins(row: TwinRow, passes: readonly TwinPass[]): LedgerRow {
  const rows = passes.flatMap((pass) => pass.rows.get(row.name) ?? [])
  const { before, after, residentFall: _, ...facts } = row
  return {
    ...facts,
    gc: 'forced',
    resident: {
      falls: rows.map(({ residentFall }) => residentFall),
      controls: passes.flatMap(({ residentControls }) => residentControls),
    },
    measurement:
      rows.length === 1
        ? { kind: 'atomic', before, after }
        : { kind: 'repeated', changes: rows.map((each) => difference(each.before, each.after)) },
    settled: true,
    pauseMs: 0,
  }
}

/** The twins in the head of the report. @param before the parent, right before its first fork */
export function twinsOfRun(twins: number, costs: readonly TwinCost[], before: MemorySample): ReportTwin {
  const copied = costs.flatMap(({ copiedBytes }) => copiedBytes ?? [])
  return {
    twins,
    pauseMs: Math.max(0, ...costs.map(({ pauseMs }) => pauseMs)),
    forkMs: Math.max(0, ...costs.map(({ forkMs }) => forkMs)),
    majorGcs: costs.reduce((sum, { majorGcs }) => sum + majorGcs, 0),
    childMs: costs.reduce((sum, { childMs }) => sum + childMs, 0),
    copiedBytes: copied.length === 0 ? null : Math.max(...copied),
    attempts: costs.reduce((sum, { attempts }) => sum + attempts, 0),
    before,
  }
}
