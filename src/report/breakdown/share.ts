/**
 * Dividing what a mapping has resident among parts whose sizes come from elsewhere.
 *
 * Rule: whole bytes, none negative, and together exactly the whole: the claims of the parts are bounded by the whole.
 */

/** The whole in proportion to the weights, to the byte; all of it to the last one where no weight is positive. */
export function shareOut(whole: number, weights: readonly number[]): number[] {
  const positive = weights.map((weight) => (weight > 0 ? weight : 0))
  const sum = positive.reduce((total, weight) => total + weight, 0)
  let weightSoFar = 0
  let given = 0
  return positive.map((weight, index) => {
    weightSoFar += weight
    const isLast = index === positive.length - 1
    const upTo = isLast ? whole : sum === 0 ? 0 : Math.min(whole, Math.round((whole * weightSoFar) / sum))
    const part = Math.max(0, upTo - given)
    given += part
    return part
  })
}

/** Gives each part what it asks for, in order, as long as there is any; and what is left at the end. */
export function fill(
  whole: number,
  wanted: readonly (number | null)[],
): { readonly parts: number[]; readonly left: number } {
  let left = whole
  const parts = wanted.map((bytes) => {
    const part = Math.min(left, Math.max(0, Math.round(bytes ?? 0)))
    left -= part
    return part
  })
  return { parts, left }
}

/** Each as it is where all fit into the whole, else cut down in proportion; and what is left. */
export function fitInto(
  whole: number,
  wanted: readonly number[],
): { readonly parts: number[]; readonly left: number; readonly isCut: boolean } {
  const rounded = wanted.map((bytes) => Math.max(0, Math.round(bytes)))
  const sum = rounded.reduce((total, bytes) => total + bytes, 0)
  if (sum <= whole) return { parts: rounded, left: whole - sum, isCut: false }
  return { parts: shareOut(whole, rounded), left: 0, isCut: true }
}
