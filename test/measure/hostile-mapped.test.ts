/** Where V8 keeps its lists of buffers is learnt from its memory: what lies beside them may be anything. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { skipOrFail } from '../helpers/child.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

describe("V8's lists of buffers", function () {
  this.timeout(60_000)
  const folder = mkdtempSync(path.join(tmpdir(), 'mapped-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })

  it('are told from words that lead back to themselves, and found where a sweep that ended cut them once', function () {
    if (process.platform !== 'linux') this.skip()
    const program = path.join(folder, 'mapped-lists')
    const sources = [path.join(ROOT, 'test/native/mapped-lists.c')]
    const compiled = spawnSync('cc', ['-std=c11', '-o', program, ...sources, '-ldl'], { encoding: 'utf8' })
    if (compiled.error !== undefined) skipOrFail(this, `no C compiler: ${compiled.error.message}`)
    expect(compiled.stderr).to.equal('')
    const { signal, stdout } = spawnSync(program, { encoding: 'utf8', timeout: 30_000 })
    expect([signal, stdout]).to.deep.equal([
      null,
      'found, found, not found\nthe planted buffers did not grow old\nfound, word 4\n',
    ])
  })
})
