import { Coordinator } from 'cache-attribution'
import {
  classHistogram,
  discover,
  formatDiscovery,
  heapSnapshot,
  runInTwin,
  supportsTwin,
} from 'cache-attribution/twin'
import type { Discovery, HeapSnapshotFile } from 'cache-attribution/twin'

await using coordinator = new Coordinator()
const { supported, reason } = supportsTwin()
if (supported) {
  const discovery: Discovery = await discover({ coordinator, limit: 5 })
  console.log(formatDiscovery(discovery, { color: false }))
  const { bytes }: HeapSnapshotFile = await heapSnapshot('/var/tmp/consumer.heapsnapshot')
  const { classes } = await classHistogram({ limit: 5 })
  console.log(bytes, classes[0]?.className, await runInTwin(() => 42))
} else console.log(reason)
