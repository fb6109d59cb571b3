/**
 * A logger whose lines are log records of OpenTelemetry.
 *
 * Rule: a provider is used by its shape, so that this entry needs no package of OpenTelemetry. Unknown figures are left out: not every
 * exporter knows null.
 */
import { shaped } from '../support/options.js'
import type { Logger } from './sinks.js'

/** The values of an attribute. */
type AttributeValue = string | number | boolean | AttributeValue[] | { [key: string]: AttributeValue }

/** The members of a log record that are used. */
interface MemoryLogRecord {
  /** `cache_attribution.memory_report`: the `event` of the line. */
  eventName?: string
  /** 9 for `INFO`, 13 for `WARN`. */
  severityNumber: number
  /** `INFO` or `WARN`. */
  severityText: string
  /** The sentence of the line. */
  body: string
  /** The fields of the line that are known: `rssBytes` is `cache_attribution.rss_bytes`. */
  attributes: Record<string, AttributeValue>
}

/** A provider of loggers of OpenTelemetry: `logs.getLoggerProvider()` of `@opentelemetry/api-logs`, or a `LoggerProvider` of its SDK. */
export interface LogRecordProvider {
  /** The logger of a library. */
  getLogger(name: string): {
    /** Takes a record. */
    emit(record: MemoryLogRecord): unknown
  }
  /** Of the SDK: sends what waits. Called by the reporter's `close()`. */
  forceFlush?(): unknown
}

const NAMESPACE = 'cache_attribution'
const SEVERITIES = { INFO: 9, WARN: 13 } as const

const provider = shaped<LogRecordProvider>(
  'a LoggerProvider of OpenTelemetry',
  (value) => typeof (value as Partial<LogRecordProvider>).getLogger === 'function',
)

/**
 * The `logger` of a {@link PeriodicReporter} whose lines become log records of OpenTelemetry: the sentence is the body, the fields are
 * attributes, and the kind of the line is the name of the event. Bytes and milliseconds as in the lines.
 *
 * @throws CacheAttributionError `ERR_OPTION_TYPE` where it is no provider
 * @example
 * const logger = openTelemetryLogger(logs.getLoggerProvider()) // after the SDK was started
 * const reporter = new PeriodicReporter(coordinator, { logger })
 */
export function openTelemetryLogger(loggerProvider: LogRecordProvider): Logger {
  const from = provider(loggerProvider, 'loggerProvider')
  const records = from.getLogger(NAMESPACE)
  const emitAs =
    (severityText: keyof typeof SEVERITIES) =>
    (fields: unknown, sentence: unknown): void => {
      records.emit({ severityNumber: SEVERITIES[severityText], severityText, ...recordOf(fields, sentence) })
    }
  const logger: Logger = {
    info: emitAs('INFO'),
    warn: emitAs('WARN'),
    // Of pino's shape: fields come as an object.
    child: () => logger,
    flush: () => from.forceFlush?.(),
  }
  return logger
}

/** Of the fields and the sentence of a line; of a text alone, which the forms `json` and `text` give, the body is all. */
function recordOf(fields: unknown, sentence: unknown): Pick<MemoryLogRecord, 'eventName' | 'body' | 'attributes'> {
  if (typeof fields !== 'object' || fields === null) return { body: String(fields), attributes: {} }
  const attributes = Object.entries(fields).flatMap(([name, value]) => {
    const known = attributeOf(value)
    return known === undefined ? [] : [[`${NAMESPACE}.${snakeCase(name)}`, known] as const]
  })
  const event: unknown = Reflect.get(fields, 'event')
  return {
    ...(typeof event === 'string' ? { eventName: `${NAMESPACE}.${event.replaceAll('-', '_')}` } : {}),
    body: String(sentence),
    attributes: Object.fromEntries(attributes),
  }
}

/** Undefined for what is unknown, and for what no attribute can be. */
function attributeOf(value: unknown): AttributeValue | undefined {
  if (typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (Array.isArray(value)) return value.map(attributeOf).filter((each) => each !== undefined)
  if (typeof value !== 'object' || value === null) return undefined
  const members = Object.entries(value).flatMap(([name, each]) => {
    const known = attributeOf(each)
    return known === undefined ? [] : [[snakeCase(name), known] as const]
  })
  return Object.fromEntries(members)
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
