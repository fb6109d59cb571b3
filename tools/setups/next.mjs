// Next.js: built as its major does it (16 by Turbopack, 15 by webpack), as it comes and as a folder of its own (`output: 'standalone'`), which is run somewhere else.
import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, realpath, rm } from 'node:fs/promises'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Project, expectMeasured, expectRefused, must } from './project.mjs'

const BUILD_MS = 240_000
const START_MS = 30_000
const EXTERNAL = "serverExternalPackages: ['cache-attribution']"
const INCLUDED = "outputFileTracingIncludes: { '/*': ['node_modules/cache-attribution/native/prebuilds/**'] }"

/** @typedef {[string, () => Promise<string>][]} Setups */

/** @param {{ parent: string, tarball: string }} context @returns {Promise<Setups>} */
export async function nextSetups(context) {
  return setupsOf(context, 16)
}

/** @param {{ parent: string, tarball: string }} context @returns {Promise<Setups>} */
export async function next15Setups(context) {
  return setupsOf(context, 15)
}

/** @param {{ parent: string, tarball: string }} context @param {number} major @returns {Setups} */
function setupsOf({ parent, tarball }, major) {
  /** @type {Promise<Project> | undefined} */
  let made
  const project = () => (made ??= nextProject(parent, tarball, major))
  return [
    [`Next.js ${String(major)}, no configuration`, async () => expectMeasured(await built(await project(), ''))],
    [`Next.js ${String(major)}, ${EXTERNAL}`, async () => expectMeasured(await built(await project(), EXTERNAL))],
    [`Next.js ${String(major)}, examples/next (instrumentation.ts)`, async () => instrumented(await project())],
    [
      `Next.js ${String(major)}, output: 'standalone', moved`,
      async () => {
        const refused = await standalone(await project(), '')
        expectRefused(refused)
        return 'ERR_ADDON_BUNDLED'
      },
    ],
    [
      `Next.js ${String(major)}, output: 'standalone', moved, cache-attribution/bundled`,
      async () => expectMeasured(await standalone(await project(), '', "import 'cache-attribution/bundled'\n")),
    ],
    [
      `Next.js ${String(major)}, output: 'standalone', moved, outputFileTracingIncludes`,
      async () => expectMeasured(await standalone(await project(), `${EXTERNAL}, ${INCLUDED}`)),
    ],
  ]
}

/** @param {string} parent @param {string} tarball @param {number} major */
async function nextProject(parent, tarball, major) {
  const packages = [`next@${String(major)}`, 'react@19', 'react-dom@19']
  const project = await Project.make(parent, `next-${String(major)}`, { tarball, packages })
  await project.write('app/layout.js', 'export default ({ children }) => <html><body>{children}</body></html>\n')
  await project.write('app/page.js', 'export default () => <p>here</p>\n')
  return project
}

