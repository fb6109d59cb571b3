import { expect } from 'chai'
import { layOut, predictPauseMs, selectCaches, stepsWithin } from '../../helpers/internals/coordinator-run.js'
import type { PlannableCache, PlannedTurn } from '../../helpers/internals/coordinator-run.js'
import { randomOf } from '../world.js'

const COST = { forced: 40, natural: 2, none: 3 }

function cache(name: string, traits: Partial<PlannableCache> = {}): PlannableCache {
  return { name, gc: 'forced', lossless: true, refillCost: 'medium', asynchronous: false, ...traits }
}

function caches(count: number, traits: Partial<PlannableCache> = {}): PlannableCache[] {
  return Array.from({ length: count }, (_, index) => cache(String(index), traits))
}

/** A plan in a line: `c` is a control, a bar ends a turn. */
function shown(turns: readonly PlannedTurn[]): string {
  return turns
    .map(({ steps }) => steps.map((step) => (step.kind === 'control' ? 'c' : step.planned.name)).join(' '))
    .join(' | ')
}

function chosen(names: readonly string[], options: Parameters<typeof selectCaches>[1], rotation = 0): string {
  return selectCaches(
    names.map((name) => cache(name)),
    options,
    rotation,
  )
    .order.map(({ name }) => name)
    .join('')
}

describe('the choice of caches', () => {
  it('is all of them in the order of registration', () => {
    expect(chosen(['b', 'a', 'c'], {})).to.equal('bac')
  })

  it('rotates by one a run, and comes round', () => {
    const orders = [0, 1, 2, 3, 4, 3_000_000].map((rotation) => chosen(['a', 'b', 'c'], {}, rotation))
    expect(orders).to.deep.equal(['abc', 'bca', 'cab', 'abc', 'bca', 'abc'])
  })

  it('rotates what is left when some are put out', () => {
    expect(chosen(['a', 'b', 'c', 'd'], { except: ['b'] }, 1)).to.equal('cda')
  })

  it('is the order of only, whatever the rotation', () => {
    expect(chosen(['a', 'b', 'c'], { only: ['c', 'a'] }, 5)).to.equal('ca')
  })

  it('leaves out of only what except names', () => {
    expect(chosen(['a', 'b', 'c'], { only: ['c', 'b', 'a'], except: ['b'] })).to.equal('ca')
  })

  it('is nothing of nothing', () => {
    expect(selectCaches([], {}, 7)).to.deep.equal({ order: [], skipped: [] })
    expect(chosen(['a'], { only: [] })).to.equal('')
    expect(chosen(['a'], { except: ['a'] }, 3)).to.equal('')
  })

  it('leaves out what is costly or lossy, and says why', () => {
    const { order, skipped } = selectCaches(
      [cache('a', { refillCost: 'high' }), cache('b', { lossless: false }), cache('c', { refillCost: 'low' })],
      {},
      0,
    )
    expect(order.map(({ name }) => name)).to.deep.equal(['c'])
    expect(skipped.map(({ planned: { name }, error }) => ({ name, error }))).to.deep.equal([
      {
        name: 'a',
        error: {
          code: 'ERR_RELEASE_UNNAMED',
          message: 'it is costly to refill: name it in "only" to release it',
        },
      },
      {
        name: 'b',
        error: { code: 'ERR_RELEASE_UNNAMED', message: 'it is not lossless: name it in "only" to release it' },
      },
    ])
  })

  it('leaves to twins what must not be released here, named or not', () => {
    const offered = [cache('a', { live: false, lossless: false }), cache('b', { live: true })]
    for (const choice of [{}, { only: ['a', 'b'] }]) {
      const { order, skipped } = selectCaches(offered, choice, 0)
      expect(order.map(({ name }) => name)).to.deep.equal(['b'])
      expect(skipped.map(({ planned, error }) => [planned.name, error.code])).to.deep.equal([['a', 'ERR_RELEASE_LIVE']])
    }
  })

  it('takes them when only names them', () => {
    const { order, skipped } = selectCaches([cache('a', { refillCost: 'high', lossless: false })], { only: ['a'] }, 0)
    expect(order.map(({ name }) => name)).to.deep.equal(['a'])
    expect(skipped).to.deep.equal([])
  })

  it('gives no row to what except names, costly or not', () => {
    const { skipped } = selectCaches([cache('a', { refillCost: 'high' })], { except: ['a'] }, 0)
    expect(skipped).to.deep.equal([])
  })
})

