/** A round of releases in one line. */
import { formatBytes, formatMs, formatShare, printable } from '../../support/units.js'
import type { PressureBasis, PressureRound, PressureRow, PressureUsage } from './types.js'

const NAMED = 5
/** The allocator keeps a little of everything. */
const LEAST_KEPT = 1024 * 1024
const BASIS: Readonly<Record<PressureBasis, string>> = {
  returned: 'expected, as a twin saw it fall',
  measured: 'expected, as measured',
  claimed: 'expected, by its claim alone',
}

/** The line of a log: where usage was, what was released and what came back, where usage is. */
export function formatRound(round: PressureRound): string {
  const { after, before, caches, dryRun, freedBytes, isRelieved, keptBytes, untilBytes } = round
  const asked = caches.filter(({ status }) => status !== 'skipped' && status !== 'spared')
  const failed = asked.filter(({ error }) => error !== null)
  const acted = asked.filter(({ error }) => error === null)
  const more = acted.length - NAMED
  const releases = [
    ...acted.slice(0, NAMED).map((row) => describeRow(row, dryRun)),
    ...(more > 0 ? [`${String(more)} more`] : []),
    ...failed.slice(0, NAMED).map(({ name, error }) => `${quoted(name)} failed: ${printable(error?.message, 100)}`),
  ].join(', ')
  const act = dryRun ? 'would release' : 'released'
  const what = releases === '' ? 'no cache can be released' : `${act} ${releases}`
  if (dryRun) {
    const end = isRelieved ? 'which is enough' : `which is not known to reach ${formatBytes(untilBytes)}`
    return `memory pressure (dry run): ${describeUsage(before)}: ${what}, ${end}`
  }
  const now =
    after === null ? '' : `; now ${formatBytes(after.usedBytes)} (${formatShare(after.usedBytes, after.limitBytes)})`
  const end = isRelieved ? '' : `, not down to ${formatBytes(untilBytes)}`
  const fell = acted.length === 0 ? '' : `; RSS fell by ${formatBytes(freedBytes)} in ${formatMs(round.durationMs)}`
  const kept = keptBytes < LEAST_KEPT ? '' : `; the allocator keeps ${formatBytes(keptBytes)} for what comes next`
  return `memory pressure: ${describeUsage(before)}: ${what}${fell}${kept}${now}${end}`
}

function describeUsage({ usedBytes, limitBytes, what }: PressureUsage): string {
  return `${formatBytes(usedBytes)} of ${formatBytes(limitBytes)} (${formatShare(usedBytes, limitBytes)}, ${printable(what, 200)})`
}

function describeRow({ name, fraction, freedBytes, expectedBytes, basis }: PressureRow, isDry: boolean): string {
  const share = fraction === null ? '' : `${formatShare(fraction, 1)} of `
  const expected = basis === null ? 'nothing known of it' : `${formatBytes(expectedBytes)} ${BASIS[basis]}`
  const facts = isDry ? expected : `${formatBytes(freedBytes)} back, ${expected}`
  return `${share}${quoted(name)} (${facts})`
}

function quoted(name: string): string {
  return `"${printable(name, 60)}"`
}
