import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { findProgram } from '../helpers/internals/cli.js'
import type { FoundProgram } from '../helpers/internals/cli.js'
import { temporaryFolders } from './fixtures.js'

const NODE = '/opt/node'
const folder = temporaryFolders()

describe('the program that run starts', () => {
  let cwd: string
  beforeEach(() => {
    cwd = folder()
  })

  function find(program: readonly string[], env: NodeJS.ProcessEnv = { PATH: '' }): FoundProgram {
    return findProgram(program, { cwd, env, execPath: NODE })
  }

  function file(name: string, text = '', mode = 0o644): string {
    const whole = path.join(cwd, name)
    mkdirSync(path.dirname(whole), { recursive: true })
    writeFileSync(whole, text)
    chmodSync(whole, mode)
    return whole
  }

  function isScript(program: readonly string[]): void {
    const { file: started, args, isNode } = find(program)
    expect({ started, args, isNode }).to.deep.equal({ started: NODE, args: program, isNode: true })
  }

  it('is a script by its ending, there or not, and flags of Node with one', () => {
    isScript(['app.js', '--port', '1'])
    isScript(['src/app.mjs'])
    isScript(['--max-old-space-size=100', 'app'])
    isScript(['-r', './hook.cjs', 'app.js'])
  })

  it('is a script where Node would find one without an ending, or in a folder', () => {
    file('server')
    file('app.js')
    file('main/index.js')
    file('package/package.json', '{}')
    file('bin/www', '#!/usr/bin/env node\n', 0o755)
    for (const name of ['server', 'app', './app', 'main', 'package', 'bin/www', './bin/www']) isScript([name])
  })

  it('is a file in the folder before a command of the same name', () => {
    file('node_modules/.bin/server', '#!/bin/sh\n', 0o755)
    expect(find(['server']).isNode).to.equal(false)
    file('server')
    isScript(['server'])
  })

  it('is an executable for something else than Node, where its path is given', () => {
    const started = file('start.sh', '#!/bin/sh\n', 0o755)
    expect(find(['./start.sh', 'a'])).to.deep.include({ file: started, args: ['a'], isNode: false })
    const binary = file('bin/server', '\u007fELF', 0o755)
    expect(find(['bin/server']).file).to.equal(binary)
    file('not-executable', '#!/bin/sh\n')
    isScript(['./not-executable'])
  })

  it('is a command of the project, from here or a folder above', () => {
    const script = file('node_modules/tool/cli.js', '#!/usr/bin/env node\n', 0o755)
    mkdirSync(path.join(cwd, 'node_modules/.bin'))
    const link = path.join(cwd, 'node_modules/.bin/tool')
    symlinkSync(script, link)
    const inner = path.join(cwd, 'packages/one')
    mkdirSync(inner, { recursive: true })
    const found = findProgram(['tool', '--x', 'a b'], { cwd: inner, env: { PATH: '/bin' }, execPath: NODE })
    expect(found).to.deep.include({ file: link, args: ['--x', 'a b'], isNode: false })
    expect(found.env['PATH']).to.equal(`${path.dirname(link)}:/bin`)
  })

  it('is a command of PATH, whose first executable counts', () => {
    const first = path.join(cwd, 'first')
    const second = file('second/tool', '', 0o755)
    file('first/tool', '', 0o644)
    expect(find(['tool'], { PATH: `${first}:${path.dirname(second)}` }).file).to.equal(second)
    mkdirSync(path.join(cwd, 'third/tool'), { recursive: true })
    expect(find(['tool'], { PATH: `${cwd}/third:second` }).file).to.equal(second)
  })

  it('is refused where there is neither a file nor a command', () => {
    for (const name of ['nosuch', './nosuch', 'a/b', '']) {
      expect(() => find([name]), name).to.throw('ERR_COMMAND_START')
    }
    expect(() => find(['nosuch'], {})).to.throw('no command of this name in node_modules/.bin or PATH')
  })

  it('is refused with the way out where it is TypeScript that this Node does not run', function () {
    if ((process.features as { typescript?: unknown }).typescript !== undefined) this.skip()
    for (const name of ['server.ts', 'src/server.mts', 'a.cts', 'view.tsx']) {
      expect(() => find([name]), name).to.throw(`run tsx ${name}, run -- --import tsx ${name}, or use Node 22.18`)
    }
    expect(find(['server.ts'], { NODE_OPTIONS: '--enable-source-maps --import tsx' }).isNode).to.equal(true)
    isScript(['--import', 'tsx', 'server.ts'])
    isScript(['types.d.tsv.js'])
  })
})
