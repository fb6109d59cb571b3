/**
 * All that the page knows, in one object that is replaced and never changed, and who looks at which part of it.
 */
import type { FleetReport } from '../../../fleet/types.js'
import type { MemorySample } from '../../../measure/sample.js'
import type { Discovery } from '../../../report/discovery/types.js'
import type { Trends } from '../../../report/trends/types.js'
import type { AttributionReport } from '../../../report/types.js'
import type { LiveRow, SortKey } from '../model/cache-rows.js'
import type { Problem } from '../model/problem.js'
import type { CacheView, CurrentRun, ReportSummary, StatusView } from '../../admin/types.js'
import type { MemoryNode } from '../../../report/breakdown/types.js'
import type { Holdings } from '../../../report/holdings/types.js'
import type { ThreadsReport } from '../../../threads/types.js'
import type { DiscoverProgress } from '../../../twin/discover/discover-progress.js'
import type { ClassHistogram } from '../../../twin/heap-snapshot/histogram.js'
import type { PageReading } from '../model/readings.js'

/** The run under way: this page's own, or one that somebody else started. */
export interface RunProgress extends Partial<CurrentRun> {
  readonly own: boolean
  readonly mode: CurrentRun['mode']
  /** Null until it is planned. */
  readonly planned: ReadonlySet<string> | null
  readonly done: ReadonlyMap<string, LiveRow>
  readonly lastDone: string | null
  /** Of a discovery by itself. */
  readonly discovering: DiscoverProgress | null
  /** A run that seeks owners, too, when every cache is measured. */
  readonly seeksOwners: boolean
  readonly isAborting: boolean
}

/** How the server is doing. */
type Connection =
  | { readonly state: 'connecting' | 'live' }
  | { readonly state: 'lost'; readonly retryAtMs: number; readonly failures: number }

/** A problem that is shown until it is put away, or what it is about has passed. */
export interface ShownProblem {
  /** The subject; a new one of the same kind replaces it. */
  readonly topic: 'connection' | 'run' | 'discover' | 'heap' | 'threads' | 'report' | 'page' | 'restart'
  readonly problem: Problem
}

/** What this page may have asked for in twins, besides runs and discoveries. */
export type TwinTask = 'histogram' | 'snapshot' | 'threads' | 'cluster'

/** Everything. Null: not known yet. */
export interface PageState {
  readonly status: StatusView | null
  readonly caches: readonly CacheView[] | null
  readonly sample: MemorySample | null
  /** The report that is shown. */
  readonly report: AttributionReport | null
  /** Why that report is shown as it was, in place of the process now; null where it is not. */
  readonly pinned: string | null
  /** Who holds the memory, by all of these. */
  readonly holdings: Holdings | null
  /** Of it since the page was opened, oldest first. */
  readonly readings: readonly PageReading[]
  /** Keys of rows that are open. */
  readonly opened: ReadonlySet<string>
  /** Oldest first. */
  readonly reports: readonly ReportSummary[] | null
  readonly breakdown: MemoryNode | null
  /** By the server's history, where it has one. */
  readonly trends: Trends | null
  readonly discovery: Discovery | null
  readonly histogram: ClassHistogram | null
  readonly threads: ThreadsReport | null
  /** Of this process and of those that it started. */
  readonly cluster: FleetReport | null
  /** The work in twins for this page, besides runs and discoveries. */
  readonly twinTask: TwinTask | null
  readonly run: RunProgress | null
  readonly connection: Connection
  readonly problems: readonly ShownProblem[]
  readonly ticked: ReadonlySet<string>
  readonly expanded: ReadonlySet<string>
  readonly sort: SortKey
  readonly filter: string
  readonly showsAll: boolean
  /** Grows with each refresh: ages are told anew. */
  readonly tick: number
}

const INITIAL: PageState = {
  status: null,
  caches: null,
  sample: null,
  report: null,
  pinned: null,
  holdings: null,
  readings: [],
  opened: new Set(),
  reports: null,
  breakdown: null,
  trends: null,
  discovery: null,
  histogram: null,
  threads: null,
  cluster: null,
  twinTask: null,
  run: null,
  connection: { state: 'connecting' },
  problems: [],
  ticked: new Set(),
  expanded: new Set(),
  sort: 'bytes',
  filter: '',
  showsAll: false,
  tick: 0,
}

/** The state and its watchers. */
export interface PageStore {
  readonly state: PageState
  /** Replaces some parts. */
  set(parts: Partial<PageState>): void
  /** Calls `show` now, and before the next frame in which one of these parts is another. */
  watch(parts: readonly (keyof PageState)[], show: (state: PageState) => void): void
}

/** A store with nothing in it yet. */
export function createStore(): PageStore {
  let state = INITIAL
  let isPlanned = false
  const watchers: (() => void)[] = []
  const showAll = (): void => {
    isPlanned = false
    for (const show of watchers) show()
  }
  return {
    get state() {
      return state
    },
    set: (parts) => {
      state = { ...state, ...parts }
      if (isPlanned) return
      isPlanned = true
      // A hidden page gets no frames, but should be right when it is looked at.
      if (document.hidden) setTimeout(showAll)
      else requestAnimationFrame(showAll)
    },
    watch: (parts, show) => {
      let seen: readonly unknown[] | null = null
      const checkState = (): void => {
        const now = parts.map((part) => state[part])
        if (seen !== null && now.every((value, index) => Object.is(value, seen?.[index]))) return
        seen = now
        show(state)
      }
      watchers.push(checkState)
      checkState()
    },
  }
}

/** Shows a problem in place of the last one about the same. */
export function withProblem(state: PageState, topic: ShownProblem['topic'], problem: Problem): Partial<PageState> {
  return { problems: [...state.problems.filter((shown) => shown.topic !== topic), { topic, problem }] }
}

/** Puts away what was said about these. */
export function withoutProblem(state: PageState, ...topics: readonly ShownProblem['topic'][]): Partial<PageState> {
  const problems = state.problems.filter(({ topic }) => !topics.includes(topic))
  return problems.length === state.problems.length ? {} : { problems }
}
