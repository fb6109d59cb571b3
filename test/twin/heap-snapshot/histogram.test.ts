import { expect } from 'chai'
import { histogramOf, SnapshotParser } from '../../helpers/internals/twin-heap-snapshot.js'
import type { ClassHistogram } from '../../../src/twin/index.js'
import { snapshotJson } from './snapshots.js'
import type { NodeLiteral } from './snapshots.js'

function histogram(nodes: readonly NodeLiteral[], limit = 10, retained = true): ClassHistogram {
  const parser = new SnapshotParser()
  parser.write(Buffer.from(snapshotJson(nodes)))
  return histogramOf(parser.finish(), { limit, retained })
}

describe('histogramOf()', () => {
  const nodes: NodeLiteral[] = [
    { type: 'synthetic', name: '', bytes: 0, edges: [1, 2] },
    { name: 'User', bytes: 10, edges: [3, 4] },
    { name: 'User', bytes: 20 },
    { type: 'string', name: 'anything', bytes: 300 },
    { type: 'string', name: 'else', bytes: 400 },
  ]

  it('counts objects by their class and V8 kinds by their type', () => {
    const rows = histogram(nodes).classes.map(({ className, count, shallowBytes }) => [className, count, shallowBytes])
    expect(rows).to.have.deep.members([
      ['User', 2, 30],
      ['(string)', 2, 700],
      ['(synthetic)', 1, 0],
    ])
  })

  it('sorts by what each class holds', () => {
    const rows = histogram(nodes).classes.map(({ className, retainedBytes }) => [className, retainedBytes])
    expect(rows).to.have.deep.members([
      ['User', 730],
      ['(synthetic)', 730],
      ['(string)', 700],
    ])
    expect(rows[2]?.[0]).to.equal('(string)')
  })

  it('counts what lies in an object of the same class once', () => {
    const list = [
      { name: 'Root', bytes: 0, edges: [1] },
      { name: 'Link', bytes: 1, edges: [2] },
      { name: 'Other', bytes: 1, edges: [3] },
      { name: 'Link', bytes: 1 },
    ]
    const link = histogram(list).classes.find(({ className }) => className === 'Link')
    expect(link).to.include({ count: 2, shallowBytes: 2, retainedBytes: 3 })
  })

  it('sums up what its limit leaves out', () => {
    const { classes, others, total } = histogram(nodes, 1)
    expect(classes).to.have.length(1)
    expect(others.classes).to.equal(2)
    expect(others.shallowBytes + (classes[0]?.shallowBytes ?? NaN)).to.equal(730)
    expect(total).to.deep.equal({ nodes: 5, edges: 4, shallowBytes: 730 })
  })

  it('says null, not 0, of what it was not asked for', () => {
    const { classes } = histogram(nodes, 10, false)
    expect(classes.map(({ retainedBytes }) => retainedBytes)).to.deep.equal([null, null, null])
    expect(classes[0]?.className).to.equal('(string)')
  })

  it('counts what is only weakly held, and holds nothing through it', () => {
    const { classes } = histogram([
      { name: 'Root', edges: [[1, 'weak']] },
      { name: 'Gone', bytes: 7 },
    ])
    expect(classes.find(({ className }) => className === 'Gone')).to.include({
      count: 1,
      shallowBytes: 7,
      retainedBytes: 0,
    })
  })
})
