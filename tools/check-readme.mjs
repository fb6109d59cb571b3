// Holds the documents true: their code compiles, their commands run, their links lead somewhere.
//
//   node tools/check-readme.mjs [--root <folder>] [--no-run] [--write]
//
// In README.md and docs/**/*.md a fenced block whose info string is
//   ts, js                      is type-checked as a module that can import this package by its name
//   js                          is run, too, as a .mjs file: it must exit 0 or listen within 60 s
//   text output                 is what the js block above it printed under jemalloc; figures aside, it prints that still.
//                               --write puts in what it prints now
//   ts fragment, js fragment    is parsed only
//   sh run [<seconds>]          is executed by bash in a copy of the project (limit 120 s) and must exit 0; the blocks
//                               of one document run in their order in one copy
// In every *.md, relative links and their anchors must exist. Each failure is printed as file:line: reason.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { cp, mkdtemp, readdir, realpath, rm, symlink } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { anchorsOf, linksOf, parseMarkdown } from './markdown.mjs'
import { failureOf, runCommand, tail } from './run-command.mjs'
import { runSnippets } from './run-snippets.mjs'
import { checkSnippets, parseSnippet } from './snippets.mjs'

/** @typedef {import('./snippets.mjs').Finding} Finding */
/** @typedef {import('./snippets.mjs').Snippet} Snippet */
/** @typedef {{ name: string, text: string } & ReturnType<typeof parseMarkdown>} Document */

const DEFAULT_LIMIT_SECONDS = 120
const packageRoot = path.resolve(fileURLToPath(new URL('..', import.meta.url)))
const NOT_DOCUMENTS = new Set(['node_modules', 'dist', 'coverage', 'build', 'prebuilds'])

