// Writes docs/reference/metrics.md, the rules for Prometheus and the dashboard for Grafana from the metrics in dist/. A test
// compares the committed files.
//
//   npm run docs:metrics
import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { metricsDocuments } from '../dist/tools/metrics/files.js'

const root = fileURLToPath(new URL('..', import.meta.url))
for (const [name, content] of Object.entries(metricsDocuments())) {
  const file = path.join(root, name)
  await mkdir(path.dirname(file), { recursive: true })
  await writeFile(file, await format(content, { ...(await resolveConfig(file)), filepath: file }))
  console.log(`wrote ${file}`)
}
