import { expect } from 'chai'
import type { FunctionFacts, Scope } from '../../../src/twin/discover/inspector.js'
import { ObjectReader } from '../../../src/twin/discover/object-reader.js'
import { readVariables as read } from '../../../src/twin/discover/variables.js'
import type { FunctionReader, VariableHome } from '../../../src/twin/discover/variables.js'

function readVariables(
  functions: readonly object[],
  reader: FunctionReader,
  isOfInterest: (scriptId: string) => boolean,
  clock: Parameters<typeof read>[4],
): ReturnType<typeof read> {
  return read(functions, reader, new ObjectReader(), isOfInterest, clock)
}

const CLOCK = { now: () => 0, deadlineMs: 1 }
const held = { is: 'held' }

function homeIn(scope: Scope, inner: (() => void) | object): VariableHome | undefined {
  const facts: FunctionFacts = { scriptId: '7', line: 1, scopes: [scope] }
  return readVariables([inner], { functionFacts: () => facts }, () => true, CLOCK).homes.get(held)?.[0]
}

describe('readVariables()', () => {
  function peek(): void {}
  const CASES: readonly [what: string, scope: Scope, words: string, isModule: boolean][] = [
    ['an ES module', { description: 'Module', variables: { held } }, '', true],
    ['a script', { description: 'Script', variables: { held } }, '', true],
    ['a CommonJS module', { description: 'Closure', variables: { held } }, '', true],
    ['a named function', { description: 'Closure (createCache)', variables: { held } }, 'createCache', false],
    ['a block', { description: 'Block', variables: { held } }, 'closure of peek', false],
  ]
  for (const [what, scope, functionName, isModule] of CASES) {
    it(`names the owner of a variable of ${what}`, () => {
      expect(homeIn(scope, peek)).to.deep.equal({ scriptId: '7', variable: 'held', functionName, isModule })
    })
  }

  it('takes a function without a name for a module only where it stands outermost', () => {
    const scopes = ['Closure', 'Module', 'Global'].map((description, index) => ({
      description,
      variables: index === 0 ? { held } : {},
    }))
    const { homes } = readVariables(
      [peek],
      { functionFacts: () => ({ scriptId: '7', line: 1, scopes }) },
      () => true,
      CLOCK,
    )
    expect(homes.get(held)?.[0]).to.include({ functionName: 'closure of peek', isModule: false })
  })

  it('takes neither globals nor this for variables, and runs no getter', () => {
    expect(homeIn({ description: 'Global', variables: { held } }, peek)).to.equal(undefined)
    expect(homeIn({ description: 'Closure (a)', variables: { this: held } }, peek)).to.equal(undefined)
    const getter = Object.defineProperty({}, 'held', { get: () => expect.fail(), enumerable: true })
    expect(homeIn({ description: 'Module', variables: getter }, peek)).to.equal(undefined)
  })

  it('goes on after a function that cannot be asked', () => {
    let calls = 0
    const reader = {
      functionFacts: (): FunctionFacts => {
        if (calls++ === 0) throw new Error('of another context')
        return { scriptId: '7', line: 1, scopes: [{ description: 'Module', variables: { held } }] }
      },
    }
    const { homes, complete } = readVariables([peek, peek], reader, () => true, CLOCK)
    expect(homes.has(held)).to.equal(true)
    expect(complete).to.equal(true)
  })

  it('stops at its deadline and says so', () => {
    let now = 0
    const reader = { functionFacts: (): FunctionFacts => ({ scriptId: null, line: 1, scopes: [] }) }
    const { complete } = readVariables([peek, peek, peek], reader, () => true, { now: () => now++, deadlineMs: 1 })
    expect(complete).to.equal(false)
  })

  it('gives no script more than its share of the time', () => {
    let now = 0
    let asked = 0
    const reader = {
      functionFacts: (_value: object, withScopes: (scriptId: string) => boolean): FunctionFacts => {
        now += 1500
        if (!withScopes('7')) return { scriptId: '7', line: 1, scopes: [] }
        asked++
        return { scriptId: '7', line: 1, scopes: [{ description: 'Module', variables: {} }] }
      },
    }
    const { complete } = readVariables([peek, peek, peek, peek], reader, () => true, {
      now: () => now,
      deadlineMs: 1e9,
    })
    expect(asked).to.equal(2)
    expect(complete).to.equal(false)
  })
})
