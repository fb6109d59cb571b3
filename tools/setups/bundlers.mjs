// Bundlers: each makes one program of tools/setups/app.mjs, which is run beside the installed package, alone, and alone with the addon
// in it.
import { readdirSync, renameSync } from 'node:fs'
import path from 'node:path'
import { Project, expectMeasured, expectRefused, must } from './project.mjs'

const CARRIED = "import 'cache-attribution/bundled'\n"

/** The text of the entry file of each. @typedef {{ name: string, first: string }} Variant */
const VARIANTS = [
  { name: 'plain', first: '' },
  { name: 'carried', first: CARRIED },
]

/**
 * @typedef {(project: Project, entry: string, output: string) => Promise<string>} Bundle returns the file, or the folder, to be run
 */

/** @type {Record<string, { packages: string[], endings: string[], bundle: Bundle }>} */
const BUNDLERS = {
  'esbuild, ES module': esbuild('esm', 'mjs'),
  'esbuild, CommonJS': esbuild('cjs', 'cjs'),
  'esbuild, ES module, minified': esbuild('esm', 'mjs', '--minify'),
  'esbuild, CommonJS, minified': esbuild('cjs', 'cjs', '--minify'),
  'webpack 5': { packages: ['webpack@5'], endings: ['cjs'], bundle: likeWebpack("require('webpack')") },
  'rollup 4': {
    packages: ['rollup@4', '@rollup/plugin-node-resolve@16', '@rollup/plugin-commonjs@29'],
    endings: ['mjs'],
    bundle: rollup,
  },
  'Vite SSR': { packages: ['vite@8'], endings: ['mjs'], bundle: vite },
  ncc: { packages: ['@vercel/ncc@0.45'], endings: ['cjs'], bundle: ncc },
  'Rspack 2': { packages: ['@rspack/core@2'], endings: ['cjs'], bundle: likeWebpack("require('@rspack/core').rspack") },
  'Parcel 2': { packages: ['parcel@2'], endings: ['cjs'], bundle: parcel },
  'webpack 5, ES module': { packages: ['webpack@5'], endings: ['mjs'], bundle: likeWebpack("require('webpack')") },
  'rollup 4, CommonJS': {
    packages: ['rollup@4', '@rollup/plugin-node-resolve@16', '@rollup/plugin-commonjs@29'],
    endings: ['cjs'],
    bundle: rollup,
  },
  'tsup 8, ES module': { packages: ['tsup@8', 'typescript@5'], endings: ['mjs'], bundle: tsup('esm') },
  'tsup 8, CommonJS': { packages: ['tsup@8', 'typescript@5'], endings: ['cjs'], bundle: tsup('cjs') },
  'Bun’s bundler, ES module': { packages: ['@oven/bun-linux-x64@1'], endings: ['mjs'], bundle: bun('esm') },
  'Bun’s bundler, CommonJS': { packages: ['@oven/bun-linux-x64@1'], endings: ['cjs'], bundle: bun('cjs') },
}

/** @param {string} format @param {string} ending @param {string[]} flags */
function esbuild(format, ending, ...flags) {
  return {
    packages: ['esbuild@0.28'],
    endings: [ending],
    /** @type {Bundle} */
    bundle: async (project, entry, output) => {
      const args = [entry, '--bundle', '--platform=node', `--format=${format}`, `--outfile=${output}`, ...flags]
      await project.run('esbuild', [...args, '--log-level=warning'])
      return output
    },
  }
}

/** Minified; it takes what is installed for external unless its configuration says otherwise. @param {string} format @returns {Bundle} */
function tsup(format) {
  return async (project, entry, output) => {
    const { name } = path.parse(output)
    const options = { entry: [entry], format, outDir: `tsup-${name}`, platform: 'node', minify: true, splitting: false }
    const config = `tsup-${name}.config.mjs`
    await project.write(
      config,
      `export default ${JSON.stringify({ ...options, noExternal: ['cache-attribution'], silent: true })}\n`,
    )
    await project.run('tsup', ['--config', config])
    const made = readdirSync(path.join(project.folder, options.outDir)).find((file) => /js$/.test(file))
    return path.join(options.outDir, made ?? '')
  }
}

