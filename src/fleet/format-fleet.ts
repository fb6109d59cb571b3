/** A fleet's report as a terminal shows it. Pure, but it asks whether that terminal wants colours. */
import { fitParts } from '../report/fit-lines.js'
import { WIDTH_RULE, formatTable, palette } from '../report/format-table.js'
import type { Palette } from '../report/format-table.js'
import { boolean, optional, resolveOptions } from '../support/options.js'
import {
  FLEET_CACHE_COLUMNS,
  FLEET_OWNER_COLUMNS,
  differenceLines,
  outlierLines,
  problemsOfFleet,
  replicaColumns,
  titleOfFleet,
} from './fleet-columns.js'
import type { FleetOwner, FleetReport } from './types.js'

/** How {@link formatFleet} writes. */
export interface FormatFleetOptions {
  /**
   * ANSI colours.
   * @default true where standard output is a terminal and `NO_COLOR` is not set
   */
  readonly color?: boolean | undefined
  /**
   * Columns that a line may have, 20 or more.
   * @default those of the terminal where standard output is one and `color` is not given, else Infinity
   */
  readonly width?: number | undefined
}

/**
 * Outliers first, then a table of the caches over all replicas, owners where they were sought, and the replicas that were
 * not measured with the reason.
 *
 * @returns several lines, without a newline at the end
 * @throws CacheAttributionError `ERR_OPTION_UNKNOWN`, `ERR_OPTION_TYPE`
 * @example
 * console.log(formatFleet(await attributeFleet({ dns: 'shop.default.svc.cluster.local', port: 8080 })))
 */
export function formatFleet(report: FleetReport, options?: FormatFleetOptions): string {
  const { color, width } = resolveOptions('formatFleet()', options, { color: optional(boolean), width: WIDTH_RULE })
  const paints = palette(color, width)
  const parts = [
    [paints.strong(titleOfFleet(report))],
    [...report.caches.flatMap(differenceLines), ...[...report.caches, ...report.owners].flatMap(outlierLines)],
    report.caches.length === 0
      ? []
      : formatTable(FLEET_CACHE_COLUMNS, report.caches, paints, ({ replicas }) =>
          replicas === 0 ? paints.dim : plain,
        ),
    replicaLines(report, paints),
    ownerLines(report.owners, paints),
    problemsOfFleet(report).map((line) => paints.bad(line)),
  ]
  return fitParts(parts, paints.width)
}

function plain(text: string): string {
  return text
}

/** A table of more replicas is read by nobody; a terminal has no room for more caches. */
const [REPLICAS_SHOWN, CACHES_SHOWN] = [16, 5]

/** What each replica holds of the largest caches. */
function replicaLines({ replicas, caches }: FleetReport, paints: Palette): string[] {
  const measured = replicas.filter(({ status }) => status === 'measured')
  if (caches.length === 0 || measured.length < 2 || measured.length > REPLICAS_SHOWN) return []
  return formatTable(replicaColumns(caches, CACHES_SHOWN), measured, paints, () => plain)
}

function ownerLines(owners: readonly FleetOwner[], paints: Palette): string[] {
  if (owners.length === 0) return []
  return [
    paints.strong('Owners that nobody registered'),
    '',
    ...formatTable(FLEET_OWNER_COLUMNS, owners, paints, () => plain),
  ]
}
