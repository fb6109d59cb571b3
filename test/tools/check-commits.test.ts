/** The check of commit messages: over real histories that git makes. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect } from 'chai'

const TOOL = fileURLToPath(new URL('../../../tools/check-commits.mjs', import.meta.url))
const GOOD = 'twin: treat an unparsable frame as a crash\n\nA frame cut in half was read as a result.'

describe('tools/check-commits', function () {
  this.timeout(30_000)
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'commits-'))
    git('init', '--quiet', '--initial-branch', 'main')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true })
  })

  function git(...args: string[]): void {
    const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.org', '-c', 'commit.gpgsign=false']
    execFileSync('git', [...who, ...args], { cwd: folder, stdio: 'pipe' })
  }
  const commit = (message: string): void => {
    git('commit', '--quiet', '--allow-empty', '--cleanup=verbatim', '-m', message)
  }
  const check = (root = folder, ...range: string[]) =>
    spawnSync(process.execPath, [TOOL, '--root', root, ...range], { encoding: 'utf8' })

  it('passes commits of an area, an imperative and a body', () => {
    commit('A root of any form')
    git('tag', 'v1')
    for (const subject of ['docs, tools: move the pages', 'heap-profile: process frames', 'page: need no timer']) {
      commit(`${subject}\n\nWhy.`)
    }
    const { status, stdout } = check()
    expect(stdout).to.equal('commits: 3 checked (v1..HEAD), all hold\n')
    expect(status).to.equal(0)
  })

  for (const [message, fault] of [
    ['A sentence about the domain\n\nWhy.', 'area: imperative'],
    ['Twin: treat a frame as a crash\n\nWhy.', 'area in lower case'],
    ['twin: treated a frame as a crash\n\nWhy.', 'comes an imperative'],
    ['twin: treats a frame as a crash\n\nWhy.', 'comes an imperative'],
    ['twin: Treat a frame as a crash\n\nWhy.', 'comes an imperative'],
    ['twin: treat a frame as a crash.\n\nWhy.', 'without a full stop'],
    [`twin: treat ${'x'.repeat(61)}\n\nWhy.`, 'has 73 characters'],
    ['twin: treat a frame as a crash', 'body is missing'],
    ['fixup! twin: treat a frame as a crash', 'squash it'],
  ] as const) {
    it(`refuses "${message.split('\n', 1)[0] ?? ''}"${message.includes('\n') ? '' : ' without a body'}`, () => {
      commit(GOOD)
      git('tag', 'v1')
      commit(message)
      const { status, stderr } = check()
      expect(stderr).to.include(fault)
      expect(status).to.equal(1)
    })
  }

  it('begins after a known commit while there is no tag', () => {
    commit('Before there were other forms')
    const since = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim()
    expect(check(folder, '--since', since).stdout).to.match(/^commits: 0 checked .*all hold\n$/)
    commit('Another form again')
    expect(check(folder, '--since', since).status).to.equal(1)
  })

  it('has nothing to check in a shallow clone, nor without a history', () => {
    commit('Before there were other forms')
    const since = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder, encoding: 'utf8' }).trim()
    commit('Another form again')
    const clone = path.join(folder, 'clone')
    git('clone', '--quiet', '--depth', '1', pathToFileURL(folder).href, clone)
    const archive = path.join(folder, 'archive')
    mkdirSync(archive)
    writeFileSync(path.join(archive, '.git'), 'gitdir: nowhere\n')
    for (const root of [clone, archive]) {
      const { status, stdout } = check(root, '--since', since)
      expect(stdout).to.include('nothing to check')
      expect(status).to.equal(0)
    }
  })
})
