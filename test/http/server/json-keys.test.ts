import { expect } from 'chai'
import { repeatedKey } from '../../helpers/internals/http-server.js'

describe('repeatedKey()', () => {
  for (const [text, key] of [
    ['{"a":1,"b":2}', undefined],
    ['{"a":1,"a":2}', 'a'],
    ['{"a":{"b":1},"b":2}', undefined],
    ['{"a":[{"b":1},{"b":2}],"c":3}', undefined],
    ['{"a":[{"b":1,"b":2}]}', 'b'],
    ['{"a":"a","b":"a"}', undefined],
    ['{"a":["x","x"]}', undefined],
    ['{"a":1,"\\u0061":2}', 'a'],
    ['{"a\\"":1,"a\\\\":2}', undefined],
    ['{"a":"{\\"b\\":1,\\"b\\":2}"}', undefined],
    ['{ "a" : 1 ,\n "a" : 2 }', 'a'],
    ['{"":1,"":2}', ''],
    ['{"a":{},"a":[]}', 'a'],
    [`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`, undefined],
  ] as const) {
    it(`finds ${key === undefined ? 'none' : JSON.stringify(key)} in ${text.slice(0, 40)}`, () => {
      expect(JSON.parse(text)).to.be.an('object')
      expect(repeatedKey(text)).to.equal(key)
    })
  }
})