/** @param {Project} project @param {string} config @param {string} [first] */
async function build(project, config, first = '') {
  const app = await readFile(path.join(path.dirname(fileURLToPath(import.meta.url)), 'app.mjs'), 'utf8')
  const route = `export const dynamic = 'force-dynamic'
export async function GET() {
  try {
    return Response.json({ kind: 'RESULT', ...(await main()) })
  } catch ({ code, message }) {
    return Response.json({ kind: 'REFUSED', code, message })
  }
}
`
  await project.write('app/measure/route.js', `${first}${app.slice(0, app.indexOf('main().then('))}${route}`)
  await project.write('next.config.mjs', `export default { outputFileTracingRoot: import.meta.dirname, ${config} }\n`)
  await rm(path.join(project.folder, '.next'), { recursive: true, force: true })
  const env = { NEXT_TELEMETRY_DISABLED: '1' }
  const { output } = await project.run('next', ['build'], { env, timeoutMs: BUILD_MS })
  must(!/warning|can't resolve/i.test(output), `it warns:\n${output}`)
}

/** As examples/next registers it. */
const ROW = 'next pages and fetch'
const PAGE = `export const revalidate = 3600
export const generateStaticParams = () => []
export default async ({ params }) => <p>{(await params).id} {'x'.repeat(20000)}</p>
`

/** The files of examples/next: the endpoint answers on its port, and the cache of pages is a row with entries. @param {Project} project */
async function instrumented(project) {
  const files = ['instrumentation.ts', 'instrumentation-node.ts']
  const from = fileURLToPath(new URL('../../examples/next/', import.meta.url))
  for (const file of files) await cp(path.join(from, file), path.join(project.folder, file))
  await project.write('app/pages/[id]/page.js', PAGE)
  const port = await freePort()
  try {
    await build(project, `${EXTERNAL}, typescript: { ignoreBuildErrors: true }`)
    const start = ['start']
    const script = path.join(project.folder, 'node_modules/next/dist/bin/next')
    return await served(script, start, project.folder, { MEMORY_PORT: String(port) }, async (base) => {
      for (let page = 0; page < 40; page++) must((await fetch(`${base}/pages/${page}`)).ok, `page ${page}`)
      const memory = `http://127.0.0.1:${port}/debug/memory`
      const isRegistered = async () => (await fetch(`${memory}/caches/${encodeURIComponent(ROW)}`)).ok
      for (let tries = 0; tries < 50 && !(await isRegistered()); tries++) await delay(200)
      const answer = await fetch(`${memory}/attribution`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      })
      const { caches } = /** @type {{ caches: any[] }} */ (await answer.json())
      const row = caches.find(({ name }) => name === ROW)
      must(row?.entriesBefore >= 40 && row.released.totalBytes > 40 * 20_000, JSON.stringify(caches))
      return `${row.entriesBefore} pages, ${(row.released.totalBytes / 1e6).toFixed(2)} MB`
    })
  } finally {
    for (const file of files) await rm(path.join(project.folder, file), { force: true })
    await rm(path.join(project.folder, 'app/pages'), { recursive: true, force: true })
  }
}

/** @param {Project} project @param {string} config */
async function built(project, config) {
  await build(project, config)
  return served(path.join(project.folder, 'node_modules/next/dist/bin/next'), ['start'], project.folder)
}

/** @param {Project} project @param {string} config @param {string} [first] */
async function standalone(project, config, first) {
  await build(project, `output: 'standalone', ${config}`, first)
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'setup-away-')))
  try {
    await cp(path.join(project.folder, '.next', 'standalone'), folder, { recursive: true, verbatimSymlinks: true })
    return await served(path.join(folder, 'server.js'), [], folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * Starts a server, asks it, and ends it.
 *
 * @param {string} script @param {readonly string[]} args @param {string} cwd @param {NodeJS.ProcessEnv} [variables]
 * @param {(base: string) => Promise<any>} [ask] by default the route that measures
 */
async function served(script, args, cwd, variables = {}, ask = undefined) {
  const port = await freePort()
  const env = { ...process.env, ...variables, PORT: String(port), HOSTNAME: '127.0.0.1', NEXT_TELEMETRY_DISABLED: '1' }
  const server = spawn(process.execPath, [script, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [server.stdout, server.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  const ended = new Promise((resolve) => server.once('exit', resolve))
  try {
    const response = await answered(`http://127.0.0.1:${port}/measure`, () => server.exitCode !== null)
    must(response?.ok, `it answered ${response?.status}:\n${output}`)
    if (ask !== undefined) return await ask(`http://127.0.0.1:${port}`)
    return await /** @type {Response} */ (response).json()
  } finally {
    server.kill()
    await ended
  }
}

/** @param {string} url @param {() => boolean} isOver */
async function answered(url, isOver) {
  const endMs = performance.now() + START_MS
  while (performance.now() < endMs && !isOver()) {
    try {
      return await fetch(url)
    } catch {
      await delay(200)
    }
  }
  return undefined
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (server.address())
      server.close(() => resolve(port))
    })
  })
}
