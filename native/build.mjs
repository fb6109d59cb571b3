// Builds the addon with node-gyp where a compiler is there. Without one the package still works: prebuilt binaries,
// the ffi-napi binding, or V8's figures alone. So a failed build is said, and is no failure of the install.
//
//   node native/build.mjs              build, tolerate a missing compiler
//   node native/build.mjs --required   fail when it cannot be built
//   node native/build.mjs --prebuild   build, and lay the binary out as node-gyp-build looks for it in a package
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const here = path.dirname(fileURLToPath(import.meta.url))
const flags = new Set(process.argv.slice(2))
const output = path.join(here, 'build', 'Release', 'cache_attribution.node')

const build = spawnSync('node-gyp', ['rebuild', '--silent', '-C', here], {
  encoding: 'utf8',
  shell: process.platform === 'win32',
})
if (build.status !== 0 || !existsSync(output)) {
  const reason = (build.error?.message ?? build.stderr).trim().split('\n').slice(-15).join('\n  ')
  console.error(`The native addon was not built (a C compiler, make and python3 are needed):\n  ${reason}`)
  console.error('Without it the library measures through ffi-napi where that is installed, else V8 figures only.')
  process.exit(flags.has('--required') || flags.has('--prebuild') ? 1 : 0)
}
if (flags.has('--prebuild')) {
  // The name that prebuildify gives a Node-API binary of this libc.
  const libc =
    process.platform !== 'linux' ? '' : process.report.getReport().header.glibcVersionRuntime ? '.glibc' : '.musl'
  const folder = path.join(here, 'prebuilds', `${process.platform}-${process.arch}`)
  mkdirSync(folder, { recursive: true })
  copyFileSync(output, path.join(folder, `cache-attribution.napi${libc}.node`))
  console.log(`prebuilt: ${path.relative(process.cwd(), folder)}`)
}
