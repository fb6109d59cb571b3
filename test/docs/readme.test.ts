import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const README = fileURLToPath(new URL('../../../README.md', import.meta.url))

describe('README.md', () => {
  const text = readFileSync(README, 'utf8')

  it('has the order of a user', () => {
    const order = [
      'I have a running service',
      'Install',
      'Measure a cache',
      'What a report says',
      'In production: the twin',
    ]
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(headings.filter((heading) => order.includes(heading ?? ''))).to.deep.equal(order)
    expect(headings[0]).to.equal(order[0])
  })

  it('is read in minutes: at most 150 lines', () => {
    expect(text.trimEnd().split('\n').length).to.be.at.most(150)
  })

  it('has the commands of a clone, which .ci/run calls', () => {
    expect(text).to.include('npm ci && npm start').and.to.include('npm ci && npm test')
  })
})
