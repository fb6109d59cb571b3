/** Ages and durations as people say them. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 d ago`. */
export function formatAge(ageMs: number): string {
  return ageMs < 2 * SECOND ? 'just now' : `${coarse(ageMs)} ago`
}

/** `12 s`, `5 min`, `3 h 12 min`, `2 d 4 h`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < HOUR) return coarse(durationMs)
  const [whole, part, units] =
    durationMs < DAY ? ([HOUR, MINUTE, ['h', 'min']] as const) : ([DAY, HOUR, ['d', 'h']] as const)
  const rest = Math.floor((durationMs % whole) / part)
  const head = `${String(Math.floor(durationMs / whole))} ${units[0]}`
  return rest === 0 ? head : `${head} ${String(rest)} ${units[1]}`
}

function coarse(durationMs: number): string {
  for (const [unit, name] of [
    [DAY, 'd'],
    [HOUR, 'h'],
    [MINUTE, 'min'],
  ] as const) {
    if (durationMs >= unit) return `${String(Math.floor(durationMs / unit))} ${name}`
  }
  return `${String(Math.max(0, Math.floor(durationMs / SECOND)))} s`
}
