/**
 * From records to the series that trends are made of: which figures belong to one level, and where a new level begins.
 *
 * Rule: memory is bounded whatever the history: a series that grows long keeps one reading out of every stretch, drawn at
 * random, which leaves slopes unbiased.
 */
import type { AttributionReport } from '../report/types.js'
import type { Segment, SeriesBasis, TrendInput } from '../report/trends/series.js'
import { ownerBytes, ownerIdentity, ownerKey } from '../report/discovery/owner-identity.js'
import type { OwnerIdentity } from '../report/discovery/owner-identity.js'
import { knownBytes, knownSum, wholeOf } from '../report/whole.js'
import type { HistoryObservation, HistoryRecord } from './types.js'

const HOUR_MS = 3_600_000
/** Readings of one level; then every other goes. */
const POINTS_MAX = 4096
/** Levels of one series: restarts and live releases; then the oldest goes. */
const SEGMENTS_MAX = 512
/** Owners that are followed; then the one goes that was not seen for longest. */
const OWNERS_MAX = 500

/** One level under construction. */
interface OpenSegment {
  readonly key: string
  readonly startHours: number
  readonly isRefill: boolean
  readonly lifetime: string
  hours: number[]
  bytes: number[]
  /** One of this many readings is kept. */
  stride: number
  position: number
  chosen: number
}

/** From when to when, both inclusive. */
interface Span {
  readonly sinceHours: number
  readonly untilHours: number
}

/** One quantity of one basis. */
class SeriesBuilder {
  readonly #segments: OpenSegment[] = []

  add(key: string, lifetime: string, hours: number, bytes: number, refillFrom: number | null): void {
    let segment = this.#segments.findLast((candidate) => candidate.key === key)
    if (segment === undefined) {
      const isRefill = refillFrom !== null
      segment = {
        key,
        startHours: refillFrom ?? hours,
        isRefill,
        lifetime,
        hours: [],
        bytes: [],
        stride: 1,
        position: 0,
        chosen: 0,
      }
      this.#segments.push(segment)
      if (this.#segments.length > SEGMENTS_MAX) this.#segments.shift()
    }
    addPoint(segment, hours, bytes)
  }

  /** A record ahead of the window is of a clock that stood wrong. */
  within({ sinceHours, untilHours }: Span): Segment[] {
    return this.#segments.flatMap(({ hours: at, bytes, startHours, isRefill, lifetime }) => {
      const first = at.findIndex((moment) => moment >= sinceHours)
      const last = at.findLastIndex((moment) => moment <= untilHours)
      if (first === -1 || last < first) return []
      const [hours, sizes] = [at.slice(first, last + 1), bytes.slice(first, last + 1)]
      return [{ hours, bytes: sizes, startHours, isRefill, lifetime }]
    })
  }
}

function addPoint(segment: OpenSegment, hours: number, bytes: number): void {
  if (segment.position === 0) segment.chosen = Math.floor(Math.random() * segment.stride)
  if (segment.position === segment.chosen) {
    segment.hours.push(hours)
    segment.bytes.push(bytes)
  }
  segment.position = (segment.position + 1) % segment.stride
  if (segment.hours.length < POINTS_MAX) return
  const kept = Array.from({ length: POINTS_MAX / 2 }, (_, pair) => 2 * pair + (Math.random() < 0.5 ? 0 : 1))
  segment.hours = kept.map((index) => segment.hours[index] ?? 0)
  segment.bytes = kept.map((index) => segment.bytes[index] ?? 0)
  segment.stride *= 2
  segment.position = 0
}

/** The figures of one cache, by where they come from. */
type CacheSeries = Record<SeriesBasis, SeriesBuilder>

/** All series of one history. */
export class SeriesStore {
  readonly #caches = new Map<string, CacheSeries>()
  /** Owners that nobody registered, by their identity; the one that was seen last stands last. */
  readonly #owners = new Map<string, { readonly identity: OwnerIdentity; readonly series: SeriesBuilder }>()
  readonly #floor = floorSeries()
  /** Floors between runs: live bytes less what the caches are estimated to hold. */
  readonly #between = floorSeries()
  /** When each lifetime began, by its own clock put onto the wall clock once: later steps of that do not move it. */
  readonly #startHours = new Map<string, number>()
  /** Cache of a lifetime → how often live releases emptied it, and when last. */
  readonly #resets = new Map<string, { count: number; hours: number }>()
  /** Lifetime → its latest record. */
  readonly #latestHours = new Map<string, number>()
  #rssBytes: number | null = null

