/** `--record` of the benchmarks. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { commandOf, withSection } from '../../bench/support/record.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const RECORD = fileURLToPath(new URL('../../bench/support/record.js', import.meta.url))

describe('withSection()', () => {
  it('puts the newest run first and replaces the one of the same command line', () => {
    const first = withSection('', 'trim', '`node a`', 'one\n')
    const both = withSection(first, 'trim', '`node b`', 'two')
    expect(both.match(/^## .*/gm)).to.deep.equal(['## `node b`', '## `node a`'])
    const again = withSection(both, 'trim', '`node a`', 'three')
    expect(again.match(/^## .*/gm)).to.deep.equal(['## `node a`', '## `node b`'])
    expect(again).to.include('three').and.include('two').and.not.include('one')
    expect(withSection(again, 'trim', '`node a`', 'three')).to.equal(again)
  })
})

describe('commandOf()', () => {
  it('names a Node by its version, not by a path of this machine', () => {
    const args = ['--only', 'buffers', '--node', '/opt/22/node', '--node=/opt/24/node']
    const shown = commandOf('accuracy', args, (node) => `v${node.slice(5, 7)}`)
    expect(shown).to.equal('node dist/bench/accuracy.js --only buffers --node v22 --node=v24')
  })
})

describe('a benchmark with --record', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'record-'))
  const name = path.basename(folder)
  const results = path.join(ROOT, 'bench', 'results', `${name}.md`)
  const script = path.join(folder, `${name}.mjs`)
  afterEach(() => {
    rmSync(results, { force: true })
  })
  after(() => {
    rmSync(folder, { recursive: true })
  })
  const run = (code: string, ...args: string[]) => {
    writeFileSync(script, `import ${JSON.stringify(RECORD)}\n${code}`)
    return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' })
  }

  it('writes down what it prints, with machine, date and commit', () => {
    const { stdout } = run("console.log('held  all'); console.log(process.argv.length)", '--record', '--only', 'x')
    expect(stdout, 'the script does not see the flag').to.equal('held  all\n4\n')
    const text = readFileSync(results, 'utf8')
    expect(text).to.include(`## \`node dist/bench/${name}.js --only x\``)
    expect(text).to.include('held  all\n')
    expect(text).to.match(/^\d{4}-\d\d-\d\dT.*Z, Node v\d.* × .*, every bar held$/m)
  })

  it('says that a bar was missed', () => {
    run("console.log('MISSED'); process.exitCode = 1", '--record')
    expect(readFileSync(results, 'utf8')).to.include('a bar was missed')
  })

  it('writes nothing where it throws, nor without the flag', () => {
    run("console.log('half'); throw new Error('broken')", '--record')
    run("console.log('held')")
    expect(existsSync(results)).to.equal(false)
  })
})
