/**
 * What happened, in one to three sentences. Pure.
 *
 * Rule: each sentence is true of the records as they stand: a cause is named where a mark of it is there, a cache is said to have
 * grown where it counted more entries or bytes, and a function to have run by how many stacks had it.
 */
import path from 'node:path'
import { formatBytes, formatCount, formatMs, formatShare, printable } from '../../support/units.js'
import { entriesGrown } from './cache-growth.js'
import type { CacheGrowth } from './cache-growth.js'
import type { GrowthFacts, Postmortem } from './types.js'
import type { RunningFunction } from './running-code.js'

/** The parts of a postmortem that the sentences are made of. */
type Facts = Pick<Postmortem, 'process' | 'end' | 'last' | 'growth' | 'caches' | 'ran'>

const NAME_LENGTH = 100
/** A loop that turns is asked every 100 ms. */
const BLOCKED_MS = 1000
/** Fewer stacks say little. */
const STACKS_LEAST = 3
/** A part with less of the growth is not named. */
const PART_LEAST = 0.2

/** See the top of this file. */
export function postmortemHeadline(facts: Facts): string[] {
  const { last, growth, caches } = facts
  const sentences = [
    endSentence(facts),
    growth === null ? flatSentence(facts) : `${growthSentence(growth)}${cacheClause(caches)}.`,
    last === null ? null : ranSentence(facts),
  ]
  return sentences.filter((sentence) => sentence !== null)
}

function endSentence({ process, end, last }: Facts): string {
  const who = `${printable(path.basename(process.program), NAME_LENGTH)} (process ${String(process.pid)})`
  const at = end.at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')
  const level = last === null ? '' : `, ${levelText(last)}`
  switch (end.kind) {
    case 'running':
      return `${who} is running${level}.`
    case 'closed':
      return `${who} closed its black box in order at ${at}${level}.`
    case 'exit':
      return `${who} ended by itself with code ${String(end.code)} at ${at}${level}.`
    case 'unknown':
      return `${who} wrote last at ${at}${level}; whether it runs cannot be told from here.`
    case 'no-notice':
      return `${who} ended without notice at ${at}${level}${afterHeapLimit(end)}.`
  }
}

function afterHeapLimit({ heapLimitBytes }: Facts['end']): string {
  return heapLimitBytes === null ? '' : `, after V8's heap had come up to its limit of ${formatBytes(heapLimitBytes)}`
}

/** Against the limit where there is one. */
function levelText({ rssBytes, limitBytes, workingSetBytes, usageBytes }: NonNullable<Facts['last']>): string {
  const used = workingSetBytes ?? usageBytes
  if (limitBytes === null || used === null) return `with ${formatBytes(rssBytes)} resident`
  const limit = `at ${formatBytes(used)} of its limit of ${formatBytes(limitBytes)}`
  return rssBytes === null || rssBytes === used ? limit : `${limit} (${formatBytes(rssBytes)} resident)`
}

function flatSentence({ last, caches }: Facts): string | null {
  if (last === null) return 'It ended before the first reading.'
  const grown = caches.filter((cache) => entriesGrown(cache) > 0)
  return grown.length === 0
    ? 'Resident memory had not grown before.'
    : `Resident memory had not grown before${cacheClause(caches)}.`
}

function growthSentence(growth: GrowthFacts): string {
  const bytes = growth.toBytes - growth.fromBytes
  const rate = `${formatBytes(growth.bytesPerSecond)} a second`
  const part = partsOf(growth, bytes)
  const time = formatDuration(growth.durationMs)
  return `Resident memory had grown by ${formatBytes(bytes)} in the last ${time} (${growth.durationMs < 60_000 ? rate : `${formatBytes(growth.bytesPerSecond * 60)} a minute`})${part}`
}

/** The parts that are known and are much of it: they are counted by others than the kernel, and need not add up to it. */
function partsOf({ heapBytes, allocatedBytes }: GrowthFacts, bytes: number): string {
  const parts = [
    { name: "V8's heap", bytes: heapBytes },
    { name: 'native memory (Buffers, addons)', bytes: allocatedBytes },
  ]
  const large = parts
    .filter((part) => (part.bytes ?? 0) >= PART_LEAST * bytes)
    .sort((a, b) => (b.bytes ?? 0) - (a.bytes ?? 0))
    .map((part) => `${part.name} by ${formatBytes(part.bytes)}`)
  return large.length === 0 ? '' : `: ${large.join(', ')}`
}

/** The cache that grew most; two where they cannot be compared. */
function cacheClause(caches: readonly CacheGrowth[]): string {
  const grown = caches.filter((cache) => (cache.grownBytes ?? 0) > 0 || entriesGrown(cache) > 0).slice(0, 2)
  const [first, second] = grown
  if (first === undefined) return ''
  const isAlone = second === undefined || isClearlyMore(first, second)
  const named = (isAlone ? [first] : grown).map(cacheText)
  return `; cache ${named.join(', cache ')} meanwhile`
}

function isClearlyMore(first: CacheGrowth, second: CacheGrowth): boolean {
  return first.grownBytes !== null && second.grownBytes !== null && first.grownBytes > 2 * second.grownBytes
}

function cacheText({ name, entries, estimatedBytes, claimedBytes }: CacheGrowth): string {
  const quoted = JSON.stringify(printable(name, NAME_LENGTH))
  const bytes = estimatedBytes.to === null ? claimedBytes : estimatedBytes
  const verb = estimatedBytes.to === null ? 'claims' : 'estimated'
  const bytesText =
    bytes.to === null
      ? ''
      : ` (${verb} ${formatBytes(bytes.to)}${bytes.from === null ? '' : ` after ${formatBytes(bytes.from)}`})`
  if (entries.to === null) return `${quoted} grew${bytesText}`
  const from = entries.from === null ? '' : ` from ${formatCount(entries.from)}`
  return `${quoted} went${from} to ${formatCount(entries.to)} entries${bytesText}`
}

function ranSentence({ last, ran, process, end }: Facts): string | null {
  const blockedMs = last?.sinceLoopMs ?? 0
  const isBlocked = blockedMs >= BLOCKED_MS
  const verb = end.kind === 'running' ? 'has not turned' : 'had not turned'
  const blocked = isBlocked ? `The event loop ${verb} for ${formatDuration(blockedMs)}` : null
  const [most] = ran.innermost
  if (most === undefined || ran.samples < STACKS_LEAST) {
    const reason = process.noStacks === null ? '' : '; what ran is not known'
    return blocked === null ? null : `${blocked}${reason}.`
  }
  const ranText = `${functionPlace(most)} ran in ${formatCount(most.samples)} of ${formatCount(ran.samples)} stacks (${formatShare(most.samples, ran.samples)})`
  return blocked === null ? `${ranText}.` : `${blocked}; ${ranText}.`
}

/** `fill (server.js:12)`. */
export function functionPlace({ function: name, script, line }: Omit<RunningFunction, 'samples' | 'share'>): string {
  const file = script.startsWith('node:') ? script : path.basename(script)
  return `${printable(name, NAME_LENGTH)} (${printable(file === '' ? '(unknown script)' : file, NAME_LENGTH)}:${String(line)})`
}

/** `3.2 s`, `5 min`, `2.1 h`. */
function formatDuration(ms: number): string {
  if (ms < 120_000) return formatMs(ms)
  return ms < 7_200_000 ? `${(ms / 60_000).toFixed(0)} min` : `${(ms / 3_600_000).toFixed(1)} h`
}
