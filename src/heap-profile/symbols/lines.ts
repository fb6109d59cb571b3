/**
 * File, line and inlined functions of addresses, from `llvm-symbolizer` or `addr2line`, whichever is there.
 *
 * Rule: optional and bounded. Started without a shell, with an environment of its own (no debug information is fetched
 * over a network), for a limited time and output; a tool that fails, hangs or is missing gives null, not an error.
 */
import { spawn } from 'node:child_process'
import process from 'node:process'
import type { FrameFunction } from '../profile/types.js'

/** The tools and how they are asked for the same answer: address, then a function and a place for each inlined call. */
const TOOLS: readonly { readonly command: string; readonly args: (file: string) => string[] }[] = [
  {
    command: 'llvm-symbolizer',
    args: (file) => [
      '--output-style=GNU',
      '--addresses',
      '--functions=linkage',
      '--inlines',
      '--no-demangle',
      `--obj=${file}`,
    ],
  },
  { command: 'addr2line', args: (file) => ['--addresses', '--functions', '--inlines', `--exe=${file}`] },
]

const TIMEOUT_MS = 60_000
const MAX_OUTPUT_BYTES = 256 << 20

/** Of each address what is known, innermost first, with linker's names (`''` unknown); null without a tool. */
export async function linesAt(
  file: string,
  addresses: Float64Array,
  signal?: AbortSignal,
  tools = TOOLS,
): Promise<FrameFunction[][] | null> {
  const input = Array.from(addresses, (address) => `0x${address.toString(16)}\n`).join('')
  for (const { command, args } of tools) {
    const output = await ask(command, args(file), input, signal)
    if (output !== null) return readLines(output, addresses.length)
  }
  return null
}

/** The output of a tool; null where it is missing, fails, or takes too long or too much. */
function ask(command: string, args: readonly string[], input: string, signal?: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'ignore'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      ...(signal === undefined ? {} : { signal }),
    })
    // Node's own `timeout` of spawn() goes on, and holds the process, where the command does not exist.
    const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS)
    const pieces: Buffer[] = []
    let length = 0
    child.on('error', () => {
      clearTimeout(timer)
      resolve(null)
    })
    child.stdout.on('data', (piece: Buffer) => {
      length += piece.length
      if (length > MAX_OUTPUT_BYTES) child.kill('SIGKILL')
      else pieces.push(piece)
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve(code === 0 && length <= MAX_OUTPUT_BYTES ? Buffer.concat(pieces).toString('utf8') : null)
    })
    // It may end before it has read everything.
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

/** Reads what the tools print for `count` addresses. Pure. */
export function readLines(output: string, count: number): FrameFunction[][] | null {
  const answers: FrameFunction[][] = []
  const lines = output.split('\n')
  for (let at = 0; at < lines.length;) {
    const line = lines[at] ?? ''
    if (/^0x[0-9a-f]+$/i.test(line)) {
      answers.push([])
      at++
    } else if (line === '') {
      at++
    } else {
      const place = lines[at + 1] ?? ''
      answers.at(-1)?.push({ name: line === '??' ? '' : line, linkerName: null, ...readPlace(place) })
      at += 2
    }
  }
  return answers.length === count ? answers : null
}

/** `/src/app.c:12 (discriminator 3)`, with question marks for what is not known. */
function readPlace(place: string): { file: string | null; line: number | null } {
  const remark = place.endsWith(')') ? place.lastIndexOf(' (') : -1
  const parts = (remark === -1 ? place : place.slice(0, remark)).split(':')
  // A column, where the tool gives it, stands behind the line.
  if (isNumber(parts.at(-1)) && isNumber(parts.at(-2))) parts.pop()
  const line = isNumber(parts.at(-1)) ? Number(parts.pop()) : null
  const file = line === null ? '' : parts.join(':')
  return { file: file === '' || file === '??' ? null : file, line: line !== null && line > 0 ? line : null }
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^(?:\d+|\?)$/.test(text)
}
