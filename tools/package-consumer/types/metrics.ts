import { Registry } from 'prom-client'
import { Coordinator } from 'cache-attribution'
import { createAdminHandler } from 'cache-attribution/http'
import { ReportHistory } from 'cache-attribution/history'
import { OPENMETRICS_FORMAT, allocationCounter, collectMetrics, formatMetrics } from 'cache-attribution/metrics'
import type { CollectMetricsOptions } from 'cache-attribution/metrics'
import { GrowthMonitor, HeapProfiler } from 'cache-attribution/profiling'

await using coordinator = new Coordinator()
await using history = await ReportHistory.open('memory')
await using profiler = new HeapProfiler()
await using monitor = new GrowthMonitor({ every: 1_000_000, folder: 'dumps' })
const options: CollectMetricsOptions = { register: new Registry(), history, profiler, monitors: { memory: monitor } }
const registry: Registry = collectMetrics(coordinator, options)
createAdminHandler(coordinator, { metrics: registry })
const tile: Buffer = allocationCounter('tiles').track(Buffer.alloc(1))
console.log(tile.length, await formatMetrics(registry, OPENMETRICS_FORMAT))
