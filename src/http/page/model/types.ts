/** What the page gets over HTTP, as the admin handler answers it. Types alone. */
import type { Figures } from '../../../measure/figures.js'
import type { LastMeasured } from '../../../coordinator/registry.js'
import type { AttributedBytes, AttributionMode, CacheStatus, Trigger } from '../../../report/types.js'

/** One registered cache, of `GET caches`. */
export interface CacheView {
  readonly name: string
  readonly entries: number | null
  readonly claimedBytes: number | null
  /** By its count of entries and what a run found of it. */
  readonly estimatedBytes: number | null
  readonly estimatedUncertaintyBytes: number | null
  readonly calibrationAgeMs: number | null
  readonly lastMeasured: LastMeasured | null
  readonly traits: CacheTraitsView
}

/** What its registration says of a cache. */
export interface CacheTraitsView {
  readonly refillCost: 'low' | 'medium' | 'high'
  readonly lossless: boolean
  /** May be released in a twin. */
  readonly twin: boolean
  /** Can drop a part. */
  readonly trim: boolean
}

/** `GET status`. */
export interface StatusView {
  readonly process: {
    readonly pid: number
    readonly nodeVersion: string
    readonly uptimeSeconds: number
    readonly title: string
  }
  readonly allocator: { readonly name: string; readonly version: string | null }
  readonly twin: { readonly supported: boolean; readonly reason: string | null }
  readonly run: RunView | null
  readonly role: 'read-only' | 'operator'
  readonly coolDownRemainingMs: number
  /** Whether `GET trends` tells something. */
  readonly hasHistory: boolean
  readonly modes: readonly AttributionMode[]
  /** Further pages of the same process. */
  readonly links?: readonly { readonly title: string; readonly href: string }[]
}

/** A run under way. */
export interface RunView {
  readonly id: string
  readonly mode: AttributionMode | 'discover' | 'class-histogram' | 'heap-snapshot'
  /** ISO 8601. */
  readonly startedAt: string
}

/** One report that is kept in memory, of `GET reports`. */
export interface ReportSummary {
  readonly id: string
  readonly mode: AttributionMode
  readonly trigger: Trigger
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  readonly floor: Figures
  /** Of the process that made it. */
  readonly pid: number
  readonly caches: readonly ReportSummaryRow[]
}

/** One cache in a {@link ReportSummary}. */
export interface ReportSummaryRow {
  readonly name: string
  readonly status: CacheStatus
  readonly released: AttributedBytes
  readonly estimated?: AttributedBytes
  readonly estimatedUncertaintyBytes?: number | null
  readonly uncertaintyBytes: number | null
  readonly significant: boolean
  readonly entriesBefore: number | null
  readonly claimedBytes: number | null
}

/** Live objects by class, of `POST heap-snapshot?histogram`. */
export type { ClassHistogram } from '../../../twin/heap-snapshot/histogram.js'

/** A tree whose leaves add up to its root, of `GET breakdown`. */
export interface MemoryNode {
  readonly name: string
  readonly bytes: number
  readonly children?: readonly MemoryNode[]
  readonly note?: string
}
