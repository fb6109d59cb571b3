/**
 * A history's cost and its survival: appending, a million observations, and a writer that is killed at random moments.
 *
 *   node dist/bench/history.js [--observations 1000000] [--kills 500] [--only slopes,append,stretch,million,kills]
 */
import { spawn } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { once } from 'node:events'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { fileName } from '../src/history/files.js'
import { ReportHistory } from '../src/history/report-history.js'
import { recordLine } from '../src/history/records.js'
import { readHistory } from '../src/history/read-history.js'
import { atOnce } from '../src/support/slices.js'
import { estimateSlope } from '../src/report/trends/theil-sen.js'
import { normalOf, randomOf } from '../test/coordinator/world.js'
import { report, row, sample } from '../test/report/reports.js'
import type { Acknowledged } from './history/appender.js'
import type { MillionResult } from './history/million.js'
import { chosenOf, flags, runScript } from './support/processes.js'
import { medianOf, quantile, verdict } from './support/table.js'

const observations = Number(flags('observations')[0] ?? 1_000_000)
const kills = Number(flags('kills')[0] ?? 500)
const parts = chosenOf('only', ['slopes', 'append', 'stretch', 'million', 'kills'])

const folder = mkdtempSync(path.join(os.tmpdir(), 'history-'))
try {
  if (parts.includes('slopes')) slopes()
  if (parts.includes('append')) await append()
  if (parts.includes('stretch')) await stretch()
  if (parts.includes('million')) await million()
  if (parts.includes('kills')) await killed()
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Buckets of medians against all pairs of all readings: the slope must not move, in the mean of many series. */
function slopes(): void {
  const SERIES = 400
  const READINGS = 2000
  const differences: number[] = []
  const errors: number[] = []
  for (let seed = 1; seed <= SERIES; seed++) {
    const random = randomOf(seed)
    const normal = normalOf(random)
    const hours = Array.from({ length: READINGS }, () => 100 * random()).toSorted((a, b) => a - b)
    const bytes = hours.map((at) => 1e8 + 1000 * at + 20_000 * normal() + (random() < 0.02 ? 1e6 * random() : 0))
    const segment = { hours, bytes, startHours: 0, isRefill: false, lifetime: 'a' }
    const bucketedSlope = atOnce(estimateSlope([segment], false)).slope?.bytesPerHour ?? NaN
    if (seed <= 40) differences.push(bucketedSlope - exactSlope(hours, bytes))
    errors.push(bucketedSlope - 1000)
  }
  for (const [what, values] of [
    ['less all pairs', differences],
    ['less the truth', errors],
  ] as const) {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const spread = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1))
    const error = spread / Math.sqrt(values.length)
    verdict(
      `slope of 288 buckets ${what}, of ${String(values.length)} series with 1000 bytes/h: ${mean.toFixed(2)} ± ${(2 * error).toFixed(2)} bytes/h (unbiased: within 3 standard errors of 0)`,
      Math.abs(mean) < 3 * error,
    )
  }
}

function exactSlope(hours: readonly number[], bytes: readonly number[]): number {
  const all = new Float64Array((hours.length * (hours.length - 1)) / 2)
  let filled = 0
  for (let later = 1; later < hours.length; later++) {
    for (let earlier = 0; earlier < later; earlier++) {
      all[filled++] = ((bytes[later] ?? 0) - (bytes[earlier] ?? 0)) / ((hours[later] ?? 0) - (hours[earlier] ?? 0))
    }
  }
  return all.sort()[all.length >> 1] ?? NaN
}

async function append(): Promise<void> {
  const history = await ReportHistory.open(path.join(folder, 'append'))
  const one = report(Array.from({ length: 20 }, (_, index) => row(`cache ${String(index)}`, 1e6)))
  const times: number[] = []
  const blocked: number[] = []
  for (let index = 0; index < 2000; index++) {
    const startMs = performance.now()
    const written = history.append(one)
    blocked.push(performance.now() - startMs)
    await written
    times.push(performance.now() - startMs)
  }
  await history.close()
  const [middle, high] = [medianOf(times), quantile(times, 0.99)]
  console.log(
    `a report of 20 caches appended: median ${middle.toFixed(3)} ms, p99 ${high.toFixed(3)} ms until written; the event loop held ${medianOf(blocked).toFixed(3)} ms`,
  )
  verdict(`append takes ${middle.toFixed(3)} ms (under 1 ms)`, middle < 1)
}

