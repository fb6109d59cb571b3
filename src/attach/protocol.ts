/**
 * The messages between the command and its agent in the other process, as JSON.
 *
 * Rule: both sides are of one version, since the command brings the agent along; what the other process itself put into a text
 * is not trusted on this side.
 */

/** The tasks that the agent can be asked for. */
export type AgentTask =
  | 'overview'
  | 'discover'
  | 'attribute'
  | 'breakdown'
  | 'histogram'
  | 'heap-snapshot'
  | 'profile'
  | 'close-file'
  | 'serve'
  | 'request'
  | 'read'
  | 'leave'

/** With what the agent is started. */
export interface AgentSettings {
  /** The native addon, as the other process sees it. */
  readonly addonFile: string
  /** Whether the inspector was opened for this agent, and is to be closed behind the last one. */
  readonly opened: boolean
}

/** How it started. */
export interface AgentStart {
  readonly pid: number
  readonly nodeVersion: string
  /** Why the addon could not be loaded; null where it was. */
  readonly addonProblem: string | null
  /** Of the heap of its thread, when it had been loaded. */
  readonly heapUsedBytes: number
  readonly heapTotalBytes: number
}

/** One question. */
export interface AgentQuestion {
  readonly task: AgentTask
  readonly options: Readonly<Record<string, unknown>>
}

/** Its answer; an error has a code of this library where it is one of it. */
export type AgentAnswer =
  { readonly value: unknown } | { readonly error: { readonly code: string | null; readonly message: string } }

/** The cost of an attach for the other process. */
export interface AttachCost {
  /** The longest time for which its main thread stood still for this. */
  readonly longestPauseMs: number
  /** From the first contact to the answer. */
  readonly durationMs: number
  /** Bytes of the agent on that process's heap, source text included, and the size of the addon. */
  readonly agentBytes: number
}

/** The part of the cost that the agent itself knows. */
export type AgentCost = Pick<AttachCost, 'longestPauseMs' | 'agentBytes'>

/** How the admin handler is made in the other process; the command has the socket. */
export interface ServeSettings {
  /** Whether caches may be released in the live process. */
  readonly allowRelease: boolean
  /** For heap snapshots while they are read: the first that takes a file. */
  readonly folders: readonly string[]
}

/** The served pages. */
export interface ServeStart {
  /** Coordinators with caches; the one with most of them is served. */
  readonly coordinators: number
  readonly caches: number
}

/** One request to the handler, which the command has admitted. */
export interface ServedRequest {
  /** Chosen by the command; `read` and `leave` name it again. */
  readonly id: number
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string | null
}

/** The answer. Bodies of known, small length are whole; of others `read` gives one part after the other. */
export interface ServedAnswer {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** In base64. */
  readonly body: string
  readonly hasMore: boolean
  /** Internal failures since the last answer; only the operator is told. */
  readonly errors: readonly string[]
}

/** A part of a body in base64; null behind the last one. */
export type ServedPart = string | null

/** Where the agents of a process are known, each to the others, while there are any. */
export const AGENTS_KEY = 'cache-attribution.attach'

/** How often the command asks for progress; the agent takes silence for its death after {@link SILENCE_MS}. */
export const PROGRESS_MS = 250

/** Turns of the watch, one a second, without a question. */
export const SILENCE_MS = 10_000
