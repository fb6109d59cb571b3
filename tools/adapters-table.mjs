// Writes docs/reference/adapters.md from what the adapters in dist/ say of themselves. A test compares the committed file.
//
//   npm run docs:adapters
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { format, resolveConfig } from 'prettier'
import { ADAPTER_TABLE } from '../dist/src/adapters/catalogue.js'
import { REFUSALS } from '../dist/src/adapters/refusals.js'
import { adaptersDocument } from '../dist/tools/adapters/table.js'

const file = fileURLToPath(new URL('../docs/reference/adapters.md', import.meta.url))
const options = await resolveConfig(file)
await writeFile(file, await format(adaptersDocument(ADAPTER_TABLE, REFUSALS), { ...options, parser: 'markdown' }))
console.log(`wrote ${file}`)
