import { expect } from 'chai'
import { growingUint32 } from '../../helpers/internals/heap-profile-profile.js'
import { randomOf } from '../fuzz/profile-fuzz.js'

describe('a growing column', () => {
  it('holds what a list would hold, over the borders of its pieces', () => {
    const random = randomOf(23)
    const column = growingUint32()
    const list: number[] = []
    for (let round = 0; round < 400; round++) {
      for (let count = Math.floor(random() * 1500); count > 0; count--) {
        list.push(count)
        column.push(count)
      }
      if (random() < 0.2) {
        // Also to lengths that end with a piece.
        const length = random() < 0.5 ? list.length & ~0xffff : Math.floor(random() * list.length)
        list.length = length
        column.truncate(length)
      }
      if (list.length > 0) {
        const index = Math.floor(random() * list.length)
        list[index] = (list[index] ?? 0) + 7
        column.increase(index, 7)
        expect(column.pop()).to.equal(list.pop())
      }
      expect(column.length).to.equal(list.length)
    }
    expect(Buffer.from(column.taken().buffer).equals(Buffer.from(Uint32Array.from(list).buffer))).to.equal(true)
    expect(column.length).to.equal(0)
    column.push(5)
    expect([...column.taken()]).to.deep.equal([5])
  })
})
