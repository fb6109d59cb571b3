/** The process of a guard. */
import process from 'node:process'
import { guardedProcess, guard } from './guard.js'

void guard(guardedProcess(process.argv.slice(2)))