/** How long trends keep the event loop from turning, in time of the processor: of a week of readings every two minutes, and of hourly releases. */
async function stretch(): Promise<void> {
  const CACHES = 20
  const normal = normalOf(randomOf(2))
  const clock = { ms: 0, now: () => clock.ms, date: () => new Date(Date.UTC(2026, 0, 1) + clock.ms) }
  const history = await ReportHistory.open(path.join(folder, 'stretch'), { clock, rotateBytes: 1e9 })
  const names = Array.from({ length: CACHES }, (_, index) => `cache ${String(index)}`)
  for (let index = 0; index < 5040; index++) {
    const caches = names.map((name) => ({
      name,
      entries: 1000,
      claimedBytes: null,
      estimatedBytes: Math.round(1e7 + 10 * index + 1e5 * normal()),
      estimatedUncertaintyBytes: 1e5,
    }))
    void history.appendObservation({ sample: sample(3e8 + 100 * index, 60e6), caches })
    // The last four caches are emptied by live releases.
    if (index % 30 === 0)
      void history.append(
        report(
          names.slice(-4).map((name) => row(name, 1e7)),
          { mode: 'release' },
        ),
      )
    clock.ms += 120_000
  }
  await history.flush()
  const wholes: number[] = []
  const longest: number[] = []
  for (let round = 0; round < 10; round++) {
    let [isDone, mostMs, lastMs] = [false, 0, cpuMs()]
    const turn = (): void => {
      const nowMs = cpuMs()
      mostMs = Math.max(mostMs, nowMs - lastMs)
      lastMs = nowMs
      if (!isDone) setImmediate(turn)
    }
    setImmediate(turn)
    const startMs = performance.now()
    await history.append(report([row('cache 0', 1e7)]))
    await history.trends()
    wholes.push(performance.now() - startMs)
    await new Promise((resolve) => setImmediate(resolve))
    isDone = true
    longest.push(mostMs)
  }
  await history.close()
  console.log(`trends of ${String(CACHES)} caches and the floor: ${medianOf(wholes).toFixed(0)} ms, in slices`)
  const most = medianOf(longest)
  verdict(`longest stretch without a turn of the event loop ${most.toFixed(1)} ms (under 10 ms)`, most < 10)
}

/** Of all threads of this process: what other processes take of the processor is not in it. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Written as a history writes it, read by a process of its own, whose memory is measured. */
async function million(): Promise<void> {
  const inside = path.join(folder, 'million')
  const { mkdirSync } = await import('node:fs')
  mkdirSync(inside)
  const start = Date.UTC(2026, 0, 1)
  const normal = normalOf(randomOf(1))
  const perFile = 50_000
  let bytes = 0
  for (let first = 0; first < observations; first += perFile) {
    const stream = createWriteStream(path.join(inside, fileName(new Date(start + first * 1000), 'a1', first / perFile)))
    for (let index = first; index < Math.min(observations, first + perFile); index++) {
      const at = new Date(start + index * 1000).toISOString()
      const observation = {
        sample: { ...sample(200e6 + index * 3 + 1e5 * normal(), 60e6), takenAt: at },
        caches: ['users', 'pages'].map((name) => ({
          name,
          entries: 1000,
          claimedBytes: null,
          estimatedBytes: Math.round(1e7 + 1e5 * normal()),
          estimatedUncertaintyBytes: 1e5,
        })),
      }
      const line = recordLine({ kind: 'observation', at, upMs: index * 1000, lifetime: 'a1', observation })
      bytes += line.length
      if (!stream.write(line)) await once(stream, 'drain')
    }
    stream.end()
    await once(stream, 'close')
  }
  const [result] = await runScript<MillionResult>('history/million', { args: [inside], allocator: 'glibc' })
  if (result === undefined) throw new Error('no result')
  const { trendMs, openMs, peakBytes, baseBytes, verdictOfFloor } = result
  console.log(
    `${String(observations)} observations of two caches, ${(bytes / 1e6).toFixed(0)} MB on disk: opened in ${openMs.toFixed(0)} ms, all trends in ${trendMs.toFixed(0)} ms more (floor: ${verdictOfFloor}); peak RSS ${(peakBytes / 1e6).toFixed(0)} MB, of which the process before it ${(baseBytes / 1e6).toFixed(0)} MB`,
  )
  verdict(
    `reading the history and its trends take ${((openMs + trendMs) / 1000).toFixed(2)} s (under 2 s)`,
    openMs + trendMs < 2000,
  )
  verdict(`peak RSS ${(peakBytes / 1e6).toFixed(0)} MB (under 200 MB)`, peakBytes < 200e6)
}

/** A child appends as fast as it can and says what was acknowledged; it is killed, and the next goes on in the same folder. */
async function killed(): Promise<void> {
  const inside = path.join(folder, 'kills')
  const acknowledged = new Set<Acknowledged>()
  const random = randomOf(3)
  for (let kill = 0; kill < kills; kill++) {
    const script = fileURLToPath(new URL('history/appender.js', import.meta.url))
    const child = spawn(process.execPath, [script, inside, String(kill)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'close')
    const lines = createInterface({ input: child.stdout })
    lines.on('line', (line) => acknowledged.add(line))
    await once(lines, 'line')
    await new Promise((resolve) => setTimeout(resolve, 15 * random()))
    child.kill('SIGKILL')
    await ended
  }
  const found = new Set<string>()
  let torn = 0
  const onWarning = ({ code }: { code: string }): unknown => code === 'WARN_HISTORY_TORN' && torn++
  for await (const record of readHistory(inside, { onWarning })) {
    if (record.kind === 'report') found.add(record.report.id)
  }
  const lost = [...acknowledged].filter((id) => !found.has(id))
  console.log(
    `${String(kills)} kills: ${String(acknowledged.size)} reports acknowledged, ${String(found.size)} found, ${String(torn)} files with a torn line`,
  )
  verdict(`${String(lost.length)} acknowledged reports lost (none)`, lost.length === 0)
}
