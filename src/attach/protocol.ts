/**
 * What the command and its agent in the other process say to each other, as JSON.
 *
 * Rule: both sides are of one version, since the command brings the agent along; what the other process itself put into a text
 * is not trusted on this side.
 */

/** What the agent can be asked for. */
export type AgentTask =
  'overview' | 'discover' | 'attribute' | 'breakdown' | 'histogram' | 'heap-snapshot' | 'profile' | 'close-file'

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
}

/** One question. */
export interface AgentQuestion {
  readonly task: AgentTask
  readonly options: Readonly<Record<string, unknown>>
}

/** Its answer; an error has a code of this library where it is one of it. */
export type AgentAnswer =
  { readonly value: unknown } | { readonly error: { readonly code: string | null; readonly message: string } }

/** What an attach cost the other process. */
export interface AttachCost {
  /** The longest time for which its main thread stood still for this. */
  readonly longestPauseMs: number
  /** From the first contact to the answer. */
  readonly durationMs: number
  /** What the agent took on its heap, source text included, and the size of the addon. */
  readonly agentBytes: number
}

/** What the agent itself knows of its cost. */
export type AgentCost = Pick<AttachCost, 'longestPauseMs' | 'agentBytes'>

/** Where the agents of a process are known, each to the others, while there are any. */
export const AGENTS_KEY = 'cache-attribution.attach'

/** How often the command asks for progress; the agent takes silence for its death after {@link SILENCE_MS}. */
export const PROGRESS_MS = 250

/** Turns of the watch, one a second, without a question. */
export const SILENCE_MS = 10_000
