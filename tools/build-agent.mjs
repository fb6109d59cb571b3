// Builds the agent of `attach`: one text, which the command evaluates in the other process. It needs nothing but Node's own
// modules, and the native addon beside it.
//
//   node tools/build-agent.mjs        part of `npm run build:ts`
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, transform } from 'esbuild'
import { smallerAdapter, smallerTable } from './package/smaller-modules.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))

const source = path.join(root, 'dist', 'src')
const folder = path.join(source, 'attach', 'agent')

await build({
  entryPoints: [path.join(folder, 'agent.js')],
  outdir: folder,
  // In the place of Node's own, which load undici.
  inject: [path.join(folder, 'fetch-classes.js')],
  outExtension: { '.js': '.bundle.js' },
  absWorkingDir: root,
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  charset: 'ascii',
  legalComments: 'none',
  // The command serves the page itself.
  external: ['./page-text.js'],
  // The command gives it as a parameter: a text has no address.
  define: { 'import.meta.url': 'AGENT_URL' },
  plugins: [
    {
      name: 'smaller-modules',
      setup: ({ onLoad }) => {
        onLoad({ filter: /[/\\](?:error-table|adapters)[/\\]/ }, async ({ path: file }) => {
          const name = path.relative(source, file).replaceAll('\\', '/')
          const contents = (await smallerTable(source, name)) ?? smallerAdapter(source, name)
          return contents === undefined ? undefined : { contents }
        })
      },
    },
  ],
  logLevel: 'warning',
})

// Names within functions, as in the library: the names of functions and classes stay, by which the library knows its own.
const bundle = path.join(folder, 'agent.bundle.js')
const { code } = await transform(await readFile(bundle, 'utf8'), {
  minify: true,
  target: 'node20.19',
  charset: 'ascii',
  legalComments: 'none',
})
await writeFile(bundle, code)
