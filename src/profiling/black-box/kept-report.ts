/** The latest report in the box, as far as there is room: without its details where the whole is too large. */

/** Details that a report may lose, the largest first. */
const DETAILS = ['discovery', 'residual', 'breakdown', 'warnings', 'controls']

/** Gives `write` what there is room for. Never throws. */
export function keptReport(report: object, write: (bytes: Uint8Array) => boolean): void {
  try {
    const left: Record<string, unknown> = { ...report }
    const encoder = new TextEncoder()
    if (write(encoder.encode(JSON.stringify(left)))) return
    for (const detail of DETAILS) Reflect.deleteProperty(left, detail)
    write(encoder.encode(JSON.stringify({ ...left, withoutDetails: true })))
  } catch {
    // An extension has put into it what is no JSON.
  }
}
