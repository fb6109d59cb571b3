/**
 * The panels of the dashboard as a page, drawn from what a real Prometheus answers: where there is no Grafana to be had, this shows
 * that every panel has something to show, and what.
 */
import { ROWS } from '../../tools/metrics/panels.js'
import type { Panel, PanelUnit } from '../../tools/metrics/panels.js'
import type { Prometheus, Series } from '../../examples/12-metrics/prometheus.js'
import { inSeconds } from './prometheus.js'

const WIDTH = 1440
const HEIGHT = 130
const COLORS = [
  '#3274d9',
  '#e0762f',
  '#37872d',
  '#c4162a',
  '#8f3bb8',
  '#0d8bd2',
  '#b8860b',
  '#56a64b',
  '#a352cc',
  '#7a7a7a',
]

/** One drawn panel. */
interface Drawn {
  readonly panel: Panel
  readonly lines: readonly { readonly legend: string; readonly points: readonly (readonly [number, number])[] }[]
}

/** Asks every query of every panel over the last seconds, and draws the answers. */
export async function panelPage(prometheus: Prometheus, seconds: number, windowSeconds: number): Promise<string> {
  const end = Date.now() / 1000
  const draw = async (panel: Panel): Promise<Drawn> => {
    const answers = await Promise.all(
      panel.queries.map(async ({ expr, legend }) => {
        const series = await prometheus.queryRange(inSeconds(expr, windowSeconds), end - seconds, end, 1)
        const lines = series.map((one) => ({ legend: legendOf(legend, one), points: pointsOf(one) }))
        // A gauge of the moment shows nothing of the past.
        return panel.kind === 'timeseries' ? lines : lines.filter(({ points }) => (points.at(-1)?.[0] ?? 0) > end - 2)
      }),
    )
    return { panel, lines: answers.flat() }
  }
  const rows = await Promise.all(
    ROWS.map(async ({ title, panels }) => {
      const drawn = await Promise.all(panels.map(draw))
      return `<h2>${escape(title)}</h2><div class="row">${drawn.map((one) => html(one, end - seconds, end)).join('')}</div>`
    }),
  )
  return `<!doctype html><meta charset="utf-8"><title>Memory by cache</title><style>${STYLE}</style>${rows.join('')}`
}

const STYLE = `
body { margin: 12px; width: ${String(WIDTH)}px; font: 11px system-ui, sans-serif; color: #222; background: #f4f5f5 }
h2 { font-size: 14px; margin: 14px 0 6px }
.row { display: grid; grid-template-columns: repeat(24, 1fr); gap: 6px }
.panel { background: #fff; border: 1px solid #ddd; padding: 6px 8px; min-width: 0 }
.panel h3 { font-size: 12px; margin: 0 } .panel p { margin: 1px 0 4px; color: #666 }
.panel ul { list-style: none; margin: 4px 0 0; padding: 0; columns: 2 }
.panel li { white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.panel.stat ul { columns: 1 }
.panel svg { width: 100%; height: ${String(HEIGHT)}px; display: block } .empty { color: #b00 }
`

function html({ panel, lines }: Drawn, start: number, end: number): string {
  const { title, description, unit, width, stacked = false } = panel
  const listed = lines
    .toSorted((a, b) => last(b.points) - last(a.points))
    .slice(0, 12)
    .map(
      ({ legend, points }, index) =>
        `<li style="color:${color(index)}">■ ${escape(legend)} ${format(last(points), unit)}</li>`,
    )
  const more = lines.length > 12 ? `<li>and ${String(lines.length - 12)} more</li>` : ''
  const body =
    lines.length === 0
      ? '<div class="empty">no data</div>'
      : `${panel.kind === 'timeseries' ? chart(lines, unit, stacked, start, end) : ''}<ul>${listed.join('')}${more}</ul>`
  return `<section class="panel ${panel.kind}" data-series="${String(lines.length)}" style="grid-column: span ${String(width)}"><h3>${escape(title)}</h3><p>${escape(description)}</p>${body}</section>`
}

function chart(lines: Drawn['lines'], unit: PanelUnit, stacked: boolean, start: number, end: number): string {
  const ordered = lines.toSorted((a, b) => last(b.points) - last(a.points))
  const base = new Map<number, number>()
  const drawn = ordered.map(({ points }) =>
    points.map(([at, value]) => {
      const y = stacked ? (base.get(at) ?? 0) + value : value
      base.set(at, y)
      return [at, y] as const
    }),
  )
  const values = drawn.flat().map(([, value]) => value)
  const [low, high] = [Math.min(0, ...values), Math.max(...values, 1e-9)]
  const x = (at: number): string => ((1000 * (at - start)) / (end - start)).toFixed(1)
  const y = (value: number): string => ((100 * (high - value)) / (high - low)).toFixed(1)
  const paths = drawn.map((points, index) => {
    const path = points.map(([at, value]) => `${x(at)},${y(value)}`).join(' ')
    return `<polyline points="${path}" fill="none" stroke="${color(index)}" stroke-width="1.5" vector-effect="non-scaling-stroke"/>`
  })
  return `<div>${format(high, unit)}</div><svg viewBox="0 0 1000 100" preserveAspectRatio="none"><line x1="0" x2="1000" y1="${y(0)}" y2="${y(0)}" stroke="#ccc" vector-effect="non-scaling-stroke"/>${paths.join('')}</svg>`
}

function color(index: number): string {
  return COLORS[index % COLORS.length] ?? '#000'
}

function legendOf(legend: string, { metric }: Series): string {
  return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '')
}

function pointsOf({ values = [] }: Series): (readonly [number, number])[] {
  return values.map(([at, value]) => [at, Number(value)] as const).filter(([, value]) => Number.isFinite(value))
}

function last(points: readonly (readonly [number, number])[]): number {
  return points.at(-1)?.[1] ?? 0
}

function format(value: number, unit: PanelUnit): string {
  if (unit === 'bytes' || unit === 'Bps') {
    const size =
      Math.abs(value) >= 1024 ** 2 ? `${(value / 1024 ** 2).toFixed(1)} MiB` : `${(value / 1024).toFixed(1)} KiB`
    return unit === 'Bps' ? `${size}/s` : size
  }
  if (unit === 'percentunit') return `${(100 * value).toFixed(1)} %`
  if (unit === 's') return `${value.toFixed(2)} s`
  if (unit === 'dateTimeFromNow') return new Date(value).toISOString()
  return String(Math.round(value * 100) / 100)
}

/** Names are hostile. */
function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${String(character.charCodeAt(0))};`)
}
