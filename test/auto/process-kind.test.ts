import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { processKindOf } from '../helpers/internals/auto.js'
import type { ProcessFacts, ProcessKind } from '../helpers/internals/auto.js'
import { OWN_COMMAND_FILE } from '../helpers/internals/module-files.js'

const FACTS: ProcessFacts = { isMainThread: true, pid: 7, env: {}, script: undefined, execArgv: [] }

function kind(facts: Partial<ProcessFacts>): ProcessKind {
  return processKindOf({ ...FACTS, ...facts })
}

describe('the kind of a process', () => {
  const base = mkdtempSync(path.join(os.tmpdir(), 'kind-'))
  after(() => {
    rmSync(base, { recursive: true })
  })

  function script(name: string, file: string): string {
    const folder = path.join(base, 'node_modules', name)
    mkdirSync(path.dirname(path.join(folder, file)), { recursive: true })
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ name }))
    writeFileSync(path.join(folder, file), '')
    return path.join(folder, file)
  }

  it('is a service, by a script of any project or by none', () => {
    expect(kind({})).to.equal('service')
    expect(kind({ script: script('my-service', 'dist/server.js') })).to.equal('service')
    expect(kind({ script: '/no/such/file.js' })).to.equal('service')
    expect(kind({ env: { CACHE_ATTRIBUTION_AUTO_PID: '7' } })).to.equal('service')
  })

  it('is a descendant in what a served process starts', () => {
    expect(kind({ env: { CACHE_ATTRIBUTION_AUTO_PID: '6' } })).to.equal('descendant')
  })

  for (const name of [
    'npm',
    'pnpm',
    'tsx',
    'mocha',
    'jest',
    'vitest',
    'typescript',
    'eslint',
    'pm2',
    '@playwright/test',
  ]) {
    it(`is a tool by a script of ${name}, also by its link in .bin`, () => {
      const file = script(name, 'bin/cli.js')
      expect(kind({ script: file })).to.equal('tool')
      const link = path.join(base, `${name.replace('/', '-')}-link`)
      symlinkSync(file, link)
      expect(kind({ script: link })).to.equal('tool')
      expect(kind({ script: file, env: { CACHE_ATTRIBUTION_AUTO_PID: '6' } })).to.equal('tool')
    })
  }

  it('is a service by the script with which pm2 starts one, and a tool by a file of another package that is named so', () => {
    for (const file of ['ProcessContainer.js', 'ProcessContainerFork.js']) {
      expect(kind({ script: script('pm2', `lib/${file}`) })).to.equal('service')
      expect(kind({ script: script('mocha', `lib/${file}`) })).to.equal('tool')
    }
    expect(kind({ script: script('pm2', 'lib/Daemon.js') })).to.equal('tool')
  })

  for (const file of ['npm-cli.js', 'npx-cli.js', 'yarn-4.9.1.cjs', 'yarn.js', 'pnpm.cjs', 'corepack.js']) {
    it(`is a tool by the file ${file} of a project`, () => {
      expect(kind({ script: script('my-service', `.yarn/releases/${file}`) })).to.equal('tool')
    })
  }

  it('is a service by a file that is only named like one', () => {
    for (const file of ['yarnball.js', 'my-npm-cli.js', 'npm-cli.json.js', 'pnpm-server.js']) {
      expect(kind({ script: script('my-service', file) }), file).to.equal('service')
    }
  })

  it("is a tool in a worker, in a test runner's process, and where it is switched off", () => {
    expect(kind({ isMainThread: false })).to.equal('tool')
    expect(kind({ env: { NODE_TEST_CONTEXT: 'child-v8' } })).to.equal('tool')
    expect(kind({ env: { JEST_WORKER_ID: '1' } })).to.equal('tool')
    expect(kind({ env: { VITEST: 'true' } })).to.equal('tool')
    expect(kind({ execArgv: ['--import', 'x', '--test'] })).to.equal('tool')
    expect(kind({ execArgv: ['--test-reporter=tap'] })).to.equal('tool')
    expect(kind({ env: { CACHE_ATTRIBUTION_AUTO: 'off' } })).to.equal('tool')
  })

  it("is a tool by this package's own command", () => {
    expect(kind({ script: fileURLToPath(OWN_COMMAND_FILE) })).to.equal('tool')
  })

  it('is a service beside a package.json that cannot be read', () => {
    const file = script('broken', 'server.js')
    for (const text of ['{', '[]', 'null', '{"name":5}', '']) {
      writeFileSync(path.join(path.dirname(file), 'package.json'), text)
      expect(kind({ script: file }), text).to.equal('service')
    }
  })
})
