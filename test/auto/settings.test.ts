import { expect } from 'chai'
import { isSwitchedOff, readSettings } from '../helpers/internals/auto.js'
import type { AutoSettings } from '../helpers/internals/auto.js'

function settings(env: NodeJS.ProcessEnv): AutoSettings {
  const { settings: read, problems } = readSettings(env)
  expect(problems).to.deep.equal([])
  return read
}

function problemOf(env: NodeJS.ProcessEnv): string {
  const { problems } = readSettings(env)
  expect(problems, JSON.stringify(env)).to.have.length(1)
  return problems[0] ?? ''
}

const NOTHING = readSettings({}).settings

describe('the environment of auto', () => {
  it('asks for a socket, for no reports and no live release where it says nothing', () => {
    const { libraries, ...rest } = settings({ PATH: '/bin' })
    expect(rest).to.deep.equal({
      endpoint: true,
      extra: null,
      token: null,
      history: null,
      blackBox: null,
      logMs: null,
      attributeMs: null,
      allowRelease: false,
      quiet: false,
    })
    expect([...libraries]).to.include.members(['lru-cache', 'keyv', 'sharp'])
  })

  it('counts an empty variable, as a container leaves one, as none', () => {
    const names = [
      'ADMIN',
      'TOKEN',
      'HISTORY',
      'BLACK_BOX',
      'LOG',
      'ATTRIBUTE',
      'ALLOW_RELEASE',
      'INSTRUMENT',
      'QUIET',
      'AUTO',
    ]
    const env = Object.fromEntries(names.map((name, index) => [`CACHE_ATTRIBUTION_${name}`, index % 2 ? '' : '  ']))
    expect(settings(env)).to.deep.equal(NOTHING)
  })

  for (const [text, extra] of [
    ['port', { kind: 'port', host: '127.0.0.1', port: 0 }],
    ['0', { kind: 'port', host: '127.0.0.1', port: 0 }],
    ['3111', { kind: 'port', host: '127.0.0.1', port: 3111 }],
    ['localhost:3111', { kind: 'port', host: 'localhost', port: 3111 }],
    ['[::1]:65535', { kind: 'port', host: '::1', port: 65_535 }],
    ['/run/app/admin.sock', { kind: 'path', path: '/run/app/admin.sock' }],
    ['socket', null],
    ['SOCKET', null],
  ] as const) {
    it(`takes the address ${text}`, () => {
      expect(settings({ CACHE_ATTRIBUTION_ADMIN: text })).to.deep.equal({ ...NOTHING, extra })
    })
  }

  it('switches the endpoint off, and all of auto', () => {
    for (const text of ['off', 'OFF', 'no', 'none', 'false']) {
      expect(settings({ CACHE_ATTRIBUTION_ADMIN: text }).endpoint).to.equal(false)
      expect(isSwitchedOff({ CACHE_ATTRIBUTION_AUTO: text })).to.equal(true)
    }
    expect(isSwitchedOff({})).to.equal(false)
    expect(isSwitchedOff({ CACHE_ATTRIBUTION_AUTO: 'on' })).to.equal(false)
  })

  it('opens an address for other machines with a token alone', () => {
    const address = { CACHE_ATTRIBUTION_ADMIN: '0.0.0.0:9000' }
    expect(problemOf(address)).to.contain('needs CACHE_ATTRIBUTION_TOKEN: it is not opened')
    expect(readSettings(address).settings).to.deep.equal(NOTHING)
    const token = 'x'.repeat(16)
    expect(settings({ ...address, CACHE_ATTRIBUTION_TOKEN: token }).extra).to.include({ host: '0.0.0.0', port: 9000 })
    for (const host of ['::', 'example.com', '10.0.0.1', '127.0.0.1.example.com', '::ffff:10.0.0.1']) {
      const where = host.includes(':') ? `[${host}]:1` : `${host}:1`
      expect(problemOf({ CACHE_ATTRIBUTION_ADMIN: where }), host).to.contain('not opened')
    }
  })

  for (const [text, ms] of [
    ['90s', 90_000],
    ['90', 90_000],
    ['1000ms', 1000],
    ['1.5h', 5_400_000],
    ['15 m', 900_000],
    ['7d', 604_800_000],
    ['off', null],
  ] as const) {
    it(`takes the interval ${text}`, () => {
      expect(settings({ CACHE_ATTRIBUTION_LOG: text }).logMs).to.equal(ms)
      expect(settings({ CACHE_ATTRIBUTION_ATTRIBUTE: text }).attributeMs).to.equal(ms)
    })
  }

  it('takes the libraries that register themselves', () => {
    expect([...settings({ CACHE_ATTRIBUTION_INSTRUMENT: 'off' }).libraries]).to.deep.equal([])
    expect([...settings({ CACHE_ATTRIBUTION_INSTRUMENT: 'keyv, lru-cache' }).libraries]).to.deep.equal([
      'keyv',
      'lru-cache',
    ])
    expect(settings({ CACHE_ATTRIBUTION_INSTRUMENT: 'on' })).to.deep.equal(NOTHING)
  })

  for (const [name, values] of Object.entries({
    ADMIN: [
      '99999',
      '-1',
      '1.5',
      'http://127.0.0.1:1',
      'relative/path.sock',
      ':80',
      'a b:1',
      `/${'x'.repeat(200)}`,
      '/a\0b',
    ],
    TOKEN: ['short', 'with blanks in the middle', 'ü'.repeat(20), 'x'.repeat(2000), 'token-with-newline\nand-more'],
    HISTORY: ['/var/\0/x'],
    LOG: ['often', '0', '0s', '999ms', '-5s', '5w', '1e3s', 'Infinity', '9999999999s', '400d', '1,5h', '٣s'],
    ATTRIBUTE: ['true', 'NaN', '{}'],
    ALLOW_RELEASE: ['maybe', '2', 'on\u202e'],
    INSTRUMENT: ['lru-cache;keyv', 'express', '__proto__', 'constructor'],
    QUIET: ['quiet'],
    AUTO: ['maybe'],
  })) {
    it(`passes over what it does not understand of ${name}, and says so`, () => {
      for (const value of values) {
        const env = { [`CACHE_ATTRIBUTION_${name}`]: value }
        expect(problemOf(env)).to.match(new RegExp(`^CACHE_ATTRIBUTION_${name} must be .* got ".*: it is passed over$`))
        expect(problemOf(env).length).to.be.lessThan(500)
        expect(readSettings(env).settings).to.deep.equal(NOTHING)
      }
    })
  }

  it('tells of a variable that does not exist, with the nearest that does', () => {
    expect(problemOf({ CACHE_ATTRIBUTION_ALOW_RELEASE: '1' })).to.contain(
      'did you mean CACHE_ATTRIBUTION_ALLOW_RELEASE?',
    )
    expect(settings({ CACHE_ATTRIBUTION_JEMALLOC: '/x', CACHE_ATTRIBUTION_AUTO_PID: '1' })).to.deep.equal(NOTHING)
    const many = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`CACHE_ATTRIBUTION_Q${String(index)}`, '']),
    )
    expect(readSettings(many).problems.length).to.equal(10)
  })
})
