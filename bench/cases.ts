/**
 * Leaks of every kind, each in a process that nobody prepared: whether discover() names it first or second, and how far its bytes
 * are from what V8 counts.
 *
 *   node dist/bench/cases.js [--only NAME,NAME] [--node PATH] [--allocator glibc] [--text]
 */
import { formatBytes, formatShare } from '../src/support/units.js'
import { leaks } from './cases/leaks.js'
import type { CaseResult } from './cases/measure.js'
import { chosenNodes, chosenOf, flags, runScript, versionOf } from './support/processes.js'
import { printTable, verdict } from './support/table.js'

/** Of the truth, either way. */
const SHARE_BAR = 0.05
const PLACE_BAR = 2

const allocator = flags('allocator')[0] === 'glibc' ? 'glibc' : 'jemalloc'
const chosen = chosenOf(
  'only',
  leaks.map(({ name }) => name),
)

for (const node of chosenNodes()) {
  const version = versionOf(node)
  const major = Number(/\d+/.exec(version)?.[0])
  const rows: string[][] = []
  const missed: string[] = []
  for (const { name, notOn = [], mappedBytes = 0, leastShare = 1 - SHARE_BAR } of leaks.filter((leak) =>
    chosen.includes(leak.name),
  )) {
    if (notOn.includes(major)) continue
    const [result] = await runScript<CaseResult>('cases/measure', { node, allocator, args: [name] })
    if (result === undefined) throw new Error(`${name} printed nothing`)
    const truth = Math.max(result.truthBytes, mappedBytes)
    const share = result.bytes === null ? null : result.bytes / truth
    const isHeld =
      result.place > 0 && result.place <= PLACE_BAR && share !== null && share >= leastShare && share <= 1 + SHARE_BAR
    rows.push([
      name,
      result.place === 0 ? 'missing' : String(result.place),
      result.says ?? '–',
      formatBytes(truth),
      formatBytes(result.bytes),
      share === null ? '–' : formatShare(share, 1),
    ])
    if (!isHeld) missed.push(name)
    if (!isHeld || process.argv.includes('--text')) console.log(`### ${name}\n\n\`\`\`text\n${result.text}\n\`\`\`\n`)
  }
  console.log(`## Node ${version}, ${allocator}\n`)
  printTable(['leak', 'place', 'named', 'truth', 'found', 'share'], rows)
  verdict(
    `${String(rows.length - missed.length)} of ${String(rows.length)} leaks named first or second, within ${formatShare(SHARE_BAR, 1)} of the truth${missed.length === 0 ? '' : `; not: ${missed.join(', ')}`}`,
    missed.length === 0,
  )
  console.log()
}
