/** The report over the replicas of a service: plain JSON. */
import type { AttributionMode } from '../report/types.js'
import type { AttributedBytes, CacheStatus } from '../report/values.js'
import type { ErrorCode } from '../support/errors.js'

/** One replica, by the admin endpoint that it answers at. */
export interface FleetTarget {
  /** Of its admin endpoint; of the root of a service `/debug/memory/` is taken. */
  readonly url: string
  /** How the report names it. @default host and port of the URL */
  readonly name?: string | undefined
  /** For example `version` and `zone`, by which replicas are compared. */
  readonly labels?: Readonly<Record<string, string>> | undefined
}

/** Why a replica, or the whole, ended early. */
export interface FleetError {
  /** A code of this library; of what the replica answered its own. */
  readonly code: ErrorCode
  readonly message: string
}

/**
 * The state of a replica: `measured`; `failed` was asked and gave no report; `unreachable` gave no answer before a run was
 * asked for; `skipped` was spared, since its memory is short or it makes the same process; `not-asked` came after the end.
 */
export type ReplicaStatus = 'measured' | 'failed' | 'unreachable' | 'skipped' | 'not-asked'

/** One replica of a {@link FleetReport}. */
export interface FleetReplica {
  readonly name: string
  readonly url: string
  readonly labels: Readonly<Record<string, string>>
  readonly status: ReplicaStatus
  /** Why it was not measured. */
  readonly error?: FleetError
  /** Null until it answered. */
  readonly pid: number | null
  /** Of its machine; in a container that of the pod. Null until it answered. */
  readonly host: string | null
  /** Before its run; null where none was made. */
  readonly rssBytes: number | null
  /** The least limit that it counts against; null where there is none. */
  readonly memoryLimitBytes: number | null
  /** The longest pause of its event loop in the run. */
  readonly longestPauseMs: number | null
  /** From the question to the report. */
  readonly durationMs: number
}

/** A replica with what it holds of a cache or an owner. */
export interface ReplicaBytes {
  /** Its name. */
  readonly replica: string
  readonly totalBytes: number
}

/** A replica that is far from the others. */
export interface Outlier extends ReplicaBytes {
  /** Divided by the median; null where that is not above 0. */
  readonly timesMedian: number | null
}

/** Bytes of an entry over some replicas. */
export interface EntryBytes {
  /** All their bytes divided by all their entries. */
  readonly bytesPerEntry: number
  /** Half-width of the 95 % interval: by the errors of the rows, and by how much replicas differ. Null where neither is known. */
  readonly uncertaintyBytes: number | null
}

/** The replicas with one value of a label. */
export interface LabelGroup {
  readonly value: string
  /** How many measured the cache. */
  readonly replicas: number
  readonly medianBytes: number
  /** Null where entries are not counted, or there were none. */
  readonly perEntry: EntryBytes | null
}

/** A cache whose entries are larger with one value of a label than with another. */
export interface LabelDifference {
  readonly label: string
  /** With the larger entries. */
  readonly value: string
  /** The value that it is compared with: the one that most replicas have, or where this is it, the next. */
  readonly against: string
  /** By so much an entry is larger. */
  readonly bytesPerEntry: number
  readonly uncertaintyBytes: number
}

/** A cache over all replicas that have one of its name. */
export interface FleetCache {
  readonly name: string
  /** In how many replicas it was measured. */
  readonly replicas: number
  /** Over them; null where one of them does not know it. */
  readonly sum: AttributedBytes & {
    /** Half-width of the 95 % interval of `totalBytes`; null if one is unknown. */
    readonly uncertaintyBytes: number | null
    readonly claimedBytes: number | null
    readonly entries: number | null
  }
  readonly median: { readonly totalBytes: number } | null
  readonly least: ReplicaBytes | null
  readonly most: ReplicaBytes | null
  /** The furthest from the median first. */
  readonly outliers: readonly Outlier[]
  /** Of each replica that measured it; null of more than 100, whose reports `onProgress` gives. */
  readonly byReplica: readonly ReplicaBytes[] | null
  /** Over all replicas that count entries. */
  readonly perEntry: EntryBytes | null
  /** By label and value, of the labels with more than one value. */
  readonly labels: Readonly<Record<string, readonly LabelGroup[]>>
  /** The largest first, beyond their ± alone. */
  readonly differences: readonly LabelDifference[]
  /** Of the replicas in which it was not measured: how many, by what became of it. */
  readonly unmeasured: Readonly<Partial<Record<CacheStatus, number>>>
}

/** An owner that nobody registered, over all replicas in which it was found at the same path. */
export interface FleetOwner {
  /** `server.js › UserStore.byId` */
  readonly name: string
  readonly replicas: number
  /** By the graph of the heap: what would go with it. */
  readonly sum: { readonly totalBytes: number }
  readonly median: { readonly totalBytes: number }
  readonly least: ReplicaBytes
  readonly most: ReplicaBytes
  readonly outliers: readonly Outlier[]
}

/** The result of `attributeFleet()`. */
export interface FleetReport {
  readonly schemaVersion: 1
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  readonly mode: AttributionMode
  /** Why replicas were left out that could have been asked; null where none was. */
  readonly stopped: FleetError | null
  /** In the order of the targets. */
  readonly replicas: readonly FleetReplica[]
  /** The largest first. */
  readonly caches: readonly FleetCache[]
  /** With `discover`: the largest first. */
  readonly owners: readonly FleetOwner[]
}