describe('the turns', () => {
  it('are one a cache unless a budget allows for more', () => {
    expect(shown(layOut(caches(3), 0, () => 1))).to.equal('0 | 1 | 2')
  })

  it('share up to so many steps, controls among them', () => {
    expect(shown(layOut(caches(5), 2, () => 3))).to.equal('c 0 1 | c 2 3 | 4')
  })

  it('are of an asynchronous cache alone', () => {
    const order = [cache('a'), cache('b', { asynchronous: true }), cache('d'), cache('e')]
    expect(shown(layOut(order, 0, () => 10))).to.equal('a | b | d e')
  })

  it('are of one kind of collection each', () => {
    const order = [cache('a'), cache('b', { gc: 'none' }), cache('d', { gc: 'none' }), cache('e')]
    const turns = layOut(order, 0, () => 10)
    expect(shown(turns)).to.equal('a | b d | e')
    expect(turns.map(({ gc }) => gc)).to.deep.equal(['forced', 'none', 'forced'])
  })

  it('are of one cache each where V8 collects by itself, with no controls', () => {
    expect(shown(layOut(caches(3, { gc: 'natural' }), 5, () => 10))).to.equal('0 | 1 | 2')
  })

  it('have as many controls as asked for of each forced kind in use', () => {
    const order = [cache('a'), cache('b', { gc: 'none' }), cache('d', { gc: 'natural' })]
    for (const controls of [0, 1, 7]) {
      const turns = layOut(order, controls, () => 1)
      for (const kind of ['forced', 'none', 'natural'] as const) {
        const count = turns.filter(({ gc, steps }) => gc === kind && steps[0]?.kind === 'control').length
        expect(count, kind).to.equal(kind === 'natural' ? 0 : controls)
      }
    }
  })

  it('have every cache once, in order, and exactly the controls, for 0 to 100 of them and 0 to 50 caches', () => {
    for (let count = 0; count <= 50; count++) {
      const order = caches(count)
      for (const controls of [0, 1, 2, 3, 4, 5, 7, 10, 33, 50, 99, 100]) {
        const steps = layOut(order, controls, () => 4).flatMap((turn) => turn.steps)
        const names = steps.flatMap((step) => (step.kind === 'cache' ? step.planned.name : []))
        expect(names).to.deep.equal(order.map(({ name }) => name))
        expect(steps.length - names.length).to.equal(count === 0 ? 0 : controls)
      }
    }
  })

  it('spread the controls evenly: no two gaps between them differ by more than one cache', () => {
    for (const [count, controls] of [
      [10, 4],
      [50, 7],
      [9, 3],
      [50, 50],
    ] as const) {
      const steps = layOut(caches(count), controls, () => 1).flatMap((turn) => turn.steps)
      const places = steps.flatMap((step, index) => (step.kind === 'control' ? [index] : []))
      const gaps = places.slice(1).map((place, index) => place - (places[index] ?? 0))
      expect(Math.max(...gaps) - Math.min(...gaps)).to.be.lessThan(2)
      expect(places[0]).to.equal(0)
    }
  })

  it('never hold more steps than allowed, whatever is mixed', () => {
    const random = randomOf(7)
    for (let round = 0; round < 200; round++) {
      const order = Array.from({ length: Math.floor(random() * 30) }, (_, index) =>
        cache(String(index), {
          gc: (['forced', 'natural', 'none'] as const)[Math.floor(random() * 3)] ?? 'forced',
          asynchronous: random() < 0.2,
        }),
      )
      const most = { forced: 1 + Math.floor(random() * 4), natural: 1, none: 1 + Math.floor(random() * 9) }
      const turns = layOut(order, Math.floor(random() * 10), (gc) => most[gc])
      for (const { gc, steps } of turns) {
        expect(steps.length).to.be.within(1, most[gc])
        if (steps.some((step) => step.kind === 'cache' && step.planned.asynchronous)) expect(steps).to.have.length(1)
      }
      const names = turns.flatMap(({ steps }) =>
        steps.flatMap((step) => (step.kind === 'cache' ? step.planned.name : [])),
      )
      expect(names).to.deep.equal(order.map(({ name }) => name))
    }
  })

  it('change nothing of what they are made from', () => {
    const order = Object.freeze(caches(3).map((each) => Object.freeze(each)))
    expect(() => layOut(order, 2, () => 2)).not.to.throw()
    expect(() => selectCaches(order, Object.freeze({ except: Object.freeze(['1']) }), 1)).not.to.throw()
  })

  it('of 10,000 caches take time in proportion: ten times the caches, at most 30 times the time', () => {
    const time = (count: number): number => {
      const all = caches(count)
      const except = all.filter((_, index) => index % 3 === 0).map(({ name }) => name)
      const startedMs = performance.now()
      layOut(selectCaches(all, { except }, 17).order, 100, () => 3)
      layOut(selectCaches(all, { only: except }, 17).order, 100, () => 3)
      return performance.now() - startedMs
    }
    time(2_000)
    const [small, large] = [time(1_000), time(10_000)]
    expect(large).to.be.lessThan(Math.max(100, 30 * small))
  })
})

describe('the pause of a turn', () => {
  it('is one settling more than it has steps', () => {
    expect(predictPauseMs(COST, 'forced', 3)).to.equal(160)
  })

  it('bounds the steps: as many as fit, and none where not one does', () => {
    expect(stepsWithin(COST, 'forced', 79)).to.equal(0)
    expect(stepsWithin(COST, 'forced', 80)).to.equal(1)
    expect(stepsWithin(COST, 'forced', 160)).to.equal(3)
    expect(stepsWithin(COST, 'none', 160)).to.equal(50)
  })

  it('does not bound the steps where nobody asked: one a turn', () => {
    expect(stepsWithin(COST, 'forced', undefined)).to.equal(1)
  })

  it('always fits what it allows', () => {
    const random = randomOf(3)
    for (let round = 0; round < 1000; round++) {
      const cost = { ...COST, forced: random() * 300 }
      const pauseMs = 1 + random() * 1000
      const steps = stepsWithin(cost, 'forced', pauseMs)
      if (steps > 0) expect(predictPauseMs(cost, 'forced', steps)).to.be.at.most(pauseMs + 1e-6)
    }
  })

  it('has a bound of its own where a collection costs nothing', () => {
    expect(stepsWithin({ ...COST, forced: 0 }, 'forced', 86_400_000)).to.equal(50)
  })
})
