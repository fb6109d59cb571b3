/** The parts of `src/twin/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { lifeOf } from '../../../src/twin/child.js'
export { emptyNodeOf, engineNative, measureEmptyNode } from '../../../src/twin/empty-node.js'
export { TWIN_EXIT, describeExit } from '../../../src/twin/exit-codes.js'
export { expectedPauseMs, notePause } from '../../../src/twin/expected-pause.js'
export { forkAtRest } from '../../../src/twin/fork-at-rest.js'
export type { ForkKind, ForkTools } from '../../../src/twin/fork-at-rest.js'
export { frameReader, frameWriter } from '../../../src/twin/frames.js'
export {
  checkHeadroom,
  estimateCopiedBytes,
  forgetCopiedBytes,
  headrooms,
  mayDieFirst,
  noteCopiedBytes,
} from '../../../src/twin/headroom.js'
export { errorOf } from '../../../src/twin/make-twin.js'
export type { TwinOrder, TwinOutcome } from '../../../src/twin/make-twin.js'
export { watchTwin } from '../../../src/twin/parent.js'
export type { TwinEnd } from '../../../src/twin/parent.js'
export { workInTwin } from '../../../src/twin/run-in-twin.js'
export { refusalOf, twinBinding } from '../../../src/twin/support.js'
export type { TwinGround } from '../../../src/twin/support.js'
export { THREADS_CHANNEL } from '../../../src/twin/threads/thread-protocol.js'
