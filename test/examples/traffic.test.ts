import { expect } from 'chai'
import type { Package } from '../../examples/service/catalogue.js'
import { Visitor } from '../../examples/service/traffic.js'

const packages: Package[] = Array.from({ length: 100 }, (_, index) => ({
  folder: `package${index}`,
  files: ['package.json', 'index.js'].map((name) => ({ path: `package${index}/${name}`, bytes: 100 })),
}))

function draw(seed: number, hasSearch = true, count = 5000): string[] {
  const visitor = new Visitor(packages, hasSearch, seed)
  return Array.from({ length: count }, () => visitor.next().path)
}

describe('the visitors of the example service', () => {
  it('visit the same addresses for the same seed, and others for another', () => {
    expect(draw(1)).to.deep.equal(draw(1))
    expect(draw(1)).not.to.deep.equal(draw(2))
  })

  it('come back to a few addresses very often, and still see most of them', () => {
    const counts = new Map<string, number>()
    for (const path of draw(1)) if (path.startsWith('/files/')) counts.set(path, (counts.get(path) ?? 0) + 1)
    const byCount = [...counts.values()].sort((a, b) => b - a)
    expect(byCount[0]).to.be.greaterThan(20 * (byCount.at(-1) ?? 0))
    expect(counts.size).to.be.greaterThan(150)
  })

  it('do not search where there is no search', () => {
    expect(draw(1).some((path) => path.startsWith('/search'))).to.be.true
    expect(draw(1, false).some((path) => path.startsWith('/search'))).to.be.false
  })
})
