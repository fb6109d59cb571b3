import { Coordinator } from 'cache-attribution'
import { PeriodicReporter } from 'cache-attribution/log'
import type { Logger, Schedule } from 'cache-attribution/log'

await using coordinator = new Coordinator()
const schedules: readonly Schedule[] = [{ every: 60_000, mode: 'observe' }, { cron: '0 4 * * *' }]
const logger: Logger = console
await new PeriodicReporter(coordinator, { schedules, logger, form: 'json', jitter: 0.1 }).close()
