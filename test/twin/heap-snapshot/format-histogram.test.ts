import { expect } from 'chai'
import { formatHistogram } from '../../../src/twin/index.js'
import type { ClassHistogram } from '../../../src/twin/index.js'

const HISTOGRAM: ClassHistogram = {
  method: 'heap walk',
  reason: null,
  classes: [
    { className: 'UserStore', count: 1, shallowBytes: 96, retainedBytes: 190_000_000 },
    { className: 'User', count: 100_000, shallowBytes: 9_600_000, retainedBytes: 20_000_000 },
  ],
  engine: [
    { className: '(string)', what: 'strings', count: 500_000, shallowBytes: 16_000_000, retainedBytes: 16_000_000 },
  ],
  others: { classes: 700, count: 40_000, shallowBytes: 4_000_000 },
  total: { nodes: 640_001, edges: 1_600_000, shallowBytes: 200_000_000 },
}

function shown(histogram: ClassHistogram): string[] {
  return formatHistogram(histogram, { color: false }).split('\n')
}

describe('formatHistogram()', () => {
  it('says what there is of each class, and what it holds', () => {
    expect(shown(HISTOGRAM)).to.deep.equal([
      'Live objects by class (640,001 objects, 190.7 MiB, 1,600,000 references)',
      '',
      'class        count   shallow   retained   share',
      'UserStore        1      96 B  181.2 MiB  95.0 %',
      'User       100,000  9.16 MiB  19.07 MiB  10.0 %',
      'and 700 other classes: 40,000 objects, 3.81 MiB',
      '',
      "Of no class (what holds the objects above, and V8's own)",
      '',
      'what       count    shallow   retained  share',
      'strings  500,000  15.26 MiB  15.26 MiB  8.0 %',
    ])
  })

  it('shows a result of an older version, in which classes have everything', () => {
    const { engine, ...older } = HISTOGRAM
    expect(engine).to.have.length(1)
    expect(shown(older)).to.have.length(6)
  })

  it('says how the largest of a class is reached, and what it holds where there are several', () => {
    const largest = { retainedBytes: 5_000_000, path: 'byId[*]', script: 'file:///app/store.js' }
    const classes = [
      { className: 'Bus', count: 1, shallowBytes: 96, retainedBytes: 32_505_856, largest: { ...largest, path: 'bus' } },
      { className: 'User', count: 9, shallowBytes: 96, retainedBytes: 6_000_000, largest },
      {
        className: 'Odd',
        count: 9,
        shallowBytes: 96,
        retainedBytes: 6,
        largest: { ...largest, path: null, script: null },
      },
    ]
    expect(shown({ ...HISTOGRAM, classes }).slice(2, 6)).to.deep.equal([
      'class  count  shallow   retained   share  how the largest is reached',
      'Bus        1     96 B  31.00 MiB  16.3 %  store.js › bus',
      'User       9     96 B   5.72 MiB   3.0 %  store.js › byId[*] (4.77 MiB)',
      'Odd        9     96 B        6 B   0.0 %',
    ])
  })

  it('leaves out a column that was not asked for', () => {
    const classes = HISTOGRAM.classes.map((row) => ({ ...row, retainedBytes: null }))
    expect(shown({ ...HISTOGRAM, classes }).slice(2, 4)).to.deep.equal([
      'class        count   shallow  share',
      'UserStore        1      96 B  0.0 %',
    ])
  })

  it('says nothing of others where there are none', () => {
    const others = { classes: 0, count: 0, shallowBytes: 0 }
    expect(shown({ ...HISTOGRAM, others, engine: [] })).to.have.length(5)
  })

  it('shows a hostile name in one line', () => {
    const classes = [{ className: `\u001b[2J\n${'x'.repeat(500)}`, count: 1, shallowBytes: 1, retainedBytes: 1 }]
    const lines = shown({ ...HISTOGRAM, classes, engine: [] })
    expect(lines).to.have.length(5)
    // eslint-disable-next-line no-control-regex -- it looks for them
    expect(lines.join('')).to.not.match(/[\u0000-\u001f]/)
  })

  it('refuses an option that it does not have', () => {
    expect(() => formatHistogram(HISTOGRAM, { colour: true } as never)).to.throw('ERR_OPTION_UNKNOWN')
  })
})
