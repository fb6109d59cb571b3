import { expect } from 'chai'
import type { RawHolder, RawOwner } from '../../helpers/internals/allocator.js'
import { jointOuters } from '../../helpers/internals/twin-owners.js'

function outersOf(count: number, holders: readonly (readonly [number, number])[], partOf: Record<number, number> = {}) {
  const owners = Array.from({ length: count }, (_, place) => ({ partOf: partOf[place] ?? -1 }) as RawOwner)
  const raw = holders.map(([owner, holder]) => ({ owner, holder, count: 1 }) as RawHolder)
  const found = jointOuters({ owners, holders: raw })
  return owners.flatMap((owner, place) => {
    const outer = found.get(owner)
    return outer === undefined ? [] : [[place, owners.indexOf(outer)]]
  })
}

describe('what the members of a group hold together', () => {
  it('lies in the group where every reference comes out of it', () => {
    expect(outersOf(2, [[1, 0]])).to.deep.equal([[1, 0]])
  })

  it('lies in none where another holds it, the roots or what has no owner', () => {
    expect(
      outersOf(3, [
        [1, 0],
        [1, 2],
      ]),
    ).to.deep.equal([])
    expect(
      outersOf(2, [
        [1, 0],
        [1, -1],
      ]),
    ).to.deep.equal([])
  })

  it("lies in it where the other is the group's already", () => {
    expect(
      outersOf(3, [
        [1, 0],
        [2, 0],
        [2, 1],
      ]),
    ).to.deep.equal([
      [1, 0],
      [2, 0],
    ])
  })

  it('counts what lies in an owner of the group as the group', () => {
    expect(outersOf(3, [[2, 1]], { 1: 0 })).to.deep.equal([[2, 0]])
  })

  it('is of neither of two that hold each other alone', () => {
    expect(
      outersOf(2, [
        [0, 1],
        [1, 0],
      ]).length,
    ).to.be.at.most(1)
  })

  it('is where the dominators have it, if they do', () => {
    expect(outersOf(3, [[1, 2]], { 1: 0 })).to.deep.equal([])
  })
})
