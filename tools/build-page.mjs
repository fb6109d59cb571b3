// Builds what runs in a browser, as modules that export a text: in a bundle no file lies beside the code. The admin page:
// TypeScript, styles and uPlot go into one document, dist/src/http/admin/page-text.js; the cures that it shows are those of the
// table of errors. The script of the flame graph.
//
//   node tools/build-page.mjs        part of `npm run build:ts`
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { ERROR_TABLE, WARNING_TABLE } from '../dist/src/support/error-table/error-table.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const source = path.join(root, 'src', 'http', 'page')
const output = path.join(root, 'dist', 'src', 'http', 'admin')

const cures = curesOf({ ...ERROR_TABLE, ...WARNING_TABLE })
const [script, style, template] = await Promise.all([
  bundle(path.join(source, 'client', 'main.ts'), { CURES: JSON.stringify(cures) }),
  bundle(path.join(source, 'styles', 'main.css'), {}),
  readFile(path.join(source, 'page.html'), 'utf8'),
])
await mkdir(output, { recursive: true })
const flamegraph = path.join('src', 'heap-profile', 'output')
const drawing = await bundle(path.join(root, flamegraph, 'client', 'main.ts'), {}, 'iife')
if (/<\/script|<!--/i.test(drawing)) throw new Error('the script of the flame graph would end its own tag')
await mkdir(path.join(root, 'dist', flamegraph), { recursive: true })
await writeFile(
  path.join(root, 'dist', flamegraph, 'flamegraph-script.js'),
  `export const FLAMEGRAPH_SCRIPT = ${JSON.stringify(drawing)}\n`,
)
const page = fill(fill(withoutIndent(template), 'script', script), 'style', style)
await writeFile(path.join(output, 'page-text.js'), `export const PAGE = ${JSON.stringify(page)}\n`)

/** @param {string} entry @param {Record<string, string>} define @param {'esm' | 'iife'} [format] */
async function bundle(entry, define, format = 'esm') {
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: root,
    bundle: true,
    write: false,
    minify: true,
    format,
    target: ['chrome123', 'firefox120', 'safari17.5'],
    charset: 'utf8',
    legalComments: 'none',
    define,
    logLevel: 'warning',
  })
  return (outputFiles[0]?.text ?? '').trim()
}

/** Puts the text between the empty tags. @param {string} html @param {string} tag @param {string} text */
function fill(html, tag, text) {
  const end = `</${tag}>`
  if (text.includes(end) || text.includes('<!--')) throw new Error(`the bundled ${tag} would end its own tag`)
  const at = html.indexOf(`></${tag}>`) + 1
  if (at === 0) throw new Error(`src/http/page/page.html has no empty <${tag}>`)
  return html.slice(0, at) + text + html.slice(at)
}

/** @param {string} html */
function withoutIndent(html) {
  return html.replace(/^ +/gm, '')
}

/** Code → the text of its cure, without Markdown. @param {Readonly<Record<string, { readonly cure: string }>>} table */
function curesOf(table) {
  return Object.fromEntries(
    Object.entries(table).map(([code, { cure }]) => {
      const plain = cure.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replace(/[`*]/g, '')
      return [code, plain.charAt(0).toUpperCase() + plain.slice(1)]
    }),
  )
}
