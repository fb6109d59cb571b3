/** Expressions over foreign text: paths, listings of the system, scripts. Each takes the time of the text's length. */
import { SmapsParser } from '../helpers/internals/breakdown.js'
import { listedLibraries, mappedJemalloc } from '../helpers/internals/cli-jemalloc.js'
import { parseHeapProfile } from '../../src/heap-profile/index.js'
import { packageOf } from '../helpers/internals/support.js'
import { expectLinear } from '../helpers/linear.js'

interface Reading {
  readonly text: (length: number) => string
  readonly read: (text: string) => unknown
}

const READINGS: Readonly<Record<string, Reading>> = {
  'a mapping of blanks in smaps': {
    text: (length) => `0-a r--p 0 00:00 0 ${' '.repeat(length)}\r\n`,
    read: (text) => {
      const parser = new SmapsParser()
      parser.write(Buffer.from(text))
      return parser.end()
    },
  },
  'a mapping of blanks in a profile': {
    text: (length) => `0-a r-xp 0 00:00 0 ${' '.repeat(length)}\u2028`,
    read: (text) =>
      parseHeapProfile([Buffer.from(`heap_v2/1\nMAPPED_LIBRARIES:\n${text}\n`)]).catch((error: unknown) => error),
  },
  'a mapping of slashes': {
    text: (length) => `${'/'.repeat(length)}\u2028/`,
    read: mappedJemalloc,
  },
  'a listing of libraries': {
    text: (length) => `x (${') => /'.repeat(length / 6)}\u2028`,
    read: (text) => listedLibraries(text, 'x'),
  },
  'a path of a script': {
    text: (length) => '@'.repeat(length),
    read: packageOf,
  },
  'a path of packages': {
    text: (length) => '/node_modules/@a'.repeat(length / 16),
    read: packageOf,
  },
}

describe('expressions over foreign text', function () {
  this.timeout(60_000)
  for (const [what, { text, read }] of Object.entries(READINGS)) {
    it(`take time by its length: ${what}`, async () => {
      await expectLinear(text, read, 60_000)
    })
  }
})
