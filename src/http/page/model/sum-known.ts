/** Which of a row's figures is shown as its size. */
export { knownBytes } from '../../../report/whole.js'

/** The floor in one figure, by the same rule. */
export { knownSum as floorBytes } from '../../../measure/figures.js'

/** Adds what is known; null where nothing is. */
export function sumKnown(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null)
  return known.length === 0 ? null : known.reduce((sum, figure) => sum + figure, 0)
}