  /** Takes a record; those of one lifetime in their order. */
  add(record: HistoryRecord): void {
    const startHours = this.#startHours.get(record.lifetime) ?? (Date.parse(record.at) - record.upMs) / HOUR_MS
    this.#startHours.set(record.lifetime, startHours)
    const hours = startHours + record.upMs / HOUR_MS
    if (record.kind === 'calibration') return
    this.#latestHours.set(record.lifetime, Math.max(this.#latestHours.get(record.lifetime) ?? -Infinity, hours))
    if (record.kind === 'report') this.#addReport(record.lifetime, hours, record.report)
    else this.#addObservation(record.lifetime, hours, record.observation)
  }

  /**
   * The input of trends: everything, or the last `windowHours` as seen by the process of `lifetime`: before its latest record,
   * or before `nowMs` where it has none. A record of a clock that stands wrong moves no window.
   */
  inputs(window?: { readonly windowHours: number; readonly lifetime: string; readonly nowMs: number }): {
    caches: Iterable<{ name: string; input: TrendInput }>
    owners: Iterable<{ identity: OwnerIdentity; input: TrendInput }>
    floor: Record<keyof FloorSeries, TrendInput>
    rssBytes: number | null
  } {
    const span = this.#spanOf(window)
    const floorOf = (part: keyof FloorSeries): TrendInput => ({
      measured: this.#floor[part].within(span),
      estimated: this.#between[part].within(span),
      claimed: [],
    })
    return {
      caches: this.#inputsWithin(span),
      owners: this.#ownersWithin(span),
      floor: {
        total: floorOf('total'),
        allocated: floorOf('allocated'),
        heap: floorOf('heap'),
        mapped: floorOf('mapped'),
      },
      rssBytes: this.#rssBytes,
    }
  }

