/** The parts of a registry that tests read. */
import type { Registry } from 'prom-client'
import { formatMetrics } from '../../src/metrics/index.js'

/** The value of a series as it stands in the text, e.g. `cache_attribution_caches` or `name{label="value"}`; null: none. */
export async function valueOf(registry: Registry, series: string): Promise<number | null> {
  const line = (await linesOf(registry)).find((candidate) => candidate.startsWith(`${series} `))
  return line === undefined ? null : Number(line.slice(series.length + 1))
}

/** The series of one metric, without their values. */
export async function seriesOf(registry: Registry, name: string): Promise<string[]> {
  const lines = await linesOf(registry)
  return lines.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `)).map(withoutValue)
}

/** The lines that are no comments. */
export async function linesOf(registry: Registry): Promise<string[]> {
  return (await formatMetrics(registry)).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

function withoutValue(line: string): string {
  return line.slice(0, line.lastIndexOf(' '))
}
