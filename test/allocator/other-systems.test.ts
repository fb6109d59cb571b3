import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const native = path.join(root, 'native')
const headers = path.join(path.dirname(process.execPath), '..', 'include', 'node')
/** Debian's compiler for musl; headers of the kernel are not beside musl's own. */
const MUSL = 'musl-gcc'
const KERNEL_HEADERS = ['-idirafter', '/usr/include', '-idirafter', '/usr/include/x86_64-linux-gnu']

interface Target {
  readonly sources: readonly string[]
  readonly cflags: readonly string[]
  readonly defines: readonly string[]
}

describe('the sources of the addon', () => {
  const { targets } = JSON.parse(readFileSync(path.join(native, 'binding.gyp'), 'utf8')) as { targets: [Target] }
  const [{ sources, cflags, defines }] = targets

  it('are understood where the C library is musl', async function () {
    if (spawnSync(MUSL, ['--version']).error !== undefined || !existsSync(headers)) this.skip()
    this.timeout(120_000)
    const args = [
      ...cflags.map((flag) => flag.replace('<(module_root_dir)', native)),
      ...defines.map((define) => `-D${define}`),
      ...KERNEL_HEADERS,
      `-I${headers}`,
      '-fsyntax-only',
      '-Wno-cpp',
    ]
    const { stderr } = await promisify(execFile)(MUSL, [...args, ...sources], { cwd: native })
    expect(stderr).not.to.match(/\berror:|implicit declaration/)
  })
})
