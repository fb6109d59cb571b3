/** A few lines that help somebody who reads such a table for the first time. Pure. */
import type { AttributionReport, CacheAttribution } from 'cache-attribution'
import type { PhaseTraffic, Traffic } from './messages.js'

const WIDTH = 118

/** Lines to print under the report. */
export function explain(report: AttributionReport, traffic: Traffic): string[] {
  const points = [largest(report), ...remarks(report), remainder(report), pauses(report), requests(traffic)]
  return ['How to read it', ...points.flatMap(wrap)]
}

function largest({ caches, before }: AttributionReport): string {
  const [first] = caches.toSorted((a, b) => bytesOf(b) - bytesOf(a))
  if (first === undefined) return 'No cache was measured.'
  const share = ((100 * bytesOf(first)) / live(before)).toFixed(0)
  return `"${first.name}" holds most: ${mib(bytesOf(first))}, ${share} % of all that was live. "allocator" is memory outside V8's heap (Buffers, native code), "JS heap" is objects in it; "released" is the sum of both.`
}

/** A sentence about each cache of this service. */
function remarks({ caches }: AttributionReport): string[] {
  return caches.flatMap((row) => {
    const ratio = row.claimedBytes === null ? NaN : bytesOf(row) / row.claimedBytes
    const times = `"${row.name}" claims to hold ${mib(row.claimedBytes ?? 0)}, and holds ${ratio.toFixed(2)} times that`
    if (row.name === 'files') {
      return [
        `${times}: lru-cache adds up the lengths of its Buffers; the rest is the allocator's rounding, keys, and entries.`,
      ]
    }
    if (row.name === 'compressed' && ratio > 2) {
      return [
        `${times}: what node:zlib hands out for a small file is a view of a block of 8 or 16 KiB, and the view keeps the whole block; adding up lengths does not show that. Copies fix it: npm start -- --copy`,
      ]
    }
    if (row.name === 'documents')
      return [`${times}: it counts the text, and parsed objects are larger than their text.`]
    if (row.name !== 'sqlite pages') return []
    return [
      `"${row.name}" is native memory, which no heap snapshot shows. SQLite may fill 32 MiB with pages; with what the allocator rounds each of them up to, it held ${mib(bytesOf(row))}. It frees them at once, so its release needs no garbage collection on either side.`,
    ]
  })
}

function remainder({ before, after, floor, twin }: AttributionReport): string {
  const nobodys = (floor.allocatedBytes ?? 0) + floor.heapBytes
  const grown = live(after) - nobodys
  const refilled =
    grown > 0 && twin === undefined
      ? ` A negative "unattributed" is growth: while the others were measured, the first caches filled again with ${mib(grown)}.`
      : ''
  return `The rows explain ${mib(live(before) - nobodys)} of the ${mib(live(before))} that were live; ${mib(nobodys)} belong to no cache: code, connections, requests in flight. They are the floor, and that is where a leak would show.${refilled}`
}

function pauses({ pauses: { count: times, longestMs, totalMs }, durationMs, twin }: AttributionReport): string {
  if (twin !== undefined) {
    return `The caches were released in a copy of the service; the service itself stood still for ${ms(totalMs)}, and kept every entry.`
  }
  return `To measure to the byte, the service stood still ${times} times, ${ms(totalMs)} in all within ${(durationMs / 1000).toFixed(1)} s, ${ms(longestMs)} at the longest.`
}

function requests({ connections, failures, phases }: Traffic): string {
  const { before, during, after } = phases
  const failed = Object.values(failures).reduce((sum, of) => sum + of, 0)
  const total = before.requests + during.requests + after.requests
  return `${connections} connections asked all the time: ${count(total)} requests, ${count(failed)} failed. Latency ${latency(before)} before the run, ${latency(during)} during it (${count(during.requests)} requests, the longest ${ms(during.longestMs)}), ${latency(after)} after it.`
}

function latency({ medianMs, p99Ms }: PhaseTraffic): string {
  return `${ms(medianMs)} (p99 ${ms(p99Ms)})`
}

function bytesOf({ released }: CacheAttribution): number {
  return released.totalBytes ?? released.heapBytes ?? 0
}

function live({ allocatedBytes, heapUsedBytes }: AttributionReport['before']): number {
  return (allocatedBytes ?? 0) + heapUsedBytes
}

function mib(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function ms(value: number | null): string {
  return value === null ? '–' : `${value.toFixed(0)} ms`
}

/** Lines of at most {@link WIDTH} characters, the first with a bullet. */
function wrap(text: string): string[] {
  const lines: string[] = []
  let line = '•'
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line)
      line = ' '
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
