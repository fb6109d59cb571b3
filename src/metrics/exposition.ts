/**
 * A registry as text, in either format of Prometheus.
 *
 * prom-client writes the format that its registry is set to, and changes the names of counters while it does: two scrapers that ask
 * for different formats would spoil each other's. Here the registry is only read.
 */

/** The part of a registry of prom-client that is needed. */
export interface ReadableRegistry {
  /** Reads every metric; what they hold stays as it is. */
  getMetricsAsJSON(): Promise<readonly ReadableMetric[]>
}

/** One metric of a registry with its values. */
interface ReadableMetric {
  readonly name: string
  readonly help: string
  /** At run time the word that the formats have for it. */
  readonly type: unknown
  readonly values: readonly ReadableValue[]
}

/** One value. */
interface ReadableValue {
  readonly value: number
  readonly labels: Readonly<Partial<Record<string, string | number>>>
  /** Where it is another than the metric's: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string
}

/** Content type of Prometheus's own text format. */
export const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8'
/** Content type of OpenMetrics. */
export const OPENMETRICS_FORMAT = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

/** One of the two formats, by its content type. */
export type MetricsFormat = typeof TEXT_FORMAT | typeof OPENMETRICS_FORMAT

/**
 * Everything in a registry, in one format. Scrapes in different formats may overlap.
 *
 * @example
 * response.setHeader('content-type', OPENMETRICS_FORMAT).end(await formatMetrics(registry, OPENMETRICS_FORMAT))
 */
export function formatMetrics(registry: ReadableRegistry, format: MetricsFormat = TEXT_FORMAT): Promise<string> {
  const remembered = memories.get(registry)
  const write = (): Promise<string> => writeMetrics(registry, format)
  return remembered === undefined ? write() : remembered(format, write)
}

/** Gives the text that was written for a key already, or has it written. */
export type TextMemory = (format: string, write: () => Promise<string>) => Promise<string>

const memories = new WeakMap<ReadableRegistry, TextMemory>()

/**
 * Has texts of a registry written once for as long as `moment` gives the same object: a hundred scrapes of one observation cost the text of
 * one.
 */
export function rememberTexts(registry: ReadableRegistry, moment: () => object): TextMemory {
  let of: object | undefined
  let texts = new Map<string, Promise<string>>()
  const memory: TextMemory = (format, write) => {
    const now = moment()
    if (of !== now) {
      of = now
      texts = new Map()
    }
    const known = texts.get(format)
    if (known !== undefined) return known
    const text = write()
    texts.set(format, text)
    // A failed collection is tried again.
    text.catch(() => texts.delete(format))
    return text
  }
  memories.set(registry, memory)
  return memory
}

async function writeMetrics(registry: ReadableRegistry, format: MetricsFormat): Promise<string> {
  const metrics = await registry.getMetricsAsJSON()
  const isOpen = format === OPENMETRICS_FORMAT
  const lines = metrics.flatMap((metric) => linesOf(metric, isOpen))
  if (isOpen) lines.push('# EOF')
  return lines.map((line) => `${line}\n`).join('')
}

function linesOf(metric: ReadableMetric, isOpen: boolean): string[] {
  const { help, values } = metric
  const type = typeof metric.type === 'string' ? metric.type : 'untyped'
  const isOpenCounter = isOpen && type === 'counter'
  const family = isOpenCounter ? metric.name.replace(/_total$/, '') : metric.name
  const head = [`# HELP ${family} ${escaped(help, isOpen)}`, `# TYPE ${family} ${type}`]
  const name = isOpenCounter ? `${family}_total` : family
  return [...head, ...values.map((value) => lineOf(value.metricName ?? name, value))]
}

function lineOf(name: string, { labels, value }: ReadableValue): string {
  let inner = ''
  for (const label in labels) {
    const text = labels[label]
    if (text !== undefined) inner += `${inner === '' ? '' : ','}${label}="${escaped(String(text), true)}"`
  }
  return `${name}${inner === '' ? '' : `{${inner}}`} ${numberOf(value)}`
}

/** Most texts hold nothing to escape, and looking is cheaper than replacing. */
function escaped(text: string, quotes: boolean): string {
  if (!/["\\\n]/.test(text)) return text
  const lines = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
  return quotes ? lines.replaceAll('"', '\\"') : lines
}

function numberOf(value: number): string {
  if (value === Infinity) return '+Inf'
  if (value === -Infinity) return '-Inf'
  return String(value)
}
