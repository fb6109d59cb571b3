/** The overview as a terminal shows it. Pure. */
import type { MemorySample } from '../../measure/sample.js'
import { formatReport } from '../../report/format-report.js'
import { PLAIN_PALETTE, formatTable } from '../../report/format-table.js'
import type { AttributionReport } from '../../report/types.js'
import { formatBytes, formatCount, formatMs, printable } from '../../support/units.js'
import type { CacheView } from './types.js'

const NAME_WIDTH_MAX = 40

/** The parts of a status that the text has. */
export interface OverviewStatus {
  readonly process: { readonly pid: number; readonly nodeVersion: string }
  readonly allocator: { readonly name: string; readonly version: string | null }
  readonly run: { readonly id: string; readonly mode: string } | null
  /** Missing in answers of older versions. */
  readonly lastLife?: { readonly headline: readonly string[] } | null
}

/** The caches as they stand, the process, and the last report. */
export function overviewText(
  { process, allocator, run, lastLife }: OverviewStatus,
  views: readonly CacheView[],
  sample: MemorySample,
  report: AttributionReport | null,
): string {
  const columns = [
    { title: 'cache', alignsLeft: true, cell: ({ name }: CacheView) => printable(name, NAME_WIDTH_MAX) },
    { title: 'entries', cell: ({ entries }: CacheView) => formatCount(entries) },
    { title: 'claimed', cell: ({ claimedBytes }: CacheView) => formatBytes(claimedBytes) },
    { title: 'estimated', cell: ({ estimatedBytes }: CacheView) => formatBytes(estimatedBytes) },
    { title: '±', cell: ({ estimatedUncertaintyBytes }: CacheView) => formatBytes(estimatedUncertaintyBytes) },
    { title: 'measured', cell: ({ lastMeasured }: CacheView) => formatBytes(lastMeasured?.totalBytes ?? null) },
    {
      title: 'ago',
      cell: ({ calibrationAgeMs }: CacheView) => (calibrationAgeMs === null ? '–' : formatMs(calibrationAgeMs)),
    },
  ]
  const version = allocator.version === null ? '' : ` ${allocator.version}`
  return [
    `Memory by cache now (pid ${String(process.pid)}, Node ${process.nodeVersion}, ${allocator.name}${version})`,
    '',
    ...(views.length === 0
      ? ['no cache is registered']
      : formatTable(columns, views, PLAIN_PALETTE, () => PLAIN_PALETTE.strong)),
    '',
    `process  RSS ${formatBytes(sample.rssBytes)}, allocator ${formatBytes(sample.allocatedBytes)} live, JS heap ${formatBytes(sample.heapUsedBytes)} used`,
    ...(lastLife == null ? [] : [`before   ${printable(lastLife.headline.join(' '), 1000)}`]),
    ...(run === null ? [] : [`run      ${run.id} (${run.mode}) is under way`]),
    ...(report === null ? [] : ['', formatReport(report, { color: false })]),
  ].join('\n')
}
