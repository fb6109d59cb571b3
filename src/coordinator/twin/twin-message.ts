/**
 * The messages of a twin to its parent during a run, frame by frame.
 *
 * Rule: plain JSON. A row is sent as soon as it is known, so a twin that ends early has reported the rest.
 */
import type { Figures } from '../../measure/figures.js'
import type { MemorySample } from '../../measure/sample.js'
import type { ReportSelfCheck, ReportWarning, RowError, RowFacts } from '../../report/types.js'
import type { DiscoverStage } from '../../twin/discover/discover-progress.js'
import type { Discovery } from '../../report/discovery/types.js'

/** One window as the twin reports it. */
export interface TwinRow extends RowFacts {
  readonly before: Figures
  readonly after: Figures
  /** By how much the twin's resident memory fell when every freed page had gone back; null where unknown. */
  readonly residentFall: number | null
}

/** A message of a twin to its parent. */
export type TwinMessage =
  | {
      readonly kind: 'begin'
      readonly before: MemorySample
      readonly settleMs: number
      readonly selfCheck: ReportSelfCheck | null
    }
  /**
   * The step that a twin is about to take: the release of a cache, the finalizers behind it, or the collections after it and whatever else is
   * asked of it.
   */
  | { readonly kind: 'release' | 'finalize' | 'settle'; readonly name: string | null }
  | { readonly kind: 'control'; readonly change: Figures; readonly residentFall: number | null }
  | { readonly kind: 'row'; readonly row: TwinRow }
  | { readonly kind: 'skip'; readonly name: string; readonly error: RowError }
  | { readonly kind: 'warning'; readonly warning: ReportWarning }
  /** The heap profile of what lives now has been dumped. */
  /** Dumped; where the dump of before the first release begins in the file. */
  | { readonly kind: 'residual'; readonly size: number }
  | { readonly kind: 'discovering'; readonly stage: DiscoverStage }
  | { readonly kind: 'discovery'; readonly discovery: Discovery }
  | { readonly kind: 'end'; readonly after: MemorySample }
