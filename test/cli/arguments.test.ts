import { expect } from 'chai'
import { readArguments, refuseOperands } from '../helpers/internals/cli.js'
import type { ArgumentRule, Arguments } from '../helpers/internals/cli.js'

const RULES: Record<string, ArgumentRule> = {
  allocator: { kind: 'choice', of: ['auto', 'jemalloc'] },
  quiet: { kind: 'switch' },
  profile: { kind: 'level', min: 0, max: 62 },
}

function read(...args: string[]): Arguments {
  return readArguments('run', args, RULES)
}

describe('readArguments()', () => {
  it('reads options up to the first argument that is none, and leaves the rest alone', () => {
    const { options, operands: rest } = read('--allocator', 'jemalloc', '--quiet', 'app.js', '--quiet', '--', '-x')
    expect([...options]).to.deep.equal([
      ['allocator', 'jemalloc'],
      ['quiet', true],
    ])
    expect(rest).to.deep.equal(['app.js', '--quiet', '--', '-x'])
  })

  it('takes the first "--" off, and no later one', () => {
    expect(read('--', '--import', 'tsx', '--', 'app.ts').operands).to.deep.equal(['--import', 'tsx', '--', 'app.ts'])
  })

  it('reads --name=value', () => {
    expect(read('--allocator=auto').options.get('allocator')).to.equal('auto')
  })

  it('reads a level behind "=", and takes none that stands by itself', () => {
    expect(read('--profile=16').options.get('profile')).to.equal('16')
    const { options, operands: rest } = read('--profile', '16')
    expect([options.get('profile'), rest]).to.deep.equal([true, ['16']])
  })

  for (const level of ['', '63', '-1', '1.5', '0x10', 'x']) {
    it(`refuses the level ${JSON.stringify(level)}`, () => {
      expect(() => read(`--profile=${level}`)).to.throw('"--profile" takes an integer from 0 to 62')
    })
  }

  it('keeps empty arguments and blanks', () => {
    expect(read('app.js', '', ' a b ').operands).to.deep.equal(['app.js', '', ' a b '])
    expect(read('').operands).to.deep.equal([''])
  })

  for (const [args, expected] of [
    [['--alocator', 'auto'], 'did you mean "--allocator"?'],
    [['--import', 'tsx'], 'known are --allocator, --quiet, --profile'],
    [['-x'], 'has no option "-x"'],
    [['--constructor'], 'has no option "--constructor"'],
    [['--__proto__=1'], 'has no option "--__proto__"'],
    [['--allocator'], '"--allocator" must be one of auto, jemalloc, got nothing'],
    [['--allocator', '--quiet'], 'got "--quiet"'],
    [['--allocator=tcmalloc'], 'got "tcmalloc"'],
    [['--quiet=yes'], '"--quiet" takes no value'],
  ] as const) {
    it(`what could go wrong if it is given ${args.join(' ')}: it is refused with ${expected}`, () => {
      expect(() => read(...args))
        .to.throw('ERR_COMMAND_USAGE')
        .with.property('message')
        .that.includes(expected)
    })
  }
})

describe('refuseRest()', () => {
  it('refuses an argument that has no use', () => {
    expect(() => refuseOperands('doctor', ['now'])).to.throw('ERR_COMMAND_USAGE: "doctor" takes no "now"')
  })
})
