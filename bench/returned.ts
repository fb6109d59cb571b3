/**
 * "RSS falls by" against the truth: of each cache a twin says by how much resident memory would fall, then the live process
 * releases it, gives every freed page back, and reads its RSS.
 *
 *   node dist/bench/returned.js [--node PATH]… [--allocator jemalloc|glibc]… [--only NAME,NAME]
 *
 * Needs `cc` and the headers of Node: the live process is made to give its pages back by an addon of its own, not by the library's.
 */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatBytes, formatShare } from '../src/support/units.js'
import { SERVICES } from './returned/services.js'
import type { ReturnedRow } from './returned/measure.js'
import { chosenNodes, chosenOf, flags, runScript, versionOf, withCompiled } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

const SHARE_BAR = 0.1
const BYTES_BAR = 2 * 1024 * 1024

const asked = flags('allocator')
const allocators = (['jemalloc', 'glibc'] as const).filter((name) => asked.length === 0 || asked.includes(name))
const chosen = chosenOf('only', Object.keys(SERVICES))

await withCompiled('../../test/native/give-back.c', ['-shared', '-fPIC', `-I${nodeHeaders()}`], async (addon) => {
  for (const node of chosenNodes()) {
    for (const allocator of allocators) await compare(node, allocator, addon)
  }
})

async function compare(node: string, allocator: (typeof allocators)[number], addon: string): Promise<void> {
  const seen: ReturnedRow[] = []
  for (const service of chosen) {
    seen.push(...(await runScript<ReturnedRow>('returned/measure', { node, allocator, args: [service, addon] })))
  }
  const missed = seen.filter((row) => !isRight(row))
  console.log(`## Node ${versionOf(node)}, ${allocator}\n`)
  printTable(
    ['service', 'cache', 'released', 'RSS falls by', '±', 'RSS of the process fell by', 'apart'],
    seen.map(({ service, name, releasedBytes, returnedBytes, uncertaintyBytes, fellBytes }) => [
      service,
      name,
      formatBytes(releasedBytes),
      formatBytes(returnedBytes),
      formatBytes(uncertaintyBytes),
      formatBytes(fellBytes),
      formatBytes(returnedBytes === null ? null : returnedBytes - fellBytes),
    ]),
  )
  verdict(
    `${String(seen.length - missed.length)} of ${String(seen.length)} rows within ${formatShare(SHARE_BAR, 1)} + ${formatBytes(BYTES_BAR)} of the fall of RSS${missed.length === 0 ? '' : `; not: ${missed.map(({ service, name }) => `${service} ${name}`).join(', ')}`}`,
    missed.length === 0,
  )
  console.log()
}

function isRight({ returnedBytes, fellBytes }: ReturnedRow): boolean {
  return returnedBytes !== null && Math.abs(returnedBytes - fellBytes) <= SHARE_BAR * Math.abs(fellBytes) + BYTES_BAR
}

/** The headers with which the package's addon was built, else those beside this Node. */
function nodeHeaders(): string {
  const settings = fileURLToPath(new URL('../../native/build/config.gypi', import.meta.url))
  const built = existsSync(settings) ? /"nodedir": "([^"]+)"/.exec(readFileSync(settings, 'utf8'))?.[1] : undefined
  const found = [built, path.dirname(path.dirname(process.execPath))]
    .filter((folder) => folder !== undefined)
    .map((folder) => path.join(folder, 'include', 'node'))
    .find((folder) => existsSync(path.join(folder, 'node_api.h')))
  if (found === undefined) throw new Error('the headers of Node were not found: npm run build:native')
  return found
}
