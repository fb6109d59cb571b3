import { expect } from 'chai'
import { diagnosisText } from '../helpers/internals/cli-doctor.js'
import type { Examination } from '../helpers/internals/cli-doctor.js'
import { formatProfileTable } from '../helpers/internals/cli.js'
import { formatTopTable } from '../../src/heap-profile/index.js'
import type { TopTable } from '../../src/heap-profile/index.js'
import { formatBreakdown } from '../../src/index.js'
import type { MemoryNode } from '../../src/index.js'
import { PLAIN_PALETTE } from '../helpers/internals/report.js'
import { widthOf } from '../helpers/internals/support.js'
import { formatHistogram } from '../../src/twin/index.js'
import type { ClassHistogram } from '../../src/twin/index.js'

const LONG = `readEveryRecord (${'a-folder/of-some-depth/'.repeat(5)}records.ts)`

const profile: TopTable = {
  by: 'function',
  type: 'inuse_space',
  unit: 'bytes',
  total: 123_456_789,
  rows: [
    {
      name: LONG,
      flat: 100_000_000,
      flatUncertainty: 4_000_000,
      cumulative: 123_456_789,
      cumulativeUncertainty: 5_000_000,
    },
    { name: 'short', flat: 23_456_789, flatUncertainty: 1e6, cumulative: 23_456_789, cumulativeUncertainty: 1e6 },
  ],
}

const finding = {
  present: false,
  detail: `no native build was found: ${'a reason '.repeat(30)}`,
  mend: 'npm i '.repeat(30),
}
const examination = {
  node: { version: 'v20.20.2', path: `/opt/${'node/'.repeat(20)}bin/node` },
  platform: { os: 'linux', arch: 'x64', libc: 'glibc', libcVersion: '2.36', secureStart: null },
  addon: finding,
  ffi: finding,
  library: { ...finding, path: null, source: null },
  here: { name: 'glibc', version: null, statistic: 'mallinfo2', binding: 'addon', reason: 'because '.repeat(20) },
  underRun: null,
  twin: finding,
  ready: false,
} as unknown as Examination

const tree: MemoryNode = {
  name: 'process',
  bytes: 4e8,
  children: [
    { name: `/usr/lib/${'x/'.repeat(60)}lib.so`, bytes: 3e8, note: 'a note that says something about it at length' },
    { name: 'short', bytes: 1e8 },
  ],
}

const counted: ClassHistogram = {
  method: 'heap walk',
  reason: null,
  classes: Array.from({ length: 3 }, (_, place) => ({
    className: `AClassWithAVeryLongName${'Indeed'.repeat(20)}${String(place)}`,
    count: 12_345_678,
    shallowBytes: 123_456_789,
    retainedBytes: 223_456_789,
  })),
  engine: [
    {
      className: '(closure)',
      what: 'functions',
      count: 9,
      shallowBytes: 10,
      retainedBytes: 11,
      largest: { retainedBytes: 8, path: `a${'.member'.repeat(10)}`, script: '/app/server.js' },
    },
  ],
  others: { classes: 4, count: 5, shallowBytes: 6 },
  total: { nodes: 7, edges: 8, shallowBytes: 9 },
}

const OUTPUTS: Readonly<Record<string, (width: number) => string>> = {
  profile: (width) => formatProfileTable(profile, { ...PLAIN_PALETTE, width }),
  doctor: (width) => diagnosisText(examination, width),
  breakdown: (width) => formatBreakdown(tree, { color: false, width }),
  histogram: (width) => formatHistogram(counted, { color: false, width }),
}

describe('tables of the command', () => {
  for (const [name, textAt] of Object.entries(OUTPUTS)) {
    for (const width of [40, 60, 80, 120]) {
      it(`${name} keeps within ${width} columns, and loses nothing`, () => {
        const text = textAt(width)
        for (const line of text.split('\n')) expect(widthOf(line), line).to.be.at.most(width)
        const letters = (given: string): string[] => [...given.replace(/[\s,]/g, '')].toSorted()
        const [narrow, whole] = [letters(text), letters(textAt(100_000))]
        // Titles may stand at each figure; nothing else is new, and nothing is missing.
        expect(narrow.length).to.be.at.least(whole.length - 60)
      })
    }
  }

  it('a profile that fits is the table of the library', () => {
    expect(formatProfileTable(profile, { ...PLAIN_PALETTE, width: 500 })).to.equal(formatTopTable(profile))
  })

  it('a profile that does not has its figures in columns, or below the name', () => {
    const at100 = formatProfileTable(profile, { ...PLAIN_PALETTE, width: 100 })
    expect(at100).to.match(/^ *flat +± +flat % +sum % +cumulative +± +cum % +function/m)
    const at60 = formatProfileTable(profile, { ...PLAIN_PALETTE, width: 60 })
    expect(at60).to.match(/^short\n {2}flat 22\.37 MiB, ± 976\.6 KiB, flat % 19\.0 %/m)
  })

  it('what the doctor says goes on below itself', () => {
    const lines = diagnosisText(examination, 60).split('\n')
    const place = lines.findIndex((line) => line.includes('addon'))
    expect(lines[place + 1]).to.match(/^ {18}\S/)
  })
})
