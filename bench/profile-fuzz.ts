/**
 * Damaged heap profiles by the hundred thousand: each is read as a profile that holds together, or refused with a code.
 *
 *   node dist/bench/profile-fuzz.js [--count 100000] [--seed 1] PROFILE…
 *
 * Ends with 1 when one of them breaks that, or took more than a second, or memory grew by more than 100 MB.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import './support/record.js'
import { fuzzProfiles } from '../test/heap-profile/fuzz/profile-fuzz.js'

const { values, positionals } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const originals = positionals.map((file) => readFileSync(file))
if (originals.length === 0) throw new Error('usage: profile-fuzz.js [--count N] [--seed N] PROFILE…')

const count = Number(values.count)
const before = process.memoryUsage().rss
let parsed = 0
let slowestMs = 0
let mostBytes = 0
const refused: Record<string, number> = {}
for (let done = 0, seed = Number(values.seed); done < count; seed++) {
  const batch = Math.min(1000, count - done)
  const result = fuzzProfiles(originals, batch, seed)
  done += batch
  parsed += result.parsed
  slowestMs = Math.max(slowestMs, result.slowestMs)
  for (const [code, times] of Object.entries(result.refused)) refused[code] = (refused[code] ?? 0) + times
  mostBytes = Math.max(mostBytes, process.memoryUsage().rss - before)
}
console.log(`${count} inputs: ${parsed} read, refused ${JSON.stringify(refused)}`)
console.log(`slowest ${slowestMs.toFixed(1)} ms, memory grew by ${(mostBytes / 1e6).toFixed(0)} MB`)
if (slowestMs > 1000 || mostBytes > 100e6) process.exitCode = 1
