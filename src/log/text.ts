/** The readable forms, several lines each. Pure but for the report's. */
import { formatReport } from '../report/format-report.js'
import { PLAIN_PALETTE, formatTable } from '../report/format-table.js'
import type { TableColumn } from '../report/format-table.js'
import type { AttributionReport } from '../report/types.js'
import { formatBytes, formatCount, printable } from '../support/units.js'
import { sentenceOf } from './lines.js'
import type { CacheLine, MemoryLine } from './lines.js'

const COLUMNS: readonly TableColumn<CacheLine>[] = [
  { title: 'cache', alignsLeft: true, cell: ({ name }) => printable(name, 40) },
  { title: 'estimated', cell: ({ bytes }) => formatBytes(bytes) },
  { title: '±', cell: ({ uncertaintyBytes }) => formatBytes(uncertaintyBytes) },
  { title: 'entries', cell: ({ entries }) => formatCount(entries) },
  { title: 'claimed', cell: ({ claimedBytes }) => formatBytes(claimedBytes) },
]

/** The sentence, and under it the report's tables, or the caches as they stand. Without colours: logs are files. */
export function lineText(line: MemoryLine, report: AttributionReport | null): string {
  if (report !== null) return `${sentenceOf(line)}\n${formatReport(report, { color: false })}`
  if (line.caches.length === 0) return sentenceOf(line)
  const table = formatTable(COLUMNS, line.caches, PLAIN_PALETTE, () => PLAIN_PALETTE.strong)
  const omitted = line.cachesOmitted === 0 ? [] : [`and ${String(line.cachesOmitted)} more`]
  return [sentenceOf(line), ...table, ...omitted].join('\n')
}
