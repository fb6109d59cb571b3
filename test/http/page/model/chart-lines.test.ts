import { expect } from 'chai'
import { axisRange } from '../../../helpers/internals/http-page-model.js'

describe('the span of an axis of time', () => {
  for (const [name, times, span] of [
    ['one reading has a minute around it', [1000], [970, 1030]],
    ['two within a minute as well', [1000, 1010], [975, 1035]],
    ['others go from the first to the last', [1000, 1050, 90_000], [1000, 90_000]],
    ['none has a minute too', [], [-30, 30]],
  ] as const) {
    it(name, () => {
      expect(axisRange(times)).to.deep.equal(span)
    })
  }
})
