/**
 * A large heap profile: what converting it takes, beside jeprof on the same file.
 *
 *   node dist/bench/profile-conversion.js --generate FILE [--megabytes 50]   make the profile
 *   node dist/bench/profile-conversion.js --only top|pprof|flamegraph|folded FILE   one conversion; prints its time and memory
 *   node dist/bench/profile-conversion.js FILE [--no-jeprof]                 all of them, and jeprof --text
 *
 * As the command does it: without the rows of threads.
 *
 * The profile is made up as that of a large service: some ten thousand places in the code of this Node and of libc, stacks of
 * 8 to 40 calls that share their outer ends, two or three threads a stack, sizes over five decades. Ends with 1 when a bar is missed:
 * the table at least 20 times as fast as jeprof's, every conversion below 200 MB.
 */
import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import './support/record.js'
import { toFlamegraph } from '../src/heap-profile/output/flamegraph.js'
import { foldedLines } from '../src/heap-profile/output/folded.js'
import { toPprof } from '../src/heap-profile/output/pprof.js'
import { formatTopTable, topTable } from '../src/heap-profile/output/top.js'
import { readHeapProfile } from '../src/heap-profile/profile/parse-heap-profile.js'
import { symbolize } from '../src/heap-profile/symbols/symbolize.js'
import { randomOf } from '../test/heap-profile/fuzz/profile-fuzz.js'
import { jeprofTable } from '../test/helpers/jeprof.js'

const FORMATS = ['top', 'pprof', 'flamegraph', 'folded'] as const

/** Executable stretches of this process that files back, as [start, size]. */
function codeRanges(maps: string): [bigint, number][] {
  return [...maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ \d+ +(\/\S*(?:node|libc\.so)\S*)$/gm)].map(
    ([, from = '', to = '']) => {
      const start = BigInt(`0x${from}`)
      return [start, Number(BigInt(`0x${to}`) - start)]
    },
  )
}

function generate(file: string, bytes: number): void {
  const random = randomOf(7)
  const maps = readFileSync('/proc/self/maps', 'utf8')
  const ranges = codeRanges(maps)
  const place = (): string => {
    const [start, size] = ranges.reduce(
      (largest, range) => (range[1] > largest[1] ? range : largest),
      ranges[0] ?? [0n, 1],
    )
    const [from, room] =
      random() < 0.9 ? [start, size] : (ranges[Math.floor(random() * ranges.length)] ?? [start, size])
    return `0x${(from + BigInt(Math.floor(random() * room))).toString(16)}`
  }
  const places = Array.from({ length: 12_000 }, place)
  const anyPlace = (): string => places[Math.floor(random() ** 2 * places.length)] ?? ''
  // Outer ends that many stacks share.
  const outer = Array.from({ length: 400 }, () =>
    Array.from({ length: 6 + Math.floor(random() * 16) }, anyPlace).join(' '),
  )
  const output = openSync(file, 'w')
  writeSync(output, `heap_v2/524288\n  t*: 1000: 1000000 [0: 0]\n  t0: 1: 1 [0: 0]\n`)
  for (let written = 0; written < bytes - maps.length;) {
    let text = ''
    for (let stack = 0; stack < 500; stack++) {
      const inner = Array.from({ length: 2 + Math.floor(random() * 18) }, anyPlace).join(' ')
      text += `@ ${inner} ${outer[Math.floor(random() ** 2 * outer.length)] ?? ''}\n`
      const rows = 1 + Math.floor(random() * 3)
      const size = Math.ceil(10 ** (1 + 5 * random()))
      text += `  t*: ${rows * 2}: ${rows * 2 * size} [0: 0]\n`
      for (let row = 0; row < rows; row++) text += `  t${row * 3}: 2: ${2 * size} [0: 0]\n`
    }
    written += writeSync(output, text)
  }
  writeSync(output, `\nMAPPED_LIBRARIES:\n${maps}`)
  closeSync(output)
}

async function convert(file: string, format: string): Promise<void> {
  const started = performance.now()
  const profile = await symbolize(await readHeapProfile(file, { threads: false }))
  const output = `${os.tmpdir()}/profile-conversion.${process.pid}`
  const stream = openSync(output, 'w')
  if (format === 'top') writeSync(stream, formatTopTable(topTable(profile)))
  else if (format === 'pprof') writeFileSync(stream, await toPprof(profile))
  else if (format === 'flamegraph') writeFileSync(stream, toFlamegraph(profile))
  else {
    let text = ''
    for (const line of foldedLines(profile)) {
      text += line
      if (text.length > 1 << 16) {
        writeSync(stream, text)
        text = ''
      }
    }
    writeSync(stream, text)
  }
  closeSync(stream)
  const seconds = (performance.now() - started) / 1000
  const { maxRSS } = process.resourceUsage()
  const total = topTable(profile).total
  console.log(
    JSON.stringify({ format, seconds, maxMegabytes: maxRSS / 1024, outputBytes: statSync(output).size, total }),
  )
}

interface Converted {
  readonly seconds: number
  readonly maxMegabytes: number
  readonly outputBytes: number
  readonly total: number
}

function inProcessOfItsOwn(file: string, format: string): Converted {
  const args = [fileURLToPath(import.meta.url), '--only', format, file]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
  return JSON.parse(stdout) as Converted
}

async function compare(file: string, withJeprof: boolean): Promise<void> {
  console.log(`${path.basename(file)}: ${(statSync(file).size / 1e6).toFixed(1)} MB`)
  let top: Converted | undefined
  for (const format of FORMATS) {
    const runs = [1, 2, 3].map(() => inProcessOfItsOwn(file, format)).sort((a, b) => a.seconds - b.seconds)
    const [, median] = runs
    if (median === undefined) continue
    top ??= median
    const most = Math.max(...runs.map(({ maxMegabytes }) => maxMegabytes))
    console.log(
      `${format}: ${median.seconds.toFixed(2)} s, at most ${most.toFixed(0)} MB, ${(median.outputBytes / 1e6).toFixed(2)} MB written`,
    )
    if (most > 200) process.exitCode = 1
  }
  if (!withJeprof || top === undefined) return
  const started = performance.now()
  const { total } = await jeprofTable(process.execPath, file)
  const seconds = (performance.now() - started) / 1000
  const times = seconds / top.seconds
  console.log(`jeprof --text: ${seconds.toFixed(1)} s, ${times.toFixed(0)} times as long as our table`)
  console.log(`totals: ${total} and ${Math.trunc(top.total)}`)
  if (times < 20 || Math.abs(total - top.total) > 1 + 1e-9 * total) process.exitCode = 1
}

const { values, positionals } = parseArgs({
  options: {
    generate: { type: 'string' },
    megabytes: { type: 'string', default: '50' },
    only: { type: 'string' },
    'no-jeprof': { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
if (values.generate !== undefined) generate(values.generate, Number(values.megabytes) * 1e6)
else if (values.only !== undefined) await convert(positionals[0] ?? '', values.only)
else await compare(positionals[0] ?? '', !values['no-jeprof'])
