/** One leak in a process of its own: its truth by what V8 counts, and what discover() says of it. */
import v8 from 'node:v8'
import vm from 'node:vm'
import { describeOwner, formatDiscovery } from '../../src/report/discovery/format-discovery.js'
import { discover } from '../../src/twin/index.js'
import { report } from '../support/processes.js'
import { leaks } from './leaks.js'

/** The result of one run of a case; one line of JSON. */
export interface CaseResult {
  /** By how much V8's heap and external memory grew. */
  readonly truthBytes: number
  /** In the list of owners, from 1 on; 0 where it is not there. */
  readonly place: number
  readonly says: string | null
  /** The bytes that it retains, with those that it shares with others. */
  readonly bytes: number | null
  readonly text: string
}

v8.setFlagsFromString('--expose-gc')
const collect = vm.runInNewContext('gc') as () => void

/** V8's heap and the memory that its objects own, after collections. */
async function liveBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

const leak = leaks.find(({ name }) => name === process.argv[2])
if (leak === undefined) throw new Error(`no leak is called ${process.argv[2] ?? ''}`)
await leak.warmUp?.()
const before = await liveBytes()
const kept = await leak.plant()
const truthBytes = (await liveBytes()) - before
const discovery = await discover({ limit: 10 })
const { owners } = discovery
const place = owners.findIndex((owner) => leak.says.test(describeOwner(owner)))
/** Memory that it holds together with others goes with the last of them; the leak is all of them. */
const owner = owners[place]
const sharedBytes = (discovery.shared ?? [])
  .filter(({ countedWith, holders }) => {
    const isHolder = holders.some(({ script, path }) => script === owner?.script && path === owner.path)
    return isHolder && countedWith !== place
  })
  .reduce((sum, { totalBytes }) => sum + totalBytes, 0)
const result: CaseResult = {
  truthBytes,
  place: place + 1,
  says: owner === undefined ? null : describeOwner(owner),
  bytes: owner === undefined ? null : owner.retained.totalBytes + sharedBytes,
  text: formatDiscovery(discovery, { color: false }),
}
report(result)
if (kept === globalThis) throw new Error('nothing keeps it')
process.exit(0)
