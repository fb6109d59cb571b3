import { expect } from 'chai'
import { ThreadWatch } from '../helpers/internals/measure.js'

/** A watch over looks that are given one after the other: the ids at work, or a count without ids. */
function watchOver(...polls: readonly (readonly number[] | number)[]): ThreadWatch {
  let next = 0
  return new ThreadWatch((ids) => {
    const poll = polls[next++] ?? []
    if (typeof poll === 'number') return poll
    ids.set(poll.slice(0, ids.length))
    return poll.length
  })
}

/** One drain that runs into its bound after `looks` looks. */
function drainInVain(watch: ThreadWatch, polls: number): void {
  watch.begin()
  for (let poll = 0; poll < polls; poll++) watch.isAnyAtWork()
  watch.giveUp()
}

describe('ThreadWatch', () => {
  it('sees a thread that works', () => {
    expect(watchOver([7]).isAnyAtWork()).to.equal(true)
  })

  it('sees none where none works', () => {
    expect(watchOver([]).isAnyAtWork()).to.equal(false)
  })

  it('takes a kernel that does not tell for rest', () => {
    expect(watchOver(-1).isAnyAtWork()).to.equal(false)
  })

  it('passes over what worked at every look of a drain in vain', () => {
    const watch = watchOver([7], [7], [7])
    drainInVain(watch, 2)
    expect(watch.isAnyAtWork()).to.equal(false)
    expect(watch.passedOver()).to.deep.equal([7])
    watch.forget()
    expect(watch.passedOver()).to.deep.equal([])
  })

  it('does not pass over what rested at one look', () => {
    const watch = watchOver([7, 8], [8], [7, 8], [7], [8])
    drainInVain(watch, 3)
    expect([watch.isAnyAtWork(), watch.isAnyAtWork()]).to.deep.equal([true, false])
  })

  it('passes nothing over where at one look no thread worked, or the kernel did not answer', () => {
    for (const gap of [[], -1]) {
      const watch = watchOver([7], gap, [7], [7])
      drainInVain(watch, 3)
      expect(watch.isAnyAtWork()).to.equal(true)
    }
  })

  it('passes nothing over after a drain without a look', () => {
    const watch = watchOver([7])
    drainInVain(watch, 0)
    expect(watch.isAnyAtWork()).to.equal(true)
  })

  it('begins every drain anew', () => {
    const watch = watchOver([7], [8], [7])
    watch.begin()
    watch.isAnyAtWork()
    drainInVain(watch, 1)
    expect(watch.isAnyAtWork()).to.equal(true)
  })

  it('keeps what it passes over for all later drains', () => {
    const watch = watchOver([7], [8], [7, 8])
    drainInVain(watch, 1)
    drainInVain(watch, 1)
    expect(watch.isAnyAtWork()).to.equal(false)
  })

  it('does not read beyond its own array where more threads work than it holds', () => {
    const many = Array.from({ length: 5000 }, (_, index) => index + 1)
    const watch = watchOver(many, many)
    drainInVain(watch, 1)
    expect(watch.isAnyAtWork()).to.be.a('boolean')
  })
})
