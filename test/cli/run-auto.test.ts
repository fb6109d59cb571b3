import { mkdirSync, writeFileSync, chmodSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { ask, socketOf } from '../auto/programs.js'
import { command, plainEnvironment, startCommand, temporaryFolders } from './fixtures.js'

const folder = temporaryFolders()

describe('run --auto', function () {
  this.timeout(60_000)
  before(function () {
    if (process.platform !== 'linux') this.skip()
  })

  const LIVES = 'console.log(`app=${process.pid};`); setInterval(() => {}, 1000)'

  async function served(args: readonly string[], cwd: string): Promise<string> {
    const session = folder()
    const env = plainEnvironment({ XDG_RUNTIME_DIR: session, CACHE_ATTRIBUTION_AUTO_PID: undefined })
    const { child } = startCommand(['run', '--no-fetch', '--quiet', '--auto', ...args], { env, cwd })
    let pid = 0
    try {
      pid = await new Promise<number>((resolve, reject) => {
        let text = ''
        child.stdout?.on('data', (data: Buffer) => {
          text += data.toString()
          const found = /app=(\d+);/.exec(text)?.[1]
          if (found !== undefined) resolve(Number(found))
        })
        child.once('exit', () => {
          reject(new Error(`it ended, having said: ${text}`))
        })
      })
      const { body } = await ask({ socketPath: await socketOf(pid) }, 'status')
      expect(JSON.parse(body)).to.have.nested.property('process.pid', pid)
      return body
    } finally {
      child.kill('SIGTERM')
      if (pid !== 0) killed(pid)
    }
  }

  it('serves a script', async () => {
    const cwd = folder()
    writeFileSync(path.join(cwd, 'app.cjs'), LIVES)
    await served(['app.cjs'], cwd)
  })

  it('serves the script of a command, and not the command', async () => {
    const cwd = folder()
    writeFileSync(path.join(cwd, 'package.json'), JSON.stringify({ name: 'x', scripts: { start: 'node app.cjs' } }))
    writeFileSync(path.join(cwd, 'app.cjs'), LIVES)
    await served(['npm', 'start'], cwd)
  })

  it('keeps a history where it is told to', async () => {
    const cwd = folder()
    writeFileSync(path.join(cwd, 'app.cjs'), LIVES)
    expect(JSON.parse(await served(['--history', 'reports', 'app.cjs'], cwd))).to.include({ hasHistory: true })
  })

  it('runs a command of the project with its arguments, and ends as it does', async () => {
    const cwd = folder()
    const file = path.join(cwd, 'node_modules/.bin/tool')
    mkdirSync(path.dirname(file), { recursive: true })
    writeFileSync(file, '#!/bin/sh\nprintf "%s|" "$@"\nexit 7\n')
    chmodSync(file, 0o755)
    const { code, stdout } = await command(['run', '--no-fetch', '--quiet', 'tool', 'a b', '--auto'], { cwd })
    expect({ code, stdout }).to.deep.equal({ code: 7, stdout: 'a b|--auto|' })
  })

  it('refuses its options without it', async () => {
    const { code, stderr } = await command(['run', '--allow-release', 'app.js'])
    expect(code).to.equal(2)
    expect(stderr).to.contain('"--allow-release" of "run" goes with --auto')
  })
})

function killed(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // The signal to the command has reached it.
  }
}
