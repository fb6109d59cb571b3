import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { command, commandHere, plainEnvironment, requireJemalloc } from './fixtures.js'
import { OWN_AUTO_FILE } from '../helpers/internals/module-files.js'

let library = ''

async function env(...args: string[]): Promise<string> {
  const chosen = plainEnvironment({ CACHE_ATTRIBUTION_JEMALLOC: library })
  const { code, stdout, stderr } = await commandHere(['env', '--no-fetch', ...args], chosen)
  expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  return stdout
}

describe('env', () => {
  before(async function () {
    if (process.platform === 'win32') this.skip()
    library = await requireJemalloc(this)
  })

  it('prints what run sets, on one line that a shell takes', async () => {
    const started = await command(['env', '--no-fetch'], {
      env: plainEnvironment({ CACHE_ATTRIBUTION_JEMALLOC: library }),
    })
    expect(started).to.deep.include({ code: 0, stderr: '', stdout: `LD_PRELOAD=${library}\n` })
    expect(await env()).to.equal(started.stdout)
    const line = await env('--profile=17')
    expect(line).to.match(
      /^LD_PRELOAD=\S+ MALLOC_CONF=prof:true,prof_active:false,prof_stats:true,lg_prof_sample:17\n$/,
    )
    const shown = execFileSync('sh', ['-c', `eval "${line.trim()} printenv MALLOC_CONF LD_PRELOAD"`], {
      encoding: 'utf8',
    })
    expect(shown.split('\n')[1]).to.equal(library)
  })

  it('prints the lines of each format', async () => {
    expect(await env('--format', 'docker')).to.equal(`ENV LD_PRELOAD="${library}"\n`)
    expect(await env('--format=systemd')).to.equal(`Environment="LD_PRELOAD=${library}"\n`)
    expect(await env('--format=dotenv')).to.equal(`LD_PRELOAD="${library}"\n`)
    expect(JSON.parse(await env('--format=json'))).to.deep.equal({ LD_PRELOAD: library })
    const shown: unknown = JSON.parse((await env('--format=pm2')).replace(/^env: /, '').replace(/,\n$/, ''))
    expect(shown).to.deep.equal({ LD_PRELOAD: library })
  })

  it('loads auto from where this package is, with its settings', async () => {
    const args = [
      '--auto',
      '--allow-release',
      '--admin',
      '127.0.0.1:3111',
      '--history',
      '/var/lib/x y',
      '--format=json',
    ]
    const entry = OWN_AUTO_FILE.href
    expect(JSON.parse(await env(...args))).to.deep.equal({
      LD_PRELOAD: library,
      NODE_OPTIONS: `--import=${entry}`,
      CACHE_ATTRIBUTION_ALLOW_RELEASE: '1',
      CACHE_ATTRIBUTION_ADMIN: '127.0.0.1:3111',
      CACHE_ATTRIBUTION_HISTORY: '/var/lib/x y',
    })
  })

  it('is the same under jemalloc, and keeps other options of Node', async () => {
    const outer = plainEnvironment({
      CACHE_ATTRIBUTION_JEMALLOC: library,
      LD_PRELOAD: `${library}:libm.so.6`,
      NODE_OPTIONS: '--no-deprecation',
    })
    const { stdout } = await command(['env', '--no-fetch', '--auto', '--format=json'], { env: outer })
    const { LD_PRELOAD, NODE_OPTIONS } = JSON.parse(stdout) as Record<string, string>
    expect(LD_PRELOAD).to.equal(`${library}:libm.so.6`)
    expect(NODE_OPTIONS).to.match(/^--no-deprecation --import=file:/)
  })

  it('quotes what a shell, Docker or systemd would take for its own', async () => {
    const history = `/a'b$c"d\\e%f`
    const shell = await env('--auto', '--history', history)
    const shown = execFileSync('sh', ['-c', `${shell.trim()} printenv CACHE_ATTRIBUTION_HISTORY`], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], LD_PRELOAD: '' },
    })
    expect(shown).to.equal(`${history}\n`)
    expect(await env('--auto', '--history', history, '--format=docker')).to.contain(
      String.raw`ENV CACHE_ATTRIBUTION_HISTORY="/a'b\$c\"d\\e%f"`,
    )
    expect(await env('--auto', '--history', history, '--format=systemd')).to.contain(
      String.raw`Environment="CACHE_ATTRIBUTION_HISTORY=/a'b$c\"d\\e%%f"`,
    )
  })

  it('refuses what it does not understand', async () => {
    for (const args of [
      ['--admin', 'port'],
      ['--format', 'yaml'],
      ['x'],
      ['--auto', '--history', 'a\nb'],
      ['--admin'],
    ]) {
      const { code, stdout, stderr } = await commandHere(['env', '--no-fetch', ...args])
      expect({ code, stdout }, args.join(' ')).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).to.contain('ERR_COMMAND_USAGE')
    }
  })
})