  #spanOf(window: Parameters<SeriesStore['inputs']>[0]): Span {
    if (window === undefined) return { sinceHours: -Infinity, untilHours: Infinity }
    const nowHours = this.#latestHours.get(window.lifetime) ?? window.nowMs / HOUR_MS
    return { sinceHours: nowHours - window.windowHours, untilHours: nowHours + window.windowHours }
  }

  /** Each is copied when it is come to: a history of thousands of caches must not be copied in one turn of the event loop. */
  *#inputsWithin(span: Span): Generator<{ name: string; input: TrendInput }> {
    for (const [name, { measured, estimated, claimed }] of this.#caches) {
      const input = {
        measured: measured.within(span),
        estimated: estimated.within(span),
        claimed: claimed.within(span),
      }
      if (Object.values(input).some((segments: readonly Segment[]) => segments.length > 0)) yield { name, input }
    }
  }

  *#ownersWithin(span: Span): Generator<{ identity: OwnerIdentity; input: TrendInput }> {
    for (const { identity, series } of this.#owners.values()) {
      const measured = series.within(span)
      if (measured.length > 0) yield { identity, input: { measured, estimated: [], claimed: [] } }
    }
  }

  /** Takes the owners of one observation, which may come from a file of another version. */
  addOwners(lifetime: string, hours: number, owners: unknown): void {
    for (const owner of Array.isArray(owners) ? (owners as unknown[]) : []) {
      const [identity, bytes] = [ownerIdentity(owner), ownerBytes(owner)]
      // A registered cache has its own series.
      if (identity === null || bytes === null || (owner as { cache?: unknown }).cache != null) continue
      const key = ownerKey(identity)
      const known = this.#owners.get(key) ?? { identity, series: new SeriesBuilder() }
      this.#owners.delete(key)
      this.#owners.set(key, known)
      known.series.add(lifetime, lifetime, hours, bytes, null)
    }
    for (const key of this.#owners.keys()) {
      if (this.#owners.size <= OWNERS_MAX) return
      this.#owners.delete(key)
    }
  }

  #addReport(lifetime: string, hours: number, report: AttributionReport): void {
    const { floor, caches, mode, before } = report
    this.#rssBytes = before.rssBytes
    // What a cache holds after that is refilled, and no growth of what was measured before.
    for (const { code, caches: released = [] } of report.warnings) {
      if (code === 'WARN_RELEASED_UNDER_PRESSURE') this.#reset(lifetime, hours, released)
    }
    this.addOwners(lifetime, hours, report.discovery?.owners)
    const measured = caches.filter(({ status }) => status === 'released' || status === 'trimmed')
    // A skipped cache is part of the floor: floors below different caches are no one level.
    const key = `${lifetime}/${measured
      .map(({ name }) => name)
      .toSorted()
      .join('\n')}`
    addFloor(this.#floor, key, lifetime, hours, floor)
    for (const row of measured) {
      const total = knownBytes(wholeOf(row, mode).bytes)
      if (total !== null) this.#add(row.name, 'measured', lifetime, hours, total)
    }
    if (mode !== 'release') return
    this.#reset(
      lifetime,
      hours,
      caches.filter(({ status }) => status !== 'skipped').map(({ name }) => name),
    )
  }

  /** Caches were emptied in the process itself: their next readings are another level. */
  #reset(lifetime: string, hours: number, names: readonly string[]): void {
    for (const name of names) {
      const reset = `${lifetime}/${name}`
      this.#resets.set(reset, { count: (this.#resets.get(reset)?.count ?? 0) + 1, hours })
    }
  }

  #addObservation(lifetime: string, hours: number, { sample, caches }: HistoryObservation): void {
    this.#rssBytes = sample.rssBytes
    let held: number | null = 0
    for (const { name, estimatedBytes, claimedBytes } of caches) {
      held = held === null || estimatedBytes === null ? null : held + estimatedBytes
      if (estimatedBytes !== null) this.#add(name, 'estimated', lifetime, hours, estimatedBytes)
      else if (claimedBytes !== null) this.#add(name, 'claimed', lifetime, hours, claimedBytes)
    }
    // Of a cache of unknown size nobody knows what the floor would be.
    if (held === null) return
    const key = `${lifetime}/${caches.map(({ name }) => name).join('\n')}`
    const { allocatedBytes, heapUsedBytes: heapBytes, mappedBytes } = sample
    const live = { allocatedBytes, heapBytes, mappedBytes }
    // Estimates do not tell the memories apart.
    if (caches.length === 0) addFloor(this.#between, key, lifetime, hours, live)
    else this.#between.total.add(key, lifetime, hours, knownSum(live) - held, null)
  }

  #add(name: string, basis: SeriesBasis, lifetime: string, hours: number, bytes: number): void {
    const series = this.#caches.get(name) ?? {
      measured: new SeriesBuilder(),
      estimated: new SeriesBuilder(),
      claimed: new SeriesBuilder(),
    }
    this.#caches.set(name, series)
    const reset = this.#resets.get(`${lifetime}/${name}`)
    series[basis].add(`${lifetime}/${String(reset?.count ?? 0)}`, lifetime, hours, bytes, reset?.hours ?? null)
  }
}

type Floor = AttributionReport['unattributed']
type FloorSeries = Record<'total' | 'allocated' | 'heap' | 'mapped', SeriesBuilder>

function floorSeries(): FloorSeries {
  return {
    total: new SeriesBuilder(),
    allocated: new SeriesBuilder(),
    heap: new SeriesBuilder(),
    mapped: new SeriesBuilder(),
  }
}

function addFloor(series: FloorSeries, key: string, lifetime: string, hours: number, floor: Floor): void {
  const { allocatedBytes, heapBytes, mappedBytes } = floor
  // A level without the mapped bytes is another one than a level with them.
  const level = mappedBytes === null ? key : `${key}\nmapped`
  series.total.add(level, lifetime, hours, knownSum(floor), null)
  series.heap.add(key, lifetime, hours, heapBytes, null)
  if (mappedBytes !== null) series.mapped.add(key, lifetime, hours, mappedBytes, null)
  if (allocatedBytes !== null) series.allocated.add(key, lifetime, hours, allocatedBytes, null)
}
