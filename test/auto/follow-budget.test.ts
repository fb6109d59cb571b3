/** How many instances of a class are followed. */
import { expect } from 'chai'
import { FollowBudget } from '../helpers/internals/auto.js'

describe('a budget of instances that are followed', () => {
  let nowMs: number
  let budget: FollowBudget
  beforeEach(() => {
    nowMs = 1000
    budget = new FollowBudget({ now: () => nowMs })
  })

  /** How many of `count` are followed. */
  function taken(count: number): number {
    return Array.from({ length: count }, () => budget.take()).filter(Boolean).length
  }

  /** In ten seconds, of a hundred a second. */
  function inTenSeconds(): number {
    let followed = 0
    for (let each = 0; each < 1000; each++) {
      nowMs += 10
      followed += taken(1)
    }
    return followed
  }

  it('has all of what a program makes at its start, and two hundred a second after that', () => {
    expect(taken(5000)).to.equal(1280)
    nowMs += 1000
    expect(taken(5000)).to.equal(200)
    nowMs += 3_600_000
    expect(taken(5000)).to.equal(1280)
  })

  it('has few of a class whose instances end soon, also where they are made slowly', () => {
    expect(inTenSeconds()).to.equal(1000)
    budget.note({ followed: 64, alive: 31, lasted: null })
    taken(16)
    expect(inTenSeconds()).to.be.within(45, 70)
  })

  it('has all again when they have proved to stay, and not since nothing was collected yet', () => {
    budget.note({ followed: 64, alive: 0, lasted: null })
    expect(taken(5000)).to.equal(16)
    budget.note({ followed: 64, alive: 60, lasted: null })
    budget.note({ followed: 64, alive: 60, lasted: { followed: 40, alive: 10 } })
    budget.note({ followed: 64, alive: 60, lasted: { followed: 8, alive: 8 } })
    nowMs += 1000
    expect(taken(5000)).to.equal(5)
    budget.note({ followed: 64, alive: 60, lasted: { followed: 40, alive: 38 } })
    nowMs += 1000
    expect(taken(5000)).to.equal(200)
  })

  it('has few of a class that is made for requests from the start, until they have proved to stay', () => {
    budget = new FollowBudget({ isPerRequest: true, now: () => nowMs })
    expect(taken(5000)).to.equal(66)
    budget.note({ followed: 64, alive: 64, lasted: null })
    expect(inTenSeconds()).to.be.within(45, 55)
    budget.note({ followed: 80, alive: 80, lasted: { followed: 64, alive: 64 } })
    nowMs += 1000
    expect(taken(5000)).to.be.within(200, 210)
  })
})
