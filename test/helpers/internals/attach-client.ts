/** The parts of `src/attach/client/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { Attachment } from '../../../src/attach/client/attachment.js'
export { programKind } from '../../../src/attach/client/program-kind.js'
export { TargetProcess } from '../../../src/attach/client/target-process.js'
export { discoverWorkers } from '../../../src/attach/client/discover-workers.js'
export { SessionError } from '../../../src/attach/client/inspector-session.js'
export { WORKER_ENDED } from '../../../src/attach/client/worker-session.js'
