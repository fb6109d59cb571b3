/**
 * A fleet's report as one HTML page that needs nothing else: no network, no script, no other file.
 *
 * Rule: names come from anybody's program. They are escaped, and the page's own policy lets nothing run or load but its style.
 */
import { createHash } from 'node:crypto'
import type { TableColumn } from '../report/format-table.js'
import { formatBytes, formatCount, printable } from '../support/units.js'
import {
  FLEET_CACHE_COLUMNS,
  FLEET_OWNER_COLUMNS,
  differenceLines,
  outlierLines,
  problemsOfFleet,
  replicaColumns,
  titleOfFleet,
} from './fleet-columns.js'
import { FLEET_STYLE } from './fleet-style.js'
import type { FleetCache, FleetReplica, FleetReport, LabelGroup } from './types.js'

/** A page has more room than a terminal: of so many caches and labels each replica has a figure. */
const [CACHES_SHOWN, LABELS_SHOWN] = [12, 4]

/** The page. To serve it, send its policy as a header too: {@link fleetPagePolicy}. */
export function fleetPage(report: FleetReport): string {
  const title = titleOfFleet(report)
  const { mode, startedAt, caches, owners, replicas } = report
  const findings = [...caches.flatMap(differenceLines), ...[...caches, ...owners].flatMap(outlierLines)]
  const measured = replicas.filter(({ status }) => status === 'measured')
  const body = [
    `<h1>${escaped(title)}</h1>`,
    `<p class="quiet">Measured at <time>${escaped(startedAt)}</time>, mode ${escaped(mode)}.</p>`,
    list('What stands out', findings, 'findings'),
    list('Not measured', problemsOfFleet(report), 'problems'),
    table('Caches over all replicas', FLEET_CACHE_COLUMNS, caches),
    table('By label', LABEL_COLUMNS, caches.flatMap(groupsOf)),
    table('Each replica', columnsOfReplicas(report), measured, noteOn(caches)),
    table('Owners that nobody registered', FLEET_OWNER_COLUMNS, owners),
  ]
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${fleetPagePolicy()}">`,
    `<title>${escaped(title)}</title><style>${FLEET_STYLE}</style></head>`,
    `<body><main>${body.filter((part) => part !== '').join('\n')}</main></body></html>`,
    '',
  ].join('\n')
}

/** The policy that the page carries in itself, for the header `Content-Security-Policy` of a server. */
export function fleetPagePolicy(): string {
  const style = `'sha256-${createHash('sha256').update(FLEET_STYLE).digest('base64')}'`
  return `default-src 'none'; style-src ${style}; base-uri 'none'; form-action 'none'`
}

function list(title: string, lines: readonly string[], kind: string): string {
  if (lines.length === 0) return ''
  const items = lines.map((line) => `<li>${escaped(line)}</li>`).join('')
  return `<section><h2>${title}</h2><ul class="${kind}">${items}</ul></section>`
}

/** A column of the page: a figure that is far from the others is marked. */
interface PageColumn<Row> extends TableColumn<Row> {
  readonly isFar?: (row: Row) => boolean
}

/** A table in a box of its own, which scrolls where the window is narrow; empty where it has no rows. */
function table<Row>(title: string, columns: readonly PageColumn<Row>[], rows: readonly Row[], note = ''): string {
  if (rows.length === 0) return ''
  const side = ({ alignsLeft = false }: PageColumn<Row>): string => (alignsLeft ? 'text' : 'number')
  const heads = columns.map((column) => `<th scope="col" class="${side(column)}">${escaped(column.title)}</th>`)
  const lines = rows.map((row) => {
    const cells = columns.map((column, place) => {
      const text = escaped(column.cell(row))
      if (place === 0) return `<th scope="row">${text}</th>`
      return `<td class="${side(column)}${column.isFar?.(row) === true ? ' far' : ''}">${text}</td>`
    })
    return `<tr>${cells.join('')}</tr>`
  })
  return [
    `<section><h2>${title}</h2>`,
    note === '' ? '' : `<p class="quiet">${note}</p>`,
    `<div class="scroll" role="region" aria-label="${title}" tabindex="0">`,
    `<table><thead><tr>${heads.join('')}</tr></thead><tbody>`,
    ...lines,
    '</tbody></table></div></section>',
  ].join('\n')
}

function columnsOfReplicas({ replicas, caches }: FleetReport): PageColumn<FleetReplica>[] {
  const labels = [...new Set(replicas.flatMap(({ labels: own }) => Object.keys(own)))].slice(0, LABELS_SHOWN)
  const shown = caches.filter(({ byReplica }) => byReplica !== null).slice(0, CACHES_SHOWN)
  const ofLabels = labels.map((label) => ({
    title: printable(label, 24),
    alignsLeft: true,
    cell: ({ labels: own }: FleetReplica) => (Object.hasOwn(own, label) ? printable(own[label] ?? '', 60) : '–'),
  }))
  const columns = replicaColumns(shown, CACHES_SHOWN)
  const ofProcess = columns.slice(0, columns.length - shown.length)
  const ofCaches = shown.map(({ outliers }, place) => {
    const far = new Set(outliers.map(({ replica }) => replica))
    return { ...columns[ofProcess.length + place], isFar: ({ name }: FleetReplica) => far.has(name) }
  })
  return [...ofProcess, ...ofLabels, ...(ofCaches as PageColumn<FleetReplica>[])]
}

function noteOn(caches: readonly FleetCache[]): string {
  return caches.some(({ byReplica }) => byReplica === null)
    ? 'Of so many replicas the report does not keep what each holds of a cache.'
    : ''
}

interface LabelLine extends LabelGroup {
  readonly cache: string
  readonly label: string
}

function groupsOf({ name, labels }: FleetCache): LabelLine[] {
  return Object.entries(labels).flatMap(([label, groups]) => groups.map((group) => ({ cache: name, label, ...group })))
}

const LABEL_COLUMNS: readonly TableColumn<LabelLine>[] = [
  { title: 'cache', alignsLeft: true, cell: ({ cache }) => printable(cache, 60) },
  { title: 'label', alignsLeft: true, cell: ({ label }) => printable(label, 40) },
  { title: 'value', alignsLeft: true, cell: ({ value }) => printable(value, 60) },
  { title: 'replicas', cell: ({ replicas }) => formatCount(replicas) },
  { title: 'median', cell: ({ medianBytes }) => formatBytes(medianBytes) },
  { title: 'B/entry', cell: ({ perEntry }) => formatCount(perEntry?.bytesPerEntry ?? null) },
  { title: '±', cell: ({ perEntry }) => formatBytes(perEntry?.uncertaintyBytes ?? null) },
]

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '')
}