/** Its binary alone, for programs that Node runs. @param {string} format @returns {Bundle} */
function bun(format) {
  return async (project, entry, output) => {
    const binary = path.join(project.folder, 'node_modules/@oven/bun-linux-x64/bin/bun')
    await project.run(binary, [
      'build',
      entry,
      '--target=node',
      `--format=${format}`,
      `--outfile=${output}`,
      '--minify',
    ])
    return output
  }
}

/** @param {string} loader how the bundler is got @returns {Bundle} */
function likeWebpack(loader) {
  return async (project, entry, output) => {
    const script = `bundle-${output}.cjs`
    await project.write(
      script,
      `const config = ${JSON.stringify({ mode: 'production', target: 'node20', entry: `./${entry}`, output: { filename: output }, stats: 'errors-warnings' })}
config.output.path = __dirname
if (${String(output.endsWith('.mjs'))}) Object.assign(config, { experiments: { outputModule: true }, output: { ...config.output, module: true } })
${loader}(config, (error, stats) => {
  if (error || stats.hasErrors() || stats.hasWarnings()) {
    console.error(error?.message ?? stats.toString('errors-warnings'))
    process.exitCode = 1
  }
})`,
    )
    await project.run(process.execPath, [script])
    return output
  }
}

/** It does not read `exports` unless it is told to. @type {Bundle} */
async function parcel(project, entry, output) {
  const folder = `parcel-${path.basename(output, '.cjs')}`
  const target = {
    context: 'node',
    outputFormat: 'commonjs',
    includeNodeModules: true,
    distDir: folder,
    engines: { node: '>=20' },
  }
  await project.edit({ targets: { program: target }, '@parcel/resolver-default': { packageExports: true } })
  await project.run('parcel', [
    'build',
    entry,
    '--target',
    'program',
    '--no-cache',
    '--no-source-maps',
    '--log-level',
    'warn',
  ])
  return path.join(folder, readdirSync(path.join(project.folder, folder)).find((name) => /\.c?js$/.test(name)) ?? '')
}

/** @type {Bundle} */
async function rollup(project, entry, output) {
  await project.write(
    'rollup.config.mjs',
    `import resolve from '@rollup/plugin-node-resolve'
import commonjs from '@rollup/plugin-commonjs'
export default { plugins: [resolve({ preferBuiltins: true, exportConditions: ['node'] }), commonjs()], onwarn(warning) { if (warning.code !== 'CIRCULAR_DEPENDENCY') throw new Error(warning.message) } }`,
  )
  await project.run('rollup', [
    '-c',
    'rollup.config.mjs',
    '-i',
    entry,
    '-o',
    output,
    output.endsWith('.cjs') ? '--format=cjs' : '--format=es',
    '--inlineDynamicImports',
    '--silent',
  ])
  return output
}

/** @type {Bundle} */
async function vite(project, entry, output) {
  const config = `vite.${path.basename(output)}.config.mjs`
  await project.write(
    config,
    `export default { logLevel: 'error', ssr: { noExternal: true }, build: { ssr: ${JSON.stringify(entry)}, outDir: ${JSON.stringify(`vite-${output}`)}, rollupOptions: { output: { entryFileNames: ${JSON.stringify(output)}, codeSplitting: false } } } }`,
  )
  await project.run('vite', ['build', '-c', config])
  return path.join(`vite-${output}`, output)
}

/** @type {Bundle} */
async function ncc(project, entry, output) {
  await project.run('ncc', ['build', entry, '-o', `ncc-${output}`, '-q'])
  const made = readdirSync(path.join(project.folder, `ncc-${output}`)).filter((name) => name.startsWith('index.'))
  return path.join(`ncc-${output}`, made[0] ?? 'index.js')
}

