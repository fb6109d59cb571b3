/**
 * Cases that take many seconds of a processor, or the whole machine. `npm run test:thorough` runs them and nothing else, as a step
 * of `.ci/run`; `npm test` runs a smaller case of the same.
 *
 * Rule: a file with a thorough case has a plain one of its kind, so that `npm test` sees a broken kind too.
 */

/** Whether thorough cases are run, and these alone. */
const IS_THOROUGH = process.env['TESTS'] === 'thorough'

/**
 * `it` for a case that only a thorough run has.
 *
 * @example
 * thorough('takes bounded memory: a hundred megabytes', async () => { … })
 */
export const thorough: Mocha.ExclusiveTestFunction | Mocha.PendingTestFunction = IS_THOROUGH ? it.only : it.skip

/** `describe` for a suite that only a thorough run has. */
export const thoroughSuite: Mocha.ExclusiveSuiteFunction | Mocha.PendingSuiteFunction = IS_THOROUGH
  ? describe.only
  : describe.skip
