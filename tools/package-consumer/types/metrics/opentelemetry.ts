import { metrics } from '@opentelemetry/api'
import { Coordinator } from 'cache-attribution'
import { meterCoordinator } from 'cache-attribution/metrics/opentelemetry'

await using coordinator = new Coordinator()
using instruments = meterCoordinator(coordinator, { meterProvider: metrics.getMeterProvider(), maxCaches: 50 })
instruments.close()
