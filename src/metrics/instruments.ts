/**
 * The names that a metric has in OpenTelemetry.
 *
 * Rule: what its specification makes of them for Prometheus is the name of the metric again. Semantic conventions exist for units, for
 * the kinds of instruments and for `error.type`; they have no names for an allocator or a cache.
 */
import type { Metric } from './definition.js'
import type { Labels } from './sample.js'

const UNITS: readonly (readonly [RegExp, string])[] = [
  [/_bytes_per_second$/, 'By/s'],
  [/_seconds$/, 's'],
  [/_bytes(?=_total$|$)/, 'By'],
]
const NAMESPACE =
  /^(cache_attribution|jemalloc)_((?:(?:allocation|arena|cache|floor|forecast|growth|profiling|run|twin)_)?)/

/** Dots between namespaces, without the unit, which stands beside the name. */
export function instrumentName({ name }: Metric): string {
  const withoutUnit = UNITS.reduce((rest, [ending]) => rest.replace(ending, ''), name.replace(/_total$/, ''))
  return withoutUnit.replace(NAMESPACE, (_all, library: string, part: string) => `${library}.${part.replace('_', '.')}`)
}

/** In UCUM, or in braces what is counted. */
export function unitOf({ name, counts }: Metric): string {
  const unit = UNITS.find(([ending]) => ending.test(name))?.[1]
  return unit ?? `{${counts ?? 'value'}}`
}

/** Labels as attributes. */
export function attributesOf(labels: Labels | undefined): Labels {
  if (labels?.['code'] === undefined) return labels ?? {}
  const { code, ...rest } = labels
  return { ...rest, 'error.type': code }
}
