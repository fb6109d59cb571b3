/** Several copies of the package in one process, as two dependencies bring them, each with an addon of its own. */
import { expect } from 'chai'
import { runFixture } from '../helpers/child.js'
import { thoroughSuite } from '../helpers/thorough.js'
import type { CopiesOrder, CopiesResult } from './fixtures/copies.js'

const ORDERS: Readonly<Record<CopiesOrder, string>> = {
  'main-first': 'where the main thread loaded its copy first',
  'worker-first': 'where a worker loaded its copy first',
  'first-unloaded': 'where the copy that was loaded first went with its worker',
}

for (const [order, words] of Object.entries(ORDERS)) {
  const suite = order === 'first-unloaded' ? describe : thoroughSuite
  suite(`the locks of a process, over copies and threads, ${words}`, function () {
    this.timeout(60_000)
    let result: CopiesResult
    before(async () => {
      result = await runFixture('coordinator/fixtures/copies', { args: [order], timeoutMs: 50_000 })
    })

    it('are those of three addons', () => {
      expect(result.addons).to.equal(3)
    })

    it('refuse a run to a worker while the main thread runs', () => {
      expect(result.workerWhileMainRuns).to.equal('ERR_RUN_IN_PROGRESS')
    })

    it('refuse a run to the main thread and to another worker while a worker runs', () => {
      expect(result.mainWhileWorkerRuns).to.equal('ERR_RUN_IN_PROGRESS')
      expect(result.otherWorkerWhileWorkerRuns).to.equal('ERR_RUN_IN_PROGRESS')
    })

    it('are free when the worker that ran is terminated in the middle', () => {
      expect([result.mainAfterTermination, result.workerAfterTermination]).to.deep.equal(['a report', 'a report'])
    })

    it('hold for the state of the profiler too', () => {
      expect(result.profiling).to.deep.equal({
        worker: 'taken',
        main: 'refused',
        mainAfterTermination: 'taken',
        workerWhileMainHas: 'refused',
      })
    })
  })
}
