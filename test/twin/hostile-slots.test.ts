/** wait_slots_find() is called by any thread that asks whether a twin can be made. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { skipOrFail } from '../helpers/child.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

describe('import slots, sought by several threads', function () {
  this.timeout(60_000)
  const folder = mkdtempSync(path.join(tmpdir(), 'slots-'))
  after(() => {
    rmSync(folder, { recursive: true })
  })

  it('are found without a data race, while objects are loaded and unloaded', function () {
    if (process.platform !== 'linux') this.skip()
    const program = path.join(folder, 'slots-race')
    const files = ['test/native/slots-race.c', 'native/wait-slots.c', 'native/imports.c', 'native/open-guard.c']
    const sources = files.map((file) => path.join(ROOT, file))
    const flags = ['-std=c11', '-g', '-fsanitize=thread', '-o', program]
    const compiled = spawnSync('cc', [...flags, ...sources, '-ldl', '-lpthread'], { encoding: 'utf8' })
    if (compiled.error !== undefined) skipOrFail(this, `no C compiler: ${compiled.error.message}`)
    // ThreadSanitizer's library comes with gcc, and not with every other compiler.
    if (compiled.stderr.includes('tsan')) this.skip()
    expect(compiled.stderr).to.equal('')
    const { status, stdout, stderr } = spawnSync(program, { encoding: 'utf8' })
    expect(stderr).to.equal('')
    expect([status, stdout]).to.deep.equal([0, '0\n'])
  })
})
