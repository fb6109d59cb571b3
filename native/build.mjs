// Builds the addon with node-gyp where a compiler is there. Without one the package still works: prebuilt binaries,
// the ffi-napi binding, or V8's figures alone. So a failed build is said, and is no failure of the install.
//
//   node native/build.mjs              build, tolerate a missing compiler
//   node native/build.mjs --required   fail when it cannot be built
//   node native/build.mjs --prebuild   build for this system, as a package carries it (native/prebuild.mjs)
//   node native/build.mjs --prebuild --platform=linux --arch=arm64 --libc=musl
//                                      the same for another system; what is left out is this one's
//   node native/build.mjs --prebuild=all
//                                      for every system of TARGETS in native/prebuild.mjs
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { TARGETS, ownTarget, prebuild } from './prebuild.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const args = process.argv.slice(2).map((arg) => (arg === '--prebuild' ? '--prebuild=one' : arg))
const { values } = parseArgs({
  args,
  options: {
    required: { type: 'boolean' },
    prebuild: { type: 'string' },
    platform: { type: 'string' },
    arch: { type: 'string' },
    libc: { type: 'string' },
  },
})

if (values.prebuild === undefined) {
  const named = ['platform', 'arch', 'libc'].filter((name) => Object.hasOwn(values, name))
  if (named.length > 0)
    throw new Error(`--${named.join(', --')} needs --prebuild: the build for this system is node-gyp's`)
  build()
} else {
  const own = ownTarget()
  const { platform = own.platform, arch = own.arch } = values
  const libc = values.libc ?? (platform !== 'linux' ? '' : platform === own.platform ? own.libc : 'glibc')
  const targets = values.prebuild === 'all' ? TARGETS : [{ platform, arch, libc }]
  for (const target of targets) {
    try {
      console.log(`prebuilt: ${path.relative(process.cwd(), prebuild(target))}`)
    } catch (error) {
      console.error(error instanceof Error ? error.message : error)
      process.exitCode = 1
    }
  }
}

function build() {
  const output = path.join(here, 'build', 'Release', 'cache_attribution.node')
  const { status, error, stderr } = spawnSync('node-gyp', ['rebuild', '--silent', '-C', here], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  })
  if (status === 0 && existsSync(output)) return
  const reason = (error?.message ?? stderr).trim().split('\n').slice(-15).join('\n  ')
  console.error(`The native addon was not built (a C compiler, make and python3 are needed):\n  ${reason}`)
  console.error('Without it the library measures through ffi-napi where that is installed, else V8 figures only.')
  process.exitCode = values.required === true ? 1 : 0
}
