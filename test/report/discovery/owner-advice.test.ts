import { expect } from 'chai'
import { adviceForOwner } from '../../helpers/internals/report-discovery.js'
import type { Owner } from '../../../src/twin/index.js'
import type { OwnerKind } from '../../helpers/internals/report-discovery.js'
import type { Trend } from '../../../src/history/index.js'
import { ownerOf } from '../owners.js'

function advice(rest: Partial<Owner>, path: string | null = 'byId', it_?: string): string | null {
  return adviceForOwner(ownerOf(path, 1_000_000, rest), it_)
}

function growth(verdict: Trend['verdict']): Trend {
  return {
    verdict,
    evidence: 'seen',
    slope: null,
    line: null,
    significance: 0.5,
    lastBytes: 1,
    readings: 30,
    lifetimes: 1,
    spanHours: 5,
    basis: 'measured',
  }
}

describe('adviceForOwner()', () => {
  it('tells only collections of the application to be bounded', () => {
    expect(advice({})).to.equal('Bound it, or register it (fromCache()), and every run measures it.')
    expect(advice({ className: 'Array' })).to.equal('Bound it, or register it, and every run measures it.')
    for (const kind of ['object', 'function', 'variables'] as const) expect(advice({ kind })).to.equal(null)
    for (const from of ['node', 'lodash']) expect(advice({ package: from }) ?? '').not.to.match(/[Bb]ound|register/)
  })

  it('calls a module of a package what it is, and seeks no limit in it', () => {
    const modules: [Partial<Owner>, string | null][] = [
      [{ kind: 'object', className: 'Module', entries: null }, null],
      [{ kind: 'function', className: '(closure)', entries: null }, 'exports'],
      [{ kind: 'object', className: 'Object', entries: null }, 'exports.default'],
      [{ kind: 'object', className: 'system / SourceTextModule', entries: null }, 'x'],
    ]
    for (const [rest, path] of modules) {
      expect(advice({ ...rest, package: 'lodash' }, path)).to.equal(
        'It is a module of the package lodash: several observations (a history, or watch) show whether its memory grows.',
      )
    }
    expect(advice({ package: 'lodash' }, 'exports.cache')).to.match(/show whether it is a cache, or is loaded once/)
  })

  it('seeks a limit in a package where a history shows growth, and asks nothing that it has answered', () => {
    expect(advice({ package: 'pg', growth: growth('growing') })).to.equal(
      'It grows in the package pg: check whether the package has an option that limits it.',
    )
    expect(advice({ package: 'pg', growth: growth('stable') })).to.equal(null)
    expect(advice({ package: 'pg', growth: growth('saturating') })).to.equal(null)
    expect(advice({ package: 'pg', growth: growth('unknown') })).to.match(/several observations/)
  })

  it('names the end of waiting things, held by any package', () => {
    const words: Partial<Record<OwnerKind, RegExp>> = {
      listeners: /listeners are removed/,
      timers: /clear those/,
      immediates: /have run/,
      calls: /promises settle/,
      generators: /return\(\)/,
      sockets: /connections end/,
      requests: /are answered/,
      modules: /import it once/,
    }
    for (const [kind, expected] of Object.entries(words)) {
      for (const from of [null, 'node', 'ws'])
        expect(advice({ kind: kind as OwnerKind, package: from })).to.match(expected)
    }
  })

  it('puts a registered cache before all, and takes the name that it is given', () => {
    expect(advice({ cache: 'users', package: 'pg' })).to.equal('Bound it by size or by age.')
    expect(advice({ kind: 'timers' }, null, 'the largest')).to.match(/^The largest is freed with the timers/)
    expect(advice({}, 'byId', 'the largest')).to.match(/^Bound the largest, /)
  })

  it('prints no control characters of a package', () => {
    expect(advice({ package: 'a\u001b[31m\nb' })).to.match(/^[\x20-\x7e]+$/)
  })
})
