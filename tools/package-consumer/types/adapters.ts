import { Coordinator } from 'cache-attribution'
import { fromCache, fromMap } from 'cache-attribution/adapters'

const coordinator = new Coordinator()
const previews = new Map<string, Uint8Array>()
coordinator.register('previews', fromCache(previews), { twin: false })
coordinator.register('previews again', fromMap(previews))
await coordinator.close()
