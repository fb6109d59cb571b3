/** When two calls of attribute() ask for the same run. */
import type { ResolvedAttributeOptions } from './options.js'

/** Calls with the same key join the same run. */
export function runKey({ only, except, ...options }: ResolvedAttributeOptions): string {
  const { mode, twins, discover, explainResidual, fraction, choice, controls, budget, breakdown } = options
  const ofMode = { release: [], twin: [twins, discover], trim: [fraction, choice] }[mode]
  const { pauseMs, durationMs } = budget
  return JSON.stringify([
    only ?? null,
    except?.toSorted() ?? null,
    mode,
    ...ofMode,
    explainResidual,
    controls,
    pauseMs,
    durationMs,
    breakdown,
  ])
}
