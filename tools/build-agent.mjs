// Builds the agents of `attach`: one text each, which the command evaluates in the other process. They need nothing but
// Node's own modules, and the native addon beside them.
//
//   node tools/build-agent.mjs        part of `npm run build:ts`
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

await build({
  entryPoints: ['agent'].map((name) => path.join(root, 'dist', 'src', 'attach', 'agent', `${name}.js`)),
  outdir: path.join(root, 'dist', 'src', 'attach', 'agent'),
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
  // The command gives it as a parameter: a text has no address.
  define: { 'import.meta.url': 'AGENT_URL' },
  logLevel: 'warning',
})
