/**
 * What the box of a process says about its end: how it ended, what grew, and what ran.
 *
 * Rule: a statement is made of records that are there. How a process ended that left no mark is not known, and not guessed at.
 */
import { statSync } from 'node:fs'
import { CacheAttributionError } from '../../support/errors.js'
import { boxesIn } from './box-files.js'
import { cacheGrowth } from './cache-growth.js'
import { lastGrowth } from './growth-window.js'
import type { MemoryLevel } from './growth-window.js'
import { END_STATES } from './end-states.js'
import { postmortemHeadline } from './postmortem-headline.js'
import { isRunning } from './process-identity.js'
import { readBlackBox } from './read-black-box.js'
import type { BoxContents } from './read-black-box.js'
import type { BoxTick } from './records.js'
import type { GrowthFacts, Postmortem } from './types.js'
import { runningCode } from './running-code.js'

/** The time over which "just before the end" reaches. */
const JUST_BEFORE_MS = 30_000
/** A box whose process cannot be looked for is written to while its newest reading is so young. */
const FRESH_MS = 2000

/**
 * Reads the black box at `target`; of a folder, the newest one of a process that has ended.
 *
 * @param target the path of a file, or of a folder of black boxes
 *
 * @throws CacheAttributionError `ERR_BLACK_BOX_FILE`
 * @example
 * console.log(postmortem('/var/lib/shop/memory.blackbox').headline.join('\n'))
 */
export function postmortem(target: string): Postmortem {
  const file = fileOf(target)
  return analyse(file, readBlackBox(file))
}

function fileOf(target: string): string {
  if (!isFolder(target)) return target
  const boxes = boxesIn(target)
    .map((file) => ({ file, atMs: statSync(file).mtimeMs, isRunning: isOfRunning(file) }))
    .sort((a, b) => Number(a.isRunning) - Number(b.isRunning) || b.atMs - a.atMs)
  const [newest] = boxes
  if (newest === undefined) throw new CacheAttributionError('ERR_BLACK_BOX_FILE', `${target} has no black box`)
  return newest.file
}

/** What cannot be asked is read as a file, which says why. */
function isFolder(target: string): boolean {
  try {
    return statSync(target).isDirectory()
  } catch {
    return false
  }
}

function isOfRunning(file: string): boolean {
  try {
    return endOf(readBlackBox(file)).kind === 'running'
  } catch {
    return false
  }
}

function analyse(file: string, contents: BoxContents): Postmortem {
  const { header, names, events, report, profile } = contents
  const { sections: _, ...process } = header
  const ticks = contents.ticks
  const last = ticks.at(-1) ?? null
  const growth = growthOf(contents)
  const untilMs = last?.monoMs ?? 0
  const sinceMs = growth === null ? (ticks[0]?.monoMs ?? 0) : growth.from.ms
  const sizes = [...contents.slowSizes, ...contents.sizes].sort((a, b) => a.monoMs - b.monoMs)
  const found = {
    file,
    process,
    end: endOf(contents),
    last,
    growth: growth === null ? null : factsOf(growth.ticks, untilMs),
    caches: cacheGrowth(sizes, names, sinceMs, untilMs),
    ran: runningCode(
      contents.stacks.filter(({ monoMs }) => monoMs >= sinceMs),
      contents.frames,
      header.ownFolder,
    ),
    events: events.map(({ wallMs, ...event }) => ({ at: isoOf(wallMs), ...event })),
    report:
      report === null
        ? null
        : { at: isoOf(report.wallMs), content: jsonOrNull(new TextDecoder().decode(report.bytes)) },
    profile: profile === null ? null : { at: isoOf(profile.wallMs), bytes: profile.bytes.length },
    ticks,
    slowTicks: contents.slowTicks,
    sizes: sizes.map(({ number, ...size }) => ({ name: names.get(number) ?? '', ...size })),
    isCutShort: contents.isCutShort,
  }
  return { headline: postmortemHeadline(found), ...found }
}

function endOf({ header, end, lastMs, events }: BoxContents): Postmortem['end'] {
  const heapLimit = events.findLast(({ kind, wallMs }) => kind === 'heap-limit' && wallMs >= lastMs - JUST_BEFORE_MS)
  const rest = { code: null, at: isoOf(lastMs), heapLimitBytes: heapLimit?.first ?? null }
  if (end !== null) {
    const at = isoOf(end.wallMs)
    return end.state === END_STATES.exit
      ? { ...rest, kind: 'exit', code: end.code, at }
      : { ...rest, kind: 'closed', at }
  }
  const running = isRunning(header)
  if (running !== null) return { ...rest, kind: running ? 'running' : 'no-notice' }
  return { ...rest, kind: Date.now() - lastMs < FRESH_MS ? 'unknown' : 'no-notice' }
}

interface Growth {
  readonly from: MemoryLevel
  readonly ticks: readonly BoxTick[]
}

/** Of the last minutes, else of the hours before. */
function growthOf({ ticks, slowTicks }: BoxContents): Growth | null {
  const last = ticks.at(-1)
  for (const series of [ticks, last === undefined ? slowTicks : [...slowTicks, last]]) {
    const window = lastGrowth(
      series.flatMap(({ monoMs, rssBytes }) => (rssBytes === null ? [] : [{ ms: monoMs, bytes: rssBytes }])),
    )
    if (window === null) continue
    return { from: window.from, ticks: series.filter(({ monoMs }) => monoMs >= window.from.ms) }
  }
  return null
}

function factsOf(ticks: readonly BoxTick[], untilMs: number): GrowthFacts | null {
  const [from, to] = [ticks[0], ticks.at(-1)]
  if (from?.rssBytes == null || to?.rssBytes == null) return null
  const durationMs = Math.max(1, to.monoMs - from.monoMs)
  // Figures of V8's heap are as old as its last collection, or as the last turn of the loop.
  const isFresh = (to.heapAtMs ?? 0) > from.monoMs + (untilMs - from.monoMs) / 2
  return {
    from: isoOf(from.wallMs),
    to: isoOf(to.wallMs),
    durationMs,
    fromBytes: from.rssBytes,
    toBytes: to.rssBytes,
    bytesPerSecond: ((to.rssBytes - from.rssBytes) / durationMs) * 1000,
    heapBytes: isFresh ? grown(from.heapTotalBytes, to.heapTotalBytes) : null,
    allocatedBytes: grown(from.allocatedBytes, to.allocatedBytes),
  }
}

function grown(from: number | null, to: number | null): number | null {
  return from === null || to === null ? null : to - from
}

function isoOf(ms: number): string {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? '(unknown)' : date.toISOString()
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
