/** A small line without axes: the shape of a change beside its figure. */
import type { Point } from '../../model/readings.js'

const WIDTH = 64
const HEIGHT = 18
const NAMESPACE = 'http://www.w3.org/2000/svg'

/** The line, as decoration: what it shows stands beside it in words. */
export function makeSparkline(points: readonly Point[]): SVGElement {
  const svg = document.createElementNS(NAMESPACE, 'svg')
  for (const [name, value] of Object.entries({
    viewBox: `0 0 ${String(WIDTH)} ${String(HEIGHT)}`,
    width: WIDTH,
    height: HEIGHT,
    class: 'sparkline',
    'aria-hidden': 'true',
  })) {
    svg.setAttribute(name, String(value))
  }
  const line = document.createElementNS(NAMESPACE, 'polyline')
  line.setAttribute('points', placed(points))
  svg.append(line)
  return svg
}

/** From zero: a line that changes by a thousandth is flat. */
function placed(points: readonly Point[]): string {
  const times = points.map(({ timeMs }) => timeMs)
  const [from, to] = [Math.min(...times), Math.max(...times)]
  const most = Math.max(1, ...points.map(({ bytes }) => bytes))
  return points
    .map(({ timeMs, bytes }) => {
      const x = 1 + ((WIDTH - 2) * (timeMs - from)) / Math.max(1, to - from)
      const y = HEIGHT - 2 - (HEIGHT - 4) * Math.max(0, bytes / most)
      return `${x.toFixed(1)},${y.toFixed(1)}`
    })
    .join(' ')
}
