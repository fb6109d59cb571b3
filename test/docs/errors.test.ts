import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { format, resolveConfig } from 'prettier'
import { ERROR_CODES, WARNING_CODES } from '../../src/index.js'
import { errorsDocument } from '../../tools/errors/document.js'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const ERRORS = Object.keys(ERROR_CODES)
const WARNINGS = Object.keys(WARNING_CODES)

interface Section {
  readonly code: string
  readonly group: string
  readonly text: string
}

/** The sections of docs/reference/errors.md, one a code. */
function sections(): Section[] {
  const document = readFileSync(path.join(ROOT, 'docs', 'reference', 'errors.md'), 'utf8')
  return document.split(/^## /m).flatMap((part) => {
    const group = part.split('\n', 1)[0] ?? ''
    return part
      .split(/^### /m)
      .slice(1)
      .map((text) => ({ code: text.split('\n', 1)[0] ?? '', group, text }))
  })
}

/** Markdown files in a folder of the project and below it. */
function documentsBelow(folder: string): string[] {
  const names = readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => name.endsWith('.md')).map((name) => path.join(folder, name))
}

/** All of src/, but the table of codes itself; and what the built package begins with. */
function sources(): string[] {
  const folder = path.join(ROOT, 'src')
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith(path.join('support', 'error-table')))
    .map((name) => path.join(folder, name))
  return [...files, path.join(ROOT, 'tools', 'package', 'module-loader.mjs')].map((file) => readFileSync(file, 'utf8'))
}

/** Code without its comments. */
function withoutComments(source: string): string {
  return source.replace(/\/\*[^]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/** Whether a code is read in what others threw, which makes it theirs: compared, or searched for in their words. */
function isRead(code: string, name: string): boolean {
  const searched = new RegExp(`/(?:[^/\\n]*[^\\w/])?${name}\\b[^/\\n]*/[a-z]*\\.(?:test|exec)\\(`)
  return code.includes(`.code === '${name}'`) || searched.test(code)
}

describe('docs/reference/errors.md', () => {
  it('is made of the table of errors', async () => {
    const file = path.join(ROOT, 'docs', 'reference', 'errors.md')
    const made = await format(errorsDocument(), { ...(await resolveConfig(file)), filepath: file })
    expect(readFileSync(file, 'utf8'), 'npm run docs:errors').to.equal(made)
  })

  it('explains every error and warning, and none that does not exist', () => {
    const documented = sections().map(({ code }) => code)
    expect(documented).to.have.members([...ERRORS, ...WARNINGS])
    expect(new Set(documented).size).to.equal(documented.length)
  })

  it('keeps errors and warnings apart', () => {
    for (const { code, group } of sections()) {
      expect(group === 'Warnings', `${code} in "${group}"`).to.equal(WARNINGS.includes(code))
    }
  })

  it('says of each its cause, its cure, and an example of its words', () => {
    for (const { code, text } of sections()) {
      for (const part of ['Cause', 'Cure', 'Example']) {
        expect(text, code).to.match(new RegExp(`^- \\*\\*${part}:\\*\\* .{10}`, 'm'))
      }
    }
  })

  it('gives examples of errors that begin with their code, or show it in a row', () => {
    for (const { code, text } of sections().filter(({ group }) => group !== 'Warnings')) {
      const example = /\*\*Example:\*\* `([^`]+)`/.exec(text)?.[1] ?? ''
      expect(example, code).to.match(new RegExp(`^(?:[a-z]+ (?:failed|timed-out|skipped): )?${code}: .{10}`))
    }
  })
})

describe('the codes', () => {
  const code = sources().map(withoutComments).join('\n')
  /** The one code that its class gives itself. */
  const OF_A_CLASS: Readonly<Record<string, string>> = { ERR_MALLCTL: 'MallctlError' }

  for (const name of [...ERRORS, ...WARNINGS]) {
    it(`are used somewhere: ${name}`, () => {
      const words = OF_A_CLASS[name] === undefined ? `'${name}'` : `new ${OF_A_CLASS[name]}(`
      expect(code.includes(words)).to.equal(true)
    })
  }

  it('are used nowhere unless they are listed', () => {
    const used = new Set(code.match(/\b(?:ERR|WARN)_[A-Z]+(?:_[A-Z]+)+\b/g))
    const foreign = [...used].filter((name) => ![...ERRORS, ...WARNINGS].includes(name))
    expect(foreign.filter((name) => !isRead(code, name))).to.deep.equal([])
  })

  it('are said in the documents only where they exist', () => {
    const documents = ['README.md', ...documentsBelow('docs')]
    for (const name of documents) {
      const text = readFileSync(path.join(ROOT, name), 'utf8')
      for (const word of text.match(/\b(?:ERR|WARN)_[A-Z]+(?:_[A-Z]+)+\b/g) ?? []) {
        expect([...ERRORS, ...WARNINGS], `${word} in ${name}`).to.include(word)
      }
    }
  })
})
