/** The process of a guard: its argument is the process id that the command attaches to. */
import process from 'node:process'
import { guard } from './guard.js'

void guard(Number(process.argv[2]))
