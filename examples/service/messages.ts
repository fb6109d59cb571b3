/** The messages of the example's processes over their IPC channels. */
import type { AttributionReport } from 'cache-attribution'

/** From start.ts to the service. A profile covers the seconds after the command, and its flame graph is written to the file. */
export type ServiceCommand =
  { readonly type: 'attribute' } | { readonly type: 'profile'; readonly seconds: number; readonly file: string }

/** From the service to start.ts. */
export type ServiceMessage =
  | { readonly type: 'listening'; readonly url: string; readonly hasSearch: boolean; readonly notes: readonly string[] }
  | { readonly type: 'released'; readonly cache: string }
  | { readonly type: 'report'; readonly report: AttributionReport }
  | { readonly type: 'profiled'; readonly table: string }
  | { readonly type: 'failed'; readonly message: string }

/** The parts of the load that are counted apart: before, while and after the caches are measured. */
export type Phase = 'before' | 'during' | 'after'

/** From start.ts to the load generator. */
export type LoadCommand = { readonly type: 'phase'; readonly phase: Phase } | { readonly type: 'stop' }

/** From the load generator to start.ts. */
export type LoadMessage =
  { readonly type: 'progress'; readonly requests: number } | { readonly type: 'result'; readonly traffic: Traffic }

/** The requests of one phase. */
export interface PhaseTraffic {
  readonly requests: number
  /** Half of the requests took at most this long, 99 in 100, all. Null without requests. */
  readonly medianMs: number | null
  readonly p99Ms: number | null
  readonly longestMs: number | null
}

/** The figures of the load generator. */
export interface Traffic {
  readonly connections: number
  /** Answers other than 2xx, broken connections and timeouts: how many of each kind, e.g. `{ 'status 503': 2, ECONNRESET: 1 }`. */
  readonly failures: Readonly<Record<string, number>>
  readonly phases: Readonly<Record<Phase, PhaseTraffic>>
}
