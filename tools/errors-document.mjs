// Writes docs/reference/errors.md from the table of errors in dist/. A test compares the committed file.
//
//   npm run docs:errors
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { errorsDocument } from '../dist/tools/errors/document.js'

const file = fileURLToPath(new URL('../docs/reference/errors.md', import.meta.url))
const options = await resolveConfig(file)
await writeFile(file, await format(errorsDocument(), { ...options, filepath: file }))
