/** The answers of the admin handler, as the page and other clients get them. */
import type { LastLifeView } from './last-life.js'
import type { CacheObservation } from '../../coordinator/observe.js'
import type { CacheDescription } from '../../coordinator/registry.js'
import type { OwnerSize } from '../../report/discovery/owner-sizes.js'
import type { AttributionMode, AttributionReport, CacheAttribution } from '../../report/types.js'
import type { TwinSupport } from '../../twin/support.js'
import type { Role } from '../server/authorization.js'

/** One cache, of `GET /caches`. */
export interface CacheView extends Omit<CacheObservation, 'calibration'> {
  readonly traits: Omit<CacheDescription, 'name'>
  /** Its address, below the handler's: right for every name. */
  readonly href: string
}

/** A run under way. */
export interface CurrentRun {
  readonly id: string
  readonly mode: AttributionMode | 'discover' | 'class-histogram' | 'heap-snapshot'
  /** ISO 8601. */
  readonly startedAt: string
}

/** A link that the page shows in its navigation. */
export interface AdminLink {
  readonly title: string
  /** Absolute with `http:` or `https:`, or relative to the page. */
  readonly href: string
}

/** `GET /status`. */
export interface StatusView {
  readonly process: {
    readonly pid: number
    readonly nodeVersion: string
    readonly uptimeSeconds: number
    /** The title that the program has set, else its script with the folder. */
    readonly title: string
    /** The name in the package.json of the program; null where there is none. */
    readonly package: string | null
    /** Of the machine: in a container its name, which is that of the pod. */
    readonly host: string
    /** The least memory limit that this process counts against; null where there is none. */
    readonly memoryLimitBytes: number | null
    /** Worker threads that run and were heard of. */
    readonly workerThreads: number
    /** Workers of `node:cluster`, where this is their primary. */
    readonly clusterWorkers: number
  }
  readonly allocator: { readonly name: string; readonly version: string | null }
  readonly twin: TwinSupport
  readonly run: CurrentRun | null
  readonly role: Role
  readonly coolDownRemainingMs: number
  /** The actions that this client may run. */
  readonly modes: readonly AttributionMode[]
  /** Whether `GET /trends` has an answer. */
  readonly hasHistory: boolean
  /** How the process before this one ended, by its black box; null where that is not known, or it ended in order. */
  readonly lastLife: LastLifeView | null
  /** Further pages of the same process. */
  readonly links: readonly AdminLink[]
}

/** One report, of `GET /reports`. */
export interface ReportSummary extends Pick<
  AttributionReport,
  'id' | 'mode' | 'trigger' | 'startedAt' | 'durationMs' | 'floor'
> {
  /** Of the process that made it: an earlier one's, where it comes out of a history. */
  readonly pid: number
  readonly caches: readonly ReportSummaryRow[]
  /** With `discover`: owners that nobody registered, the largest first. */
  readonly owners: readonly Pick<OwnerSize, 'key' | 'name' | 'bytes'>[]
}

/** A row of a {@link ReportSummary}. */
export type ReportSummaryRow = Pick<
  CacheAttribution,
  | 'name'
  | 'status'
  | 'released'
  | 'estimated'
  | 'estimatedUncertaintyBytes'
  | 'uncertaintyBytes'
  | 'significant'
  | 'entriesBefore'
  | 'claimedBytes'
>
