/** How the process before this one ended, for the page: by its black box. */
import type { Postmortem } from '../../profiling/black-box/types.js'

/** The part of a `BlackBox` that the endpoint uses. */
export interface LastLifeSource {
  /** See `BlackBox.lastLife`. */
  readonly lastLife: Pick<Postmortem, 'headline' | 'end'> | null
}

/** A life that ended without notice. */
export interface LastLifeView {
  /** ISO 8601. */
  readonly endedAt: string
  readonly headline: readonly string[]
}

/** Null where there is no box, or its life ended in order. */
export function lastLifeView(source: LastLifeSource | undefined): LastLifeView | null {
  const lastLife = source?.lastLife ?? null
  if (lastLife?.end.kind !== 'no-notice') return null
  return { endedAt: lastLife.end.at, headline: lastLife.headline }
}
