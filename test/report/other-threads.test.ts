import { expect } from 'chai'
import { controlWindow, otherThreadsWarnings, othersOfRow } from '../helpers/internals/report.js'
import type { OthersCounted, Reading } from '../helpers/internals/measure.js'

const KIB = 1024

function reading(others?: Partial<OthersCounted>): Reading {
  const counted = { count: 2, allocatedBytes: 1000, freedBytes: 500, changes: 7 }
  return {
    allocatedBytes: 0,
    heapBytes: 0,
    mappedBytes: 0,
    ...(others === undefined ? {} : { others: { ...counted, ...others } }),
  }
}

function window(allocated: number, freed: number, more: Partial<OthersCounted> = {}) {
  return { before: reading({}), after: reading({ allocatedBytes: 1000 + allocated, freedBytes: 500 + freed, ...more }) }
}

function row(measured: ReturnType<typeof window>, ...controls: ReturnType<typeof window>[]) {
  return { name: 'users', measurement: { kind: 'atomic' as const, ...measured }, controls: controls.map(controlWindow) }
}

describe('what other threads do in a window', () => {
  it('is told, and widens nothing where null releases saw as much', () => {
    const others = othersOfRow(row(window(90, 80), window(100, 70), window(60, 90)))
    expect(others).to.deep.equal({ otherThreads: { count: 2, allocatedBytes: 90, freedBytes: 80 }, beyondBytes: 0 })
  })

  it('counts as far as it is beyond them: what was allocated, what was freed, or the difference', () => {
    const beyond = (...measured: Parameters<typeof row>) => othersOfRow(row(...measured)).beyondBytes
    expect(beyond(window(150, 80), window(100, 90))).to.equal(60)
    expect(beyond(window(150, 150), window(100, 100))).to.equal(50)
    expect(beyond(window(0, 500), window(0, 100))).to.equal(400)
    expect(beyond(window(100, 0), window(100, 100))).to.equal(100)
    expect(beyond(window(40, 10))).to.equal(40)
  })

  it('is unknown where a thread began or ended, and of a null release says nothing then', () => {
    expect(othersOfRow(row(window(1, 1, { changes: 8 })))).to.deep.equal({ otherThreads: null, beyondBytes: null })
    expect(othersOfRow(row(window(50, 0), window(900, 0, { changes: 8 }))).beyondBytes).to.equal(50)
  })

  it('is nothing where nobody is counted', () => {
    const alone = { before: reading({ count: 0 }), after: reading({ count: 0 }) }
    expect(othersOfRow(row(alone))).to.deep.equal({ beyondBytes: 0 })
    expect(othersOfRow(row({ before: reading(), after: reading() }))).to.deep.equal({ beyondBytes: 0 })
    expect(controlWindow({ before: reading(), after: reading() })).to.not.have.property('otherThreads')
  })

  it('adds up over the windows of a trim', () => {
    const windows = [window(10, 5), window(20, 5)]
    const others = othersOfRow({ name: 'users', measurement: { kind: 'batched', windows }, controls: [] })
    expect(others).to.deep.equal({ otherThreads: { count: 2, allocatedBytes: 30, freedBytes: 10 }, beyondBytes: 30 })
  })

  it('is a warning only where it changes a ± by more than a run can tell', () => {
    const warned = (measured: ReturnType<typeof window>) => otherThreadsWarnings([row(measured)], 8 * KIB)
    expect(warned(window(8 * KIB, 0))).to.deep.equal([])
    expect(warned(window(64 * KIB, 0)).map(({ message }) => message)).to.deep.equal([
      'while "users" was measured, 2 other threads allocated 64.00 KiB and freed 0 B: its ± has 64.00 KiB more, since the null releases saw less of that',
    ])
    expect(warned(window(0, 0, { changes: 8 }))[0]).to.include({ code: 'WARN_OTHER_THREADS', cache: 'users' })
  })
})
