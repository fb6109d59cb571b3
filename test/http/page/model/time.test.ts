import { expect } from 'chai'
import { formatAge, formatDuration } from '../../../helpers/internals/http-page-model.js'

describe('ages and durations', () => {
  it('are told in their largest unit', () => {
    expect([0, 12_400, 300_000, 3 * 3.6e6, 50 * 3.6e6].map(formatAge)).to.deep.equal([
      'just now',
      '12 s ago',
      '5 min ago',
      '3 h ago',
      '2 d ago',
    ])
  })

  it('carry a second unit from an hour on', () => {
    expect([900, 61_000, 3.6e6, 11_530_000, 187_200_000].map(formatDuration)).to.deep.equal([
      '0 s',
      '1 min',
      '1 h',
      '3 h 12 min',
      '2 d 4 h',
    ])
  })

  it('are never negative where two clocks differ', () => {
    expect(formatAge(-5000)).to.equal('just now')
    expect(formatDuration(-5000)).to.equal('0 s')
  })
})
