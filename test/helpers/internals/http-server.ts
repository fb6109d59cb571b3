/** The parts of `src/http/server/` that tests take and the package does not export: renaming a file there changes this one alone. */
export { decodeName, encodeName } from '../../../src/http/server/encoded-name.js'
export { repeatedKey } from '../../../src/http/server/json-keys.js'
export { negotiate } from '../../../src/http/server/negotiate.js'
export { HttpProblem } from '../../../src/http/server/problem.js'
export { SharedRead, encodedOnce } from '../../../src/http/server/shared-read.js'
