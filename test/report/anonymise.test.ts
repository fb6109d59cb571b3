import { expect } from 'chai'
import { anonymise } from '../helpers/internals/report.js'
import { holdingsOf, treeOfSample } from '../helpers/internals/report-holdings.js'
import { isReport } from '../helpers/internals/history.js'
import type { AttributionReport } from '../../src/index.js'
import { discoveryOf, ownerOf } from './owners.js'
import { report, row, sample } from './reports.js'

/** Every name of a customer that could stand in a report. */
const SECRETS = ['acme', 'Wile', 'coyote', 'secret-host', 'rocket']

function named(): AttributionReport {
  const owner = ownerOf('acmeStore › wile.rocketIndex', 4e6, {
    script: 'file:///home/coyote/rocket/server.js',
    package: '@acme/rockets',
    className: 'WileRocket',
    site: { function: 'buildRocket', script: '/home/coyote/rocket/queue.js', line: 7, count: 3 },
    disagreement: 'a Buffer of acmeStore › wile.rocketIndex is shared',
  })
  return report(
    [
      row('acme users', 5e6, {
        status: 'failed',
        error: { code: 'ERR_MALLCTL', message: 'cannot open /home/coyote/secret-host.sock' },
        told: { bytes: 7, source: 'acme users counts them' },
      }),
      row('acme', 1e6),
    ],
    {
      discovery: { ...discoveryOf([owner]), live: { totalBytes: 9e6, ownedBytes: 4e6, restBytes: 5e6 } },
      breakdown: {
        name: 'process',
        bytes: 30,
        note: 'largest: measured caches (/home/coyote)',
        children: [
          {
            name: 'allocator',
            bytes: 10,
            children: [{ name: 'live', bytes: 10, children: [{ name: 'cache acme users', bytes: 10 }] }],
          },
          { name: 'mapped files', bytes: 20, children: [{ name: '/home/coyote/rocket.db', bytes: 20 }] },
        ],
      },
      warnings: [
        {
          code: 'WARN_ALIASED',
          message: '"acme users" and "acme" hold the same values; see C:\\coyote\\x.js',
          cache: 'acme users',
        },
      ],
    },
  )
}

describe('anonymise()', () => {
  const original = named()
  const anonymous = anonymise(original)
  const text = JSON.stringify(anonymous)

  it('leaves no name of a cache, a path, a package, a class or a function', () => {
    for (const secret of SECRETS) expect(text.toLowerCase(), secret).to.not.contain(secret.toLowerCase())
  })

  it('calls the same thing the same, in rows, trees, warnings and texts', () => {
    expect(anonymous.caches.map(({ name }) => name)).to.deep.equal(['cache 1', 'cache 2'])
    expect(anonymous.warnings[0]?.cache).to.equal('cache 1')
    expect(anonymous.warnings[0]?.message).to.match(/^"cache 1" and "cache 2" hold the same values; see path \d+$/)
    expect(text).to.contain('"cache cache 1"')
    expect(anonymous.caches[0]?.told?.source).to.equal('cache 1 counts them')
    const [owner] = anonymous.discovery?.owners ?? []
    expect(owner?.disagreement).to.equal(`a Buffer of ${String(owner?.path)} is shared`)
  })

  it('keeps every figure, and what says nothing of the program', () => {
    const figures = (value: unknown): string => JSON.stringify(value).replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    expect(figures(anonymous)).to.equal(figures(original))
    const { id, mode, process, startedAt } = original
    expect(anonymous).to.include({ id, mode, startedAt })
    expect(anonymous.process).to.deep.equal(process)
    expect(anonymous.breakdown?.children?.map(({ name }) => name)).to.deep.equal(['allocator', 'mapped files'])
    expect(anonymous.warnings[0]?.code).to.equal('WARN_ALIASED')
    expect(anonymise(report([])).caches).to.deep.equal([])
  })

  it('is still a report, of which the same rows are made', () => {
    expect(isReport(JSON.parse(text))).to.equal(true)
    const bytesOf = ({
      caches,
      before,
      mode,
      discovery = null,
    }: Omit<AttributionReport, 'discovery'> & { discovery?: AttributionReport['discovery'] | null }): number[] =>
      holdingsOf({
        tree: treeOfSample(before, []),
        report: { caches, mode },
        discovery,
        isAfterRelease: true,
      }).rows.map(({ bytes }) => bytes)
    expect(bytesOf(anonymous)).to.deep.equal(bytesOf(original))
  })

  it('copes with names that are patterns, prototypes, empty or of every script, and with many of them', () => {
    const names = ['', '.*', '__proto__', 'constructor', 'a"b\\c', '\u202Eevil', '😀', 'line\nend', '(', 'кэш']
    const many = Array.from({ length: 2000 }, (_, index) => row(`shop ${String(index)}`, 1))
    const found = anonymise(
      report([...names.map((name) => row(name, 1)), ...many], {
        warnings: names.map((name) => ({
          code: 'WARN_ALIASED',
          message: `it is ${JSON.stringify(name)}`,
          cache: name,
        })),
      }),
    )
    expect(new Set(found.caches.map(({ name }) => name)).size).to.equal(names.length + many.length)
    expect(found.warnings.map(({ cache }) => cache)).to.deep.equal(
      names.map((_, index) => `cache ${String(index + 1)}`),
    )
    expect(JSON.stringify(found)).to.not.match(/shop|evil|кэш|constructor|😀/)
  })

  it('copes with what is no report', () => {
    for (const value of [null, 7, 'text', [], {}]) expect(() => anonymise<unknown>(value)).to.not.throw()
    expect(sample(1, 1)).to.deep.equal(anonymise(sample(1, 1)))
  })
})