/** Large installations: a group of their own. */
const LARGE = ['Rspack 2', 'Parcel 2']

/** Siblings of the others, tried by hand: CI's time is scarce. */
const MORE = Object.keys(BUNDLERS).slice(-6)

/** @typedef {{ parent: string, tarball: string }} Context */

/** @param {Context} context */
export async function bundlerSetups(context) {
  return setupsOf(context, 'bundlers', (name) => !LARGE.includes(name) && !MORE.includes(name))
}

/** @param {Context} context */
export async function largeBundlerSetups(context) {
  return setupsOf(context, 'large-bundlers', (name) => LARGE.includes(name))
}

/** @param {Context} context */
export async function moreBundlerSetups(context) {
  return setupsOf(context, 'more-bundlers', (name) => MORE.includes(name))
}

/** @param {Context} context @param {string} group @param {(name: string) => boolean} isIn @returns {[string, () => Promise<string>][]} */
function setupsOf({ parent, tarball }, group, isIn) {
  const bundlers = Object.entries(BUNDLERS).filter(([name]) => isIn(name))
  const packages = [...new Set(bundlers.flatMap(([, bundler]) => bundler.packages))]
  /** @type {Promise<Project> | undefined} */
  let made
  const project = () => (made ??= Project.make(parent, group, { tarball, packages }))
  return bundlers.map(
    ([
      name,
      {
        bundle,
        endings: [ending = 'mjs'],
      },
    ]) => [name, async () => measureBundle(await project(), bundle, name, ending)],
  )
}

/** @param {Project} project @param {Bundle} bundle @param {string} name @param {string} ending */
async function measureBundle(project, bundle, name, ending) {
  const said = []
  for (const { name: variant, first } of VARIANTS) {
    const id = `${name.replace(/\W+/g, '-')}-${variant}`.toLowerCase()
    const entry = `${id}-entry.${ending}`
    await project.writeApp(entry, { first, isCommonJs: ending === 'cjs' })
    const output = await bundle(project, entry, `${id}.${ending}`)
    said.push(...(await (variant === 'plain' ? measurePlain(project, output) : measureCarried(project, output))))
  }
  return said.join('; ')
}

/** Beside the package; alone; alone with the file named. @param {Project} project @param {string} output */
async function measurePlain(project, output) {
  const beside = expectMeasured(await project.measure([output]))
  const { folder, remove } = await project.away(output)
  const addon = path.join(
    project.folder,
    'node_modules/cache-attribution/native/prebuilds',
    `${process.platform}-${process.arch}`,
    'cache-attribution.napi.glibc.node',
  )
  try {
    const alone = path.join(folder, path.basename(output))
    // Some bundlers write the folder of a module into the bundle: the package has to be gone.
    const installed = path.join(project.folder, 'node_modules', 'cache-attribution')
    renameSync(installed, `${installed}-away`)
    try {
      expectRefused(await project.measure([alone], { cwd: folder }))
    } finally {
      renameSync(`${installed}-away`, installed)
    }
    expectMeasured(await project.measure([alone], { cwd: folder, env: { CACHE_ATTRIBUTION_ADDON: addon } }))
    const missing = await project.measure([alone], { cwd: folder, env: { CACHE_ATTRIBUTION_ADDON: '/nowhere.node' } })
    must(missing.code === 'ERR_ADDON_FILE' && missing.message.includes('/nowhere.node'), `it said ${missing.message}`)
  } finally {
    await remove()
  }
  return [`beside the package ${beside}`, 'alone ERR_ADDON_BUNDLED, right with CACHE_ATTRIBUTION_ADDON']
}

/** @param {Project} project @param {string} output */
async function measureCarried(project, output) {
  const { folder, remove } = await project.away(output)
  try {
    const alone = path.join(folder, path.basename(output))
    return [`alone with cache-attribution/bundled ${expectMeasured(await project.measure([alone], { cwd: folder }))}`]
  } finally {
    await remove()
  }
}
