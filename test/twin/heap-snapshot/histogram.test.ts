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

  it('counts objects by their class, and what is of none by its kind, in words', () => {
    const { classes, engine } = histogram(nodes)
    expect(classes.map(({ className, count, shallowBytes }) => [className, count, shallowBytes])).to.deep.equal([
      ['User', 2, 30],
    ])
    expect(
      engine?.map(({ className, what, count, shallowBytes }) => [className, what, count, shallowBytes]),
    ).to.deep.equal([['(string)', 'strings', 2, 700]])
  })

  it('has no row for the roots: they are no objects', () => {
    const { classes, engine = [], total } = histogram(nodes)
    expect([...classes, ...engine].map(({ className }) => className)).to.have.members(['User', '(string)'])
    expect(total.nodes).to.equal(4)
  })

  it('says of a kind that it does not know that it is of V8, and takes no class for one', () => {
    const { classes, engine = [] } = histogram([
      { name: 'Root', bytes: 0, edges: [1, 2, 3, 4] },
      { name: 'system / Foreign', bytes: 1 },
      { type: 'hidden', name: 'anything', bytes: 2 },
      { name: 'SystemLog', bytes: 3 },
      { name: 'system / Context', bytes: 4 },
    ])
    expect(classes.map(({ className }) => className)).to.have.members(['Root', 'SystemLog'])
    expect(engine.map(({ what }) => what)).to.have.members(["V8's own: Foreign", "V8's own", 'variables of functions'])
  })

  it('sorts by what each class holds', () => {
    const { classes } = histogram([
      { type: 'synthetic', name: '', bytes: 0, edges: [1, 2] },
      { name: 'Small', bytes: 10, edges: [3] },
      { name: 'Large', bytes: 200 },
      { name: 'Held', bytes: 300 },
    ])
    expect(classes.map(({ className, retainedBytes }) => [className, retainedBytes])).to.deep.equal([
      ['Small', 310],
      ['Held', 300],
      ['Large', 200],
    ])
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

  it('sums up what its limit leaves out of the classes, and adds up', () => {
    const { classes, engine = [], others, total } = histogram([...nodes, { name: 'Gone', bytes: 5 }], 1)
    expect(classes).to.have.length(1)
    expect(others).to.deep.equal({ classes: 1, count: 1, shallowBytes: 5 })
    expect(total).to.deep.equal({ nodes: 5, edges: 4, shallowBytes: 735 })
    const listed = [...classes, ...engine, others]
    expect(listed.reduce((sum, { shallowBytes }) => sum + shallowBytes, 0)).to.equal(total.shallowBytes)
    expect(listed.reduce((sum, { count }) => sum + count, 0)).to.equal(total.nodes)
  })

  it('says null, not 0, of what it was not asked for', () => {
    const { classes, engine = [] } = histogram(nodes, 10, false)
    expect([...classes, ...engine].map(({ retainedBytes }) => retainedBytes)).to.deep.equal([null, null])
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
