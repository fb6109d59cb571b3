import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import { expect } from 'chai'
import { PeriodicReporter, openTelemetryLogger } from '../../src/log/index.js'
import type { LogRecordProvider, PeriodicReporterOptions } from '../../src/log/index.js'
import { FakeCoordinator, FakeTime } from './world.js'

const MINUTE = 60_000

/** As OTLP writes values in JSON: 64-bit integers may be strings. */
interface OtlpValue {
  readonly stringValue?: string
  readonly intValue?: number | string
  readonly doubleValue?: number
  readonly boolValue?: boolean
  readonly arrayValue?: { readonly values?: readonly OtlpValue[] }
  readonly kvlistValue?: { readonly values?: readonly { readonly key: string; readonly value: OtlpValue }[] }
}

interface OtlpRecord {
  readonly eventName?: string
  readonly timeUnixNano?: string
  readonly severityNumber: number
  readonly severityText: string
  readonly body: OtlpValue
  readonly attributes: readonly { readonly key: string; readonly value: OtlpValue }[]
}

interface OtlpRequest {
  readonly resourceLogs: readonly {
    readonly scopeLogs: readonly { readonly scope: { readonly name: string }; readonly logRecords: OtlpRecord[] }[]
  }[]
}

function valueOf(value: OtlpValue): unknown {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(valueOf)
  if (value.kvlistValue !== undefined) return attributesOf(value.kvlistValue.values ?? [])
  if (value.intValue !== undefined) return Number(value.intValue)
  return value.stringValue ?? value.doubleValue ?? value.boolValue
}

function attributesOf(pairs: OtlpRecord['attributes']): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, valueOf(value)]))
}

describe('openTelemetryLogger()', () => {
  let server: Server
  let requests: { readonly url: string; readonly body: OtlpRequest }[]
  let provider: LoggerProvider
  let time: FakeTime
  let coordinator: FakeCoordinator

  beforeEach(async () => {
    requests = []
    server = createServer((request, response) => {
      void text(request).then((body) => {
        requests.push({ url: request.url ?? '', body: JSON.parse(body) as OtlpRequest })
        response.setHeader('content-type', 'application/json').end('{}')
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const exporter = new OTLPLogExporter({ url: `http://127.0.0.1:${String(port)}/v1/logs` })
    provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter })] })
    time = new FakeTime()
    coordinator = new FakeCoordinator()
  })

  afterEach(async () => {
    await provider.shutdown()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const start = (options: PeriodicReporterOptions = {}): PeriodicReporter =>
    new PeriodicReporter(coordinator, {
      logger: openTelemetryLogger(provider),
      jitter: 0,
      environment: time.environment,
      ...options,
    })

  const records = (): OtlpRecord[] =>
    requests.flatMap(({ body }) =>
      body.resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords)),
    )

  it('sends a report by OTLP when the reporter closes: sentence, severity, event and fields', async () => {
    const reporter = start({ schedules: [{ every: MINUTE, mode: 'twin' }] })
    await time.pass(MINUTE)
    await reporter.close()
    expect(requests.map(({ url }) => url)).to.deep.equal(['/v1/logs'])
    expect(requests[0]?.body.resourceLogs[0]?.scopeLogs[0]?.scope.name).to.equal('cache_attribution')
    const [record, ...others] = records()
    expect(others).to.deep.equal([])
    expect(record).to.include({ severityNumber: 9, severityText: 'INFO', eventName: 'cache_attribution.memory_report' })
    expect(record?.body.stringValue).to.match(/^memory, twin: RSS .+users/)
    const attributes = attributesOf(record?.attributes ?? [])
    expect(attributes).to.include({
      'cache_attribution.schema_version': 1,
      'cache_attribution.mode': 'twin',
      'cache_attribution.floor_allocated_bytes': 5e6,
      'cache_attribution.caches_omitted': 0,
    })
    expect(attributes['cache_attribution.caches']).to.deep.equal([
      { name: 'users', bytes: 1e6, uncertainty_bytes: 10, entries: 7, status: 'released' },
    ])
  })

  it('leaves out what is unknown, and gives lists that are empty', async () => {
    const reporter = start()
    await time.pass(MINUTE)
    await reporter.close()
    const attributes = attributesOf(records()[0]?.attributes ?? [])
    expect(attributes).to.not.have.property('cache_attribution.report_id')
    expect(attributes['cache_attribution.growth']).to.deep.equal([])
    expect(Object.values(attributes)).to.not.include(undefined)
  })

  it('warns of a run that failed, with its code', async () => {
    coordinator.attributed = () => Promise.reject(new Error('no memory'))
    const reporter = start({ schedules: [{ every: MINUTE, mode: 'twin' }] })
    await time.pass(MINUTE)
    await reporter.close()
    const [record] = records()
    expect(record).to.include({ severityText: 'WARN', eventName: 'cache_attribution.memory_report_failed' })
    expect(attributesOf(record?.attributes ?? [])).to.include({
      'cache_attribution.code': 'ERR_UNKNOWN',
      'cache_attribution.message': 'no memory',
    })
  })

  it('gives a text as the body alone', async () => {
    const reporter = start({ form: 'text' })
    await time.pass(MINUTE)
    await reporter.close()
    const [record] = records()
    expect(record?.body.stringValue).to.contain('users')
    expect(record?.attributes).to.deep.equal([])
  })

  it('works without a flush, as the providers of the API alone are', async () => {
    const emitted: unknown[] = []
    const reporter = start({
      logger: openTelemetryLogger({ getLogger: () => ({ emit: (record) => emitted.push(record) }) }),
    })
    await time.pass(MINUTE)
    await reporter.close()
    expect(emitted.length).to.equal(1)
  })

  for (const given of [undefined, null, {}, 'provider', { getLogger: 1 }]) {
    it(`refuses ${JSON.stringify(given)}`, () => {
      expect(() => openTelemetryLogger(given as unknown as LogRecordProvider))
        .to.throw(/a LoggerProvider of OpenTelemetry/)
        .with.property('code', 'ERR_OPTION_TYPE')
    })
  }
})
