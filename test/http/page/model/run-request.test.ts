import { expect } from 'chai'
import { bodyOf, confirmationOf, targetsOf } from '../../../helpers/internals/http-page-model.js'
import type { RunForm } from '../../../helpers/internals/http-page-model.js'
import { cacheViews, reportOf } from '../fixtures/fake-data.js'

const FORM: RunForm = {
  mode: 'twin',
  scope: 'all',
  ticked: [],
  controls: null,
  percent: 5,
  twins: 2,
  choice: 'random',
  pauseMs: 300,
  discover: 20,
}
const names = (list: readonly { readonly name: string }[]): string[] => list.map(({ name }) => name)

describe('what the form asks for', () => {
  it('holds only what its mode knows', () => {
    expect(bodyOf(FORM)).to.deep.equal({ mode: 'twin', twins: 2, discover: 20 })
    expect(bodyOf({ ...FORM, mode: 'release', controls: 0 })).to.deep.equal({
      mode: 'release',
      controls: 0,
      budget: { pauseMs: 300 },
    })
    expect(bodyOf({ ...FORM, mode: 'trim', percent: 10, pauseMs: null })).to.deep.equal({
      mode: 'trim',
      fraction: 0.1,
      choice: 'random',
    })
  })

  it('names the ticked', () => {
    expect(bodyOf({ ...FORM, scope: 'only', ticked: ['a'], twins: null, discover: null })).to.deep.equal({
      mode: 'twin',
      only: ['a'],
    })
    expect(bodyOf({ ...FORM, scope: 'except', ticked: ['a'], twins: null, discover: null })).to.deep.equal({
      mode: 'twin',
      except: ['a'],
    })
  })

  it('takes every cache in a twin, and leaves out lossy and costly ones of the live process', () => {
    expect(targetsOf(FORM, cacheViews()).taken).to.have.length(7)
    const live = targetsOf({ ...FORM, mode: 'release' }, cacheViews())
    expect(names(live.leftOut)).to.deep.equal(['documents', 'sessions'])
    expect(live.taken).to.have.length(5)
  })

  it('takes a lossy cache that is ticked', () => {
    const { taken } = targetsOf({ mode: 'release', scope: 'only', ticked: ['sessions'] }, cacheViews())
    expect(names(taken)).to.deep.equal(['sessions'])
  })

  it('knows which caches cannot drop a part', () => {
    expect(names(targetsOf({ ...FORM, mode: 'trim' }, cacheViews()).unable)).to.deep.equal(['sqlite pages'])
  })

  it('takes a cache that is released in twins alone for no run in the live process', () => {
    const caches = cacheViews().map((view) => ({ ...view, traits: { ...view.traits, live: view.name !== 'dns' } }))
    for (const mode of ['release', 'trim'] as const) {
      expect(names(targetsOf({ ...FORM, mode }, caches).unable)).to.include('dns')
    }
    expect(names(targetsOf({ ...FORM, mode: 'twin' }, caches).taken)).to.include('dns')
  })

  it('says what a release costs before it is asked for', () => {
    const form: RunForm = { ...FORM, mode: 'release', scope: 'only', ticked: ['sessions', 'documents'] }
    const { title, costs, action } = confirmationOf(form, cacheViews(), reportOf({ id: 'a', mode: 'release' }))
    expect(title).to.equal('Release 2 caches in the live process?')
    expect(action).to.equal('Release and measure')
    const words = costs.join('\n')
    expect(words).to.contain('20,794 entries')
    expect(words).to.contain('51 ms at most')
    expect(words).to.contain('Lost for good, by their registration: sessions.')
    expect(words).to.contain('Costly to fill again: documents.')
  })

  it('says what a trim costs', () => {
    const { title, costs } = confirmationOf({ ...FORM, mode: 'trim' }, cacheViews(), null)
    expect(title).to.equal('Drop 5 % of 4 caches in the live process?')
    expect(costs.join('\n')).to.contain('Skipped, because they cannot drop a part: sqlite pages.')
  })
})
