/** What a route is, and what it is given. */
import type { Coordinator } from '../../coordinator/coordinator.js'
import type { Role } from '../authorization.js'
import type { ResolvedAdminOptions } from '../options.js'
import type { Pattern } from '../paths.js'
import type { ReportStore } from '../reports.js'
import type { Timings } from '../respond.js'
import type { Runs } from '../runs.js'
import type { TwinTools } from '../twin-tools.js'

/** What all requests share. */
export interface Admin {
  readonly coordinator: Coordinator
  readonly settings: ResolvedAdminOptions
  readonly runs: Runs
  readonly reports: ReportStore
  readonly tools: TwinTools
}

/** One request that was let through. */
export interface Exchange {
  readonly request: Request
  readonly url: URL
  /** The parts of the path that stand for names, decoded. */
  readonly names: Readonly<Record<string, string>>
  /** What lies below the base path: empty where the slash at the end is missing. */
  readonly below: string
  readonly role: Role
  readonly timings: Timings
}

/** Answers. What it throws is made a problem document. */
export type Action = (admin: Admin, exchange: Exchange) => Response | Promise<Response>

/** The methods with an action of their own; HEAD is GET, OPTIONS is answered for all. */
export type Method = 'GET' | 'POST' | 'DELETE'

/** An address and what it does. */
export interface Route {
  readonly path: Pattern
  readonly methods: Readonly<Partial<Record<Method, Action>>>
}
