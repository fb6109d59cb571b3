import { expect } from 'chai'
import { PLAIN_PALETTE, formatTable } from '../helpers/internals/report.js'
import type { TableColumn } from '../helpers/internals/report.js'
import { widthOf } from '../helpers/internals/support.js'

interface Row {
  readonly name: string
  readonly bytes: string
  readonly note: string
}

const COLUMNS: readonly TableColumn<Row>[] = [
  { title: 'owner', alignsLeft: true, cell: ({ name }) => name },
  { title: 'holds', cell: ({ bytes }) => bytes },
  { title: 'unknown', cell: () => '–' },
  { title: '', alignsLeft: true, cell: ({ note }) => note },
]
const ROWS: readonly Row[] = [
  { name: 'server.js › UserStore.byId: Map(4,000)', bytes: '32.72 MiB', note: 'package users, by the graph alone' },
  { name: 'queue.js › jobs', bytes: '1.00 MiB', note: '' },
]

function tableOf(width: number): string[] {
  return formatTable(COLUMNS, ROWS, { ...PLAIN_PALETTE, width }, () => (text) => text)
}

describe('formatTable()', () => {
  it('has one line a row where nothing bounds it, and no column in which nothing is known', () => {
    expect(tableOf(Infinity)).to.deep.equal([
      'owner                                       holds',
      'server.js › UserStore.byId: Map(4,000)  32.72 MiB  package users, by the graph alone',
      'queue.js › jobs                          1.00 MiB',
    ])
  })

  it('wraps its texts by segment where it is too wide', () => {
    expect(tableOf(60)).to.deep.equal([
      'owner                        holds',
      'server.js                32.72 MiB  package users, by the',
      '› UserStore.byId:                   graph alone',
      'Map(4,000)',
      'queue.js › jobs           1.00 MiB',
    ])
  })

  it('lists the figures of a row by name where its numbers leave no room for texts', () => {
    expect(tableOf(30)).to.deep.equal([
      'server.js › UserStore.byId:',
      'Map(4,000)',
      '  holds 32.72 MiB, package',
      '  users, by the graph alone',
      'queue.js › jobs',
      '  holds 1.00 MiB',
    ])
  })

  it('has the number of a row before its name there', () => {
    const numbered = [{ title: '#', cell: (row: Row) => String(ROWS.indexOf(row) + 1) }, ...COLUMNS]
    expect(formatTable(numbered, ROWS, { ...PLAIN_PALETTE, width: 30 }, () => (text) => text)).to.deep.equal([
      '1  server.js › UserStore.byId:',
      '   Map(4,000)',
      '   holds 32.72 MiB, package',
      '   users, by the graph alone',
      '2  queue.js › jobs',
      '   holds 1.00 MiB',
    ])
  })

  it('keeps to every width from 20 on, and to every word', () => {
    const whole = tableOf(Infinity).slice(1).join('').split(/\s+|,/).toSorted()
    for (let width = 20; width < 90; width++) {
      const lines = tableOf(width)
      expect(Math.max(...lines.map(widthOf)), String(width)).to.be.at.most(width)
      const words = lines.join(' ').split(/\s+|,/)
      for (const word of whole) expect(words.join(' ')).to.contain(word.slice(0, 5))
    }
  })
})
