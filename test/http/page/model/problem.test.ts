import { expect } from 'chai'
import { problemOfAnswer, problemOfDocument, problemOfSilence } from '../../../helpers/internals/http-page-model.js'

const CURES = { ERR_RUN_IN_PROGRESS: 'Wait for its end.' }

describe('problems in words', () => {
  it('take title, code and cure of a problem document, and the code out of the message', () => {
    const body = JSON.stringify({
      title: 'Conflict',
      detail: 'run 7 is under way',
      code: 'ERR_RUN_IN_PROGRESS',
      runId: '7',
    })
    expect(problemOfAnswer({ status: 409, body, retryAfter: '5' }, CURES)).to.deep.equal({
      title: 'Conflict',
      detail: 'run 7 is under way',
      code: 'ERR_RUN_IN_PROGRESS',
      status: 409,
      cure: 'Wait for its end.',
      retryAfterSeconds: 5,
      runId: '7',
    })
  })

  for (const status of [401, 403, 404, 405, 409, 429, 500, 502, 418]) {
    it(`has a title and a cure for a bare ${String(status)}`, () => {
      const problem = problemOfAnswer({ status, body: '<html>proxy</html>', retryAfter: null }, CURES)
      expect(problem.title).to.not.equal('')
      expect(problem.cure).to.be.a('string')
      expect(problem).to.include({ status, code: null, retryAfterSeconds: null })
    })
  }

  it('survives a body that is JSON but no object', () => {
    for (const body of ['null', '[]', '"x"', '{"title":5}', '']) {
      expect(problemOfAnswer({ status: 500, body, retryAfter: 'Wed, 21 Oct 2026' }, CURES)).to.include({
        status: 500,
        retryAfterSeconds: null,
      })
    }
  })

  it('reads a document that came over a stream', () => {
    expect(problemOfDocument('{"status":409,"code":"ERR_RUN_ABORTED","detail":"x"}', CURES)).to.include({
      status: 409,
      code: 'ERR_RUN_ABORTED',
    })
    expect(problemOfDocument('{}', CURES).status).to.equal(500)
  })

  it('has no status where nothing came back', () => {
    expect(problemOfSilence('gone')).to.include({ status: null, detail: 'gone' })
  })
})
