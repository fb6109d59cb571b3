/** The parts of `src/measure/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { NO_CHANGE, UNREAD, byQuantity, difference, knownSum, leastOf, plus } from '../../../src/measure/figures.js'
export type { Figures, OthersCounted, Reading } from '../../../src/measure/figures.js'
export { openFinalizers } from '../../../src/measure/finalizers.js'
export { takeProfilingLock, takeRunLock } from '../../../src/measure/locks.js'
export { lastMajorGc, watchMajorGcs } from '../../../src/measure/major-gcs.js'
export { mappedSource } from '../../../src/measure/mapped.js'
export { createSampler, figuresOf } from '../../../src/measure/sample.js'
export {
  QUIESCENT_TOLERANCE_BYTES,
  drain,
  drainBriefly,
  settleAfter,
  settleBefore,
} from '../../../src/measure/settle.js'
export type { SettleTools } from '../../../src/measure/settle.js'
export { ThreadWatch, watchThreads } from '../../../src/measure/threads.js'
export { measureLevel, measureTurn } from '../../../src/measure/window.js'
export type {
  Instrument,
  ReleaseOutcome,
  ReleaseState,
  TurnReadings,
  WindowReading,
} from '../../../src/measure/window.js'
