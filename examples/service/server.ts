/**
 * The service: serves the packages below a node_modules folder over HTTP, from four caches.
 *
 *   /                    the packages, as a page
 *   /packages            the same as JSON, with their files
 *   /packages/<folder>   one package: manifest and README, rendered
 *   /files/<path>        a file, compressed as the client accepts it
 *   /outline/<path>      what a .json, .md or .d.ts file holds
 *   /search?q=<words>    full-text search
 *
 *   node dist/examples/service/server.js <node_modules> <folder for the search index> [--copy] [--release]
 *
 * A parent process may ask for an attribution over IPC; without one, it runs until Ctrl-C.
 */
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { Coordinator } from 'cache-attribution'
import { formatTopTable, symbolize, toFlamegraph, topTable } from 'cache-attribution/heap-profile'
import { HeapProfiler } from 'cache-attribution/profiling'
import { supportsTwin } from 'cache-attribution/twin'
import { ServiceCaches, registerCaches } from './caches.js'
import { listCatalogue } from './catalogue.js'
import type { ServiceCommand, ServiceMessage } from './messages.js'
import { createListener } from './routes.js'
import { openSearchIndex } from './search.js'

const [root = 'node_modules', indexFolder = '.', ...options] = process.argv.slice(2)

const catalogue = listCatalogue(path.resolve(root))
const opened = await openSearchIndex(catalogue, path.join(indexFolder, 'search.db'))
const index = typeof opened === 'string' ? null : opened

const caches = new ServiceCaches()
// The default is a twin, which keeps every entry. Where none can be made, somebody has to ask for the release.
const { supported, reason } = supportsTwin()
const coordinator = new Coordinator(supported && !options.includes('--release') ? {} : { mode: 'release' })
const notes = [
  ...(typeof opened === 'string' ? [opened] : []),
  ...(supported ? [] : [`no twin can be made (${reason ?? ''}): the caches are released in the service itself`]),
]
registerCaches(coordinator, caches, index)

const server = http.createServer(
  createListener({ catalogue, caches, index, copiesCompressed: options.includes('--copy') }),
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')

process.on('message', (command: ServiceCommand) => {
  void (command.type === 'attribute' ? attribute() : profile(command.seconds, command.file))
})
process.once('disconnect', () => void stop())
process.once('SIGINT', () => void stop())
process.once('SIGTERM', () => void stop())

const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
send({ type: 'listening', url, hasSearch: index !== null, notes })
if (process.send === undefined) console.log(`listening on ${url}`)

/** Measures the caches while requests go on, and sends the report to the parent. */
async function attribute(): Promise<void> {
  const onReleased = ({ name }: { name: string }): void => send({ type: 'released', cache: name })
  coordinator.on('cache-released', onReleased)
  try {
    send({ type: 'report', report: await coordinator.attribute({ trigger: 'command' }) })
  } catch (error) {
    send({ type: 'failed', message: String(error) })
  } finally {
    coordinator.off('cache-released', onReleased)
  }
}

/** Samples allocations while requests go on: native memory too where jemalloc was started with profiling. */
async function profile(seconds: number, file: string): Promise<void> {
  try {
    const profiler = new HeapProfiler()
    const kind = profiler.state.enabled === true ? 'all' : 'js'
    const captured = await symbolize(await profiler.capture({ kind, seconds, gc: true, sampleBytes: 65_536 }))
    const title = `the example service: memory that ${String(seconds)} s of requests left`
    await writeFile(file, toFlamegraph(captured, { title }))
    send({ type: 'profiled', table: formatTopTable(topTable(captured, { by: 'file' }), { limit: 12 }) })
  } catch (error) {
    send({ type: 'failed', message: String(error) })
  }
}

async function stop(): Promise<void> {
  server.close()
  server.closeAllConnections()
  await coordinator.close()
  index?.close()
  if (process.connected) process.disconnect()
}

function send(message: ServiceMessage): void {
  // The parent may have gone meanwhile; 'disconnect' then ends this process.
  if (process.connected) process.send?.(message, () => undefined)
}
