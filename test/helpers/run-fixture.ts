/** The child's side of child.ts: imports a fixture, calls it, writes its result to the descriptor the parent reads. */
import { writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import v8 from 'node:v8'
import { RESULT_FD } from './child.js'
import type { Fixture } from './child.js'

const [file = '', ...args] = process.argv.slice(2)
const { default: fixture } = (await import(pathToFileURL(file).href)) as { default: Fixture<unknown> }
writeFileSync(RESULT_FD, v8.serialize(await fixture(...args)))
