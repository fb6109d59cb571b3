/** A route, and its input. */
import type { Coordinator } from '../../../coordinator/coordinator.js'
import type { Admitted } from '../../server/request-pipeline.js'
import type { CostlyReads } from '../costly-reads.js'
import type { ResolvedAdminOptions } from '../options.js'
import type { PastReports } from '../past-reports.js'
import type { RoutePattern } from '../../server/find-route.js'
import type { ReportStore } from '../report-store.js'
import type { RunTracker } from '../run-tracker.js'
import type { TwinTools } from '../twin-tools.js'

/** The state that all requests share. */
export interface AdminState {
  readonly coordinator: Coordinator
  readonly settings: ResolvedAdminOptions
  readonly runs: RunTracker
  readonly reports: ReportStore
  readonly past: PastReports
  readonly tools: TwinTools
  readonly reads: CostlyReads
}

/** One request that was let through, and where it goes. */
export interface Exchange extends Admitted {
  /** The parts of the path that stand for names, decoded. */
  readonly names: Readonly<Record<string, string>>
}

/** Answers. What it throws is made a problem document. */
export type RouteAction = (admin: AdminState, exchange: Exchange) => Response | Promise<Response>

/** The methods with an action of their own; HEAD is GET, OPTIONS is answered for all. */
export type HttpMethod = 'GET' | 'POST' | 'DELETE'

/** An address and what it does. */
export interface Route {
  readonly path: RoutePattern
  readonly methods: Readonly<Partial<Record<HttpMethod, RouteAction>>>
}
