import { Coordinator } from 'cache-attribution'
import { PeriodicReporter, openTelemetryLogger } from 'cache-attribution/log'
import type { LogRecordProvider, Logger, Schedule } from 'cache-attribution/log'

await using coordinator = new Coordinator()
const schedules: readonly Schedule[] = [{ every: 60_000, mode: 'observe' }, { cron: '0 4 * * *' }]
const logger: Logger = console
await new PeriodicReporter(coordinator, { schedules, logger, form: 'json', jitter: 0.1 }).close()
const provider: LogRecordProvider = { getLogger: () => ({ emit: ({ body }) => body.length }) }
openTelemetryLogger(provider).info({ event: 'memory-report' }, 'memory')
