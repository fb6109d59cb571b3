// Writes the tables of routes in docs/reference/http.md from the OpenAPI descriptions in dist/. A test compares the committed
// file.
//
//   npm run docs:http
import { readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { httpDocument } from '../dist/tools/http/routes.js'

const file = fileURLToPath(new URL('../docs/reference/http.md', import.meta.url))
const options = await resolveConfig(file)
await writeFile(file, await format(httpDocument(await readFile(file, 'utf8')), { ...options, filepath: file }))