const { values } = parseArgs({
  options: {
    root: { type: 'string' },
    'no-run': { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
})
const root = path.resolve(values.root ?? packageRoot)

const documents = await readDocuments(root)
const withCode = documents.filter(({ name }) => name === 'README.md' || name.startsWith('docs/'))
const snippets = withCode.flatMap(snippetsOf)
const complete = snippets.filter(({ fragment }) => !fragment)
const commands = values['no-run'] ? 0 : withCode.flatMap(runnableOf).length
const programs = values['no-run'] ? [] : withCode.flatMap(programsOf)
const { findings: runsThatFailed, outputs } = await runSnippets(programs, packageRoot, readerEnv())
if (values.write) writeOutputs()
const findings = [
  ...documents.flatMap(structureFindings),
  ...documents.flatMap(linkFindings),
  ...snippets.filter(({ fragment }) => fragment).flatMap((snippet) => parseSnippet(snippet)),
  ...checkSnippets(complete, packageRoot),
  ...(commands === 0 ? [] : await runFindings()),
  ...runsThatFailed.filter(({ document, line }) => !values.write || !isOutput(document, line)),
]
findings.sort((a, b) => a.document.localeCompare(b.document) || a.line - b.line)
for (const { document, line, reason } of findings) console.error(`${document}:${line}: ${reason}`)
console.log(
  `${documents.length} documents, ${complete.length} modules checked, ${snippets.length - complete.length} fragments ` +
    `parsed, ${programs.length} programs and ${commands} commands run: ${findings.length === 0 ? 'all hold' : `${findings.length} failures`}`,
)
process.exitCode = findings.length === 0 ? 0 : 1

/** @param {string} folder @returns {Promise<Document[]>} */
async function readDocuments(folder) {
  /** @type {string[]} */
  const files = []
  const walk = async (/** @type {string} */ relative) => {
    for (const entry of await readdir(path.join(folder, relative), { withFileTypes: true })) {
      const name = path.posix.join(relative, entry.name)
      if (entry.isDirectory() && !entry.name.startsWith('.') && !NOT_DOCUMENTS.has(entry.name)) await walk(name)
      else if (entry.isFile() && entry.name.endsWith('.md')) files.push(name)
    }
  }
  await walk('')
  return files.sort().map((name) => {
    const text = readFileSync(path.join(folder, name), 'utf8')
    return { name, text, ...parseMarkdown(text) }
  })
}

/** @param {Document} document @returns {(Snippet & { fragment: boolean })[]} */
function snippetsOf({ name, blocks }) {
  return blocks.flatMap(({ line, info, code }) => {
    const language = info[0]
    if (language !== 'ts' && language !== 'js') return []
    return [{ document: name, line, language, code, fragment: info.includes('fragment') }]
  })
}

/** The JavaScript blocks of a document, each with the output that stands behind it. @param {Document} document */
function programsOf({ name, blocks }) {
  return blocks.flatMap(({ line, info, code }, index) => {
    if (info[0] !== 'js' || info.includes('fragment')) return []
    const next = blocks[index + 1]
    const expected = isShownOutput(next) ? { line: next.line, text: next.code } : undefined
    return [{ document: name, line, code, expected }]
  })
}

/** @param {{ info: string[] } | undefined} block @returns {block is import('./markdown.mjs').Block} */
function isShownOutput(block) {
  return block?.info[0] === 'text' && block.info[1] === 'output'
}

/** @param {string} document @param {number} line */
function isOutput(document, line) {
  return outputs.some((output) => output.document === document && output.line === line)
}

/** Puts the outputs of this run in place of those shown, the last of a document first, so that line numbers stay. */
function writeOutputs() {
  for (const { document, line, text } of outputs.toReversed()) {
    const file = path.join(root, document)
    const lines = readFileSync(file, 'utf8').split('\n')
    const end = lines.findIndex((each, index) => index >= line && each.trimStart().startsWith('```'))
    lines.splice(line, end - line, ...text.trimEnd().split('\n'))
    writeFileSync(file, lines.join('\n'))
    console.log(`wrote the output in ${document}:${line}`)
  }
}

/** @param {Document} document */
function runnableOf({ name, blocks }) {
  return blocks
    .filter(({ info }) => info[0] === 'sh' && info[1] === 'run')
    .map(({ line, info, code }) => ({ document: name, line, code, limitSeconds: limitOf(info[2]) }))
}

/** @param {string | undefined} word */
function limitOf(word) {
  return word === undefined ? DEFAULT_LIMIT_SECONDS : Number(word)
}

/** A marking that would silently check nothing is a failure. @param {Document} document @returns {Finding[]} */
function structureFindings({ name, blocks, unclosed }) {
  /** @type {Finding[]} */
  const found = unclosed === undefined ? [] : [{ document: name, line: unclosed, reason: 'this fence is never closed' }]
  for (const [index, { line, info }] of blocks.entries()) {
    const [language = '', mark, limit] = info
    const marks = { ts: ['fragment'], js: ['fragment'], sh: ['run'], text: ['output'] }[language] ?? []
    if (['typescript', 'javascript', 'mjs', 'mts'].includes(language)) {
      found.push({ document: name, line, reason: `write "ts" or "js" for "${language}": other names are not checked` })
    } else if (mark !== undefined && marks.length > 0 && !marks.includes(mark)) {
      found.push({
        document: name,
        line,
        reason: `unknown marking "${mark}" of a ${language} block: ${marks.join(', ')}`,
      })
    } else if (mark === 'output' && blocks[index - 1]?.info[0] !== 'js') {
      found.push({ document: name, line, reason: 'the block before an output must be the js block that printed it' })
    } else if (mark === 'run' && !(limitOf(limit) > 0)) {
      found.push({ document: name, line, reason: `the time limit must be a number of seconds > 0, got "${limit}"` })
    }
  }
  return found
}

/** @param {Document} document @returns {Finding[]} */
function linkFindings({ name, prose }) {
  return linksOf(prose).flatMap(({ line, target }) => {
    const reason = brokenLink(name, target)
    return reason === undefined ? [] : [{ document: name, line, reason }]
  })
}

/** Why a link leads nowhere; undefined where it leads somewhere, or out of the project. @param {string} from @param {string} target */
function brokenLink(from, target) {
  // Another host, or the head of this page.
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/|#$)/i.test(target)) return undefined
  if (target === '') return 'a link without a target'
  if (target.startsWith('/')) return `"${target}": write a path relative to this file`
  const [pathPart = '', anchor] = target.split('#', 2)
  const file = path.posix.join(path.posix.dirname(from), decodeURIComponent(pathPart))
  if (file.startsWith('..')) return `"${target}" leads out of the project`
  const found = pathPart === '' ? from : file
  const absolute = path.join(root, found)
  if (!existsSync(absolute)) return `"${target}": there is no ${found}`
  if (anchor === undefined || !found.endsWith('.md') || statSync(absolute).isDirectory()) return undefined
  const anchors = anchorsOf(readFileSync(absolute, 'utf8'))
  return anchors.has(decodeURIComponent(anchor)) ? undefined : `"${target}": ${found} has no heading #${anchor}`
}

/** @returns {Promise<Finding[]>} */
async function runFindings() {
  /** @type {Finding[]} */
  const found = []
  for (const document of withCode) {
    const blocks = runnableOf(document)
    if (blocks.length === 0) continue
    const copy = await copyProject()
    try {
      for (const { line, code, limitSeconds } of blocks) {
        if (!(limitSeconds > 0)) continue
        const args = ['--noprofile', '--norc', '-euo', 'pipefail', '-c', code]
        const result = await runCommand('bash', args, { cwd: copy, env: readerEnv(), timeoutMs: limitSeconds * 1000 })
        const failure = failureOf(result)
        const shown = tail(result.output).replaceAll(copy, '.')
        if (failure !== undefined) found.push({ document: document.name, line, reason: `${failure}\n${shown}` })
      }
    } finally {
      await rm(copy, { recursive: true, force: true })
    }
  }
  return found
}

/** The environment of a reader's shell: nothing of the npm, mocha or coverage run that started this. */
function readerEnv() {
  const ours = /^(?:npm_|NODE_V8_COVERAGE$|NODE_OPTIONS$|INIT_CWD$)/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)))
}

/** A copy in which a command may write what it likes; node_modules are the project's own. */
async function copyProject() {
  const copy = await realpath(await mkdtemp(path.join(os.tmpdir(), 'readme-')))
  const leftOut = new Set(['node_modules', '.git', 'coverage', '.cache'])
  await cp(root, copy, { recursive: true, filter: (source) => !leftOut.has(path.relative(root, source)) })
  await symlink(path.join(packageRoot, 'node_modules'), path.join(copy, 'node_modules'))
  return copy
}
