import {
  formatTopTable,
  readHeapProfile,
  subtractProfile,
  symbolize,
  toFolded,
  topTable,
} from 'cache-attribution/heap-profile'
import type { HeapProfile, TopTable } from 'cache-attribution/heap-profile'

const before: HeapProfile = await readHeapProfile('/var/tmp/before.heap')
const after: HeapProfile = await readHeapProfile('/var/tmp/after.heap', { truncated: 'keep' })
const table: TopTable = topTable(await symbolize(subtractProfile(after, before)), { type: 'inuse_space' })
console.log(formatTopTable(table), toFolded(after))
