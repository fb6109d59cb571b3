/** Rates and spans of time as people read them. Pure, and of use in a browser. */
import { formatBytes, signed } from '../../support/units.js'

/** `+1.20 MiB/h`. */
export function formatRate(bytesPerHour: number): string {
  return `${bytesPerHour > 0 ? '+' : ''}${formatBytes(bytesPerHour)}/h`
}

/** `3.0 d`, `5.2 h`, `10 min`. */
export function formatHours(hours: number): string {
  if (hours >= 48) return `${signed(hours / 24, 1)} d`
  return hours >= 2 ? `${signed(hours, 1)} h` : `${signed(hours * 60, 0)} min`
}
