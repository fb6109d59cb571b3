import { Coordinator } from 'cache-attribution'
import {
  formatTopTable,
  parseAnyProfile,
  readHeapProfile,
  subtractProfile,
  symbolize,
  toFlamegraph,
  toFolded,
  toPprof,
  topTable,
} from 'cache-attribution/heap-profile'
import { DumpCatalogue, GrowthMonitor, HeapProfiler } from 'cache-attribution/profiling'
import type { HeapProfile } from 'cache-attribution/heap-profile'
import type { Dump, FinishedGrowthEvent, ProfilingState } from 'cache-attribution/profiling'

await using coordinator = new Coordinator()
await using profiler = new HeapProfiler({ maxSeconds: 60 })
const state: ProfilingState = profiler.state
const grown: HeapProfile = await profiler.capture({ seconds: 1, gc: true, signal: AbortSignal.timeout(5000) })
const { bytes, body } = profiler.dumpText()
await body.cancel()
const dumps = new DumpCatalogue({ folders: ['/var/tmp/dumps'] })
const newest: Dump | undefined = (await dumps.list({ trigger: 'step' })).at(-1)
const base = newest === undefined ? await readHeapProfile('/var/tmp/base.heap') : await dumps.profile(newest.id)
const profile = await symbolize(subtractProfile(grown, base))
console.log(formatTopTable(topTable(profile, { type: 'inuse_space' })), toFolded(profile), toFlamegraph(profile))
console.log(state.active, bytes, await parseAnyProfile(await toPprof(profile)))
await using monitor = new GrowthMonitor({
  every: 64 * 1024 * 1024,
  folder: '/var/tmp/dumps',
  coordinator,
  profiler,
  actions: ['dump', 'attribute', ({ fromBytes }) => fromBytes],
})
monitor.on('finished', ({ results }: FinishedGrowthEvent) => {
  console.log(results[0]?.error?.code)
})
