/** Lines over time, drawn by uPlot in the page's own colours. */
import UPlot from 'uplot'
import { formatBytes } from '../../../../support/units.js'
import { axisRange } from '../../model/chart-lines.js'
import type { ChartData, ChartLine } from '../../model/chart-lines.js'

/** A chart in its place. */
export interface Chart {
  show(data: ChartData): void
}

const HEIGHT = 290

/** Puts a chart into `place`; `onCursor` is called with the time that the pointer is at, or null. */
export function createChart(place: HTMLElement, onCursor: (index: number | null) => void): Chart {
  let plot: UPlot | null = null
  let data: ChartData = { times: [], lines: [], bands: [] }
  const draw = (): void => {
    plot?.destroy()
    plot = place.clientWidth === 0 ? null : plotOf(place, data, onCursor)
  }
  const fit = (): void => {
    if (plot === null) draw()
    else if (place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: HEIGHT })
  }
  // In a later frame: a chart that changes its size while sizes are told makes the browser report a loop.
  new ResizeObserver(() => requestAnimationFrame(fit)).observe(place)
  return {
    show: (next) => {
      data = next
      draw()
    },
  }
}

function plotOf(
  place: HTMLElement,
  { times, lines, bands }: ChartData,
  onCursor: (index: number | null) => void,
): UPlot {
  const ink = resolved(place, '--muted')
  const grid = { stroke: resolved(place, '--line'), width: 1 }
  const font = `12px ${getComputedStyle(place).fontFamily}`
  const options: UPlot.Options = {
    width: place.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      x: { range: () => axisRange(times) },
      y: { range: (_plot, from, to) => [Math.min(0, from), Math.max(1, to * 1.06)] },
    },
    axes: [
      {
        stroke: ink,
        grid: { show: false },
        ticks: grid,
        font,
        space: 90,
        values: (_plot, seconds) => timeLabels(seconds),
      },
      {
        stroke: ink,
        grid,
        ticks: { show: false },
        font,
        size: 76,
        splits: (_plot, _axis, from, to) => splits(from, to),
        values: (_plot, values) => values.map(label),
      },
    ],
    series: [{}, ...lines.map((line) => seriesOf(place, line))],
    // Series are counted from 1: the first is the times.
    bands: bands.map(([upper, lower]) => ({
      series: [upper + 1, lower + 1],
      fill: resolved(place, lines[upper]?.color ?? '--ink', 14),
    })),
    hooks: {
      setCursor: [({ cursor: { idx } }) => onCursor(idx ?? null)],
    },
  }
  return new UPlot(options, [[...times], ...lines.map(({ values }) => [...values])] as UPlot.AlignedData, place)
}

function seriesOf(place: HTMLElement, { color, kind }: ChartLine): UPlot.Series {
  const stroke = resolved(place, color)
  if (kind === 'edge') return { stroke: 'transparent', width: 0, points: { show: false }, spanGaps: true }
  if (kind === 'trend') return { stroke, width: 1, dash: [2, 3], points: { show: false }, spanGaps: true }
  const points = { show: true, size: 6, fill: stroke }
  return { stroke, width: 2, points, spanGaps: false, ...(kind === 'floor' ? { dash: [6, 4] } : {}) }
}

/** Round figures of 1024, five at most. */
function splits(from: number, to: number): number[] {
  const unit = 1024 ** Math.floor(Math.log(Math.max(1, to)) / Math.log(1024))
  const wanted = (to - from) / unit / 5
  const step = unit * ([0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500].find((candidate) => candidate >= wanted) ?? 1000)
  const first = Math.ceil(from / step)
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step)
}

function label(bytes: number): string {
  return bytes === 0
    ? '0'
    : formatBytes(bytes)
        .replace(/\.0+ /, ' ')
        .replace(/(\.\d)0 /, '$1 ')
}

/** The time of day, with the date where a day begins; dates alone where the steps are days. */
function timeLabels(seconds: readonly number[]): string[] {
  const [first = 0, second = first + 1] = seconds
  const isDays = second - first >= 86_400
  let dayBefore = ''
  return seconds.map((time) => {
    const date = new Date(1000 * time)
    const day = date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' })
    const clock = date.toLocaleTimeString(undefined, {
      hour: '2-digit',
      minute: '2-digit',
      ...(second - first < 60 ? { second: '2-digit' } : {}),
    })
    const isNewDay = day !== dayBefore
    dayBefore = day
    return isDays ? day : isNewDay ? `${clock}\n${day}` : clock
  })
}

/** A custom property as a colour that a canvas understands, of which so many percent are seen. */
function resolved(place: HTMLElement, property: string, percent = 100): string {
  const probe = document.createElement('span')
  probe.style.color = `color-mix(in srgb, var(${property}) ${String(percent)}%, transparent)`
  place.append(probe)
  const { color } = getComputedStyle(probe)
  probe.remove()
  return color
}
