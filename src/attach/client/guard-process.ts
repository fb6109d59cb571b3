/** The process of a guard: its arguments are the process id that the command attaches to, and the sockets that were there before. */
import process from 'node:process'
import { guard } from './guard.js'

const [, , pid, ...sockets] = process.argv
void guard(Number(pid), new Set(sockets))
