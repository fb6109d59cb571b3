/** The documentation check itself: a document that holds passes, and each kind of failure is named with its line. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { needsJemalloc } from '../helpers/child.js'

const TOOL = fileURLToPath(new URL('../../../tools/check-readme.mjs', import.meta.url))

const GOOD = `# The good one

See [the guide](docs/guide.md#two-words-and-code), [below](#use), ![a picture](docs/picture.svg),
[elsewhere](https://example.org/nowhere#at-all) and \`[no link](nowhere.md)\`.

## Use

\`\`\`ts
const total: number = [1, 2].reduce((sum, each) => sum + each, 0)
console.log(await Promise.resolve(total))
\`\`\`

\`\`\`ts fragment
cache.release({ signal })
\`\`\`

\`\`\`js
const seen = new Map()
seen.set('a', (x) => x)
\`\`\`

\`\`\`sh run
echo kept > note.txt
\`\`\`

\`\`\`sh run 20
grep -q kept note.txt
\`\`\`

\`\`\`sh
exit 1
\`\`\`
`
const GUIDE = '# Guide\n\n## Two words, and `code`\n\nBack to [the start](../README.md).\n'

const BAD = `# The bad one

[gone](docs/gone.md), [no such part](docs/guide.md#nothing-here), [outside](../../secret.md)

\`\`\`ts
const right = 1
const wrong: number = 'text'
\`\`\`

\`\`\`ts fragment
const size: = 3
\`\`\`

\`\`\`sh run
echo the last words; exit 3
\`\`\`

\`\`\`sh run 0.2
sleep 20
\`\`\`

\`\`\`ts fragmnet
\`\`\`
`

describe('tools/check-readme', function () {
  this.timeout(60_000)

  it('passes a document whose code, commands, links and anchors hold', () => {
    const { status, stdout, stderr } = check({
      'README.md': GOOD,
      'docs/guide.md': GUIDE,
      'docs/picture.svg': '<svg/>',
    })
    expect(stderr).to.equal('')
    expect(status).to.equal(0)
    expect(stdout).to.include(
      '2 documents, 2 modules checked, 1 fragments parsed, 1 programs and 2 commands run: all hold',
    )
  })

  it('names each failure with file, line and reason', () => {
    const { status, stdout, stderr } = check({ 'README.md': BAD, 'docs/guide.md': GUIDE })
    expect(status).to.equal(1)
    expect(stdout).to.include('8 failures')
    expect(stderr).to.include('README.md:3: "docs/gone.md": there is no docs/gone.md')
    expect(stderr).to.include('README.md:3: "docs/guide.md#nothing-here": docs/guide.md has no heading #nothing-here')
    expect(stderr).to.include('README.md:3: "../../secret.md" leads out of the project')
    expect(stderr).to.match(/^README\.md:7: TS2322: .*'string'.*'number'/m)
    expect(stderr).to.match(/^README\.md:11: TS\d+: /m)
    expect(stderr).to.match(/^README\.md:14: ended with exit code 3\n +the last words$/m)
    expect(stderr).to.match(/^README\.md:18: did not end within \d/m)
    expect(stderr).to.include('README.md:22: unknown marking "fragmnet" of a ts block: fragment')
  })

  it('leaves programs and commands out on request', () => {
    const text = '```sh run\nexit 1\n```\n\n```js\nprocess.exit(1)\n```\n'
    const { stdout, stderr } = check({ 'README.md': text }, '--no-run')
    expect(stderr).to.equal('')
    expect(stdout).to.include('0 programs and 0 commands run')
  })

  it('runs a JavaScript block as a .mjs file of a project that has the package', () => {
    const good = block(
      'js',
      "import { Coordinator } from 'cache-attribution'\nif (!new Coordinator()) throw new Error('none')",
    )
    expect(check({ 'README.md': good }).stderr).to.equal('')
    const { status, stderr } = check({ 'README.md': block('js', "await Promise.reject(new Error('its words'))") })
    expect(status).to.equal(1)
    expect(stderr).to.match(/^README\.md:1: ended with exit code 1\n/)
    expect(stderr).to.include('Error: its words')
  })

  it('ends a block that listens, on a free port whatever it asks for', () => {
    const listens = "import http from 'node:http'\nhttp.createServer().listen(1, '127.0.0.1')"
    expect(check({ 'README.md': block('js', listens) }).stderr).to.equal('')
  })

  it('refuses JavaScript that Node 20 or TypeScript cannot read', () => {
    for (const code of ['const sizes = new Map<string, number>()', 'await using file = {}']) {
      expect(check({ 'README.md': block('js', code) }).status, code).to.equal(1)
    }
  })

  it('compares a shown output with what is printed now, figures aside', function () {
    needsJemalloc(this)
    const program = block('js', "console.log('users  1.5 MiB  of 2,000 (pid 17)\\nfloor  −3 B')")
    const shown = (text: string): string => `${program}\n${block('text output', text)}`
    expect(check({ 'README.md': shown('users  27.25 KiB  of 3 (pid 4)\nfloor  12.10 MiB') }).stderr).to.equal('')
    const { status, stderr } = check({ 'README.md': shown('users  1.5 MiB  of 2,000 (pid 17)\nceiling  −3 B') })
    expect(status).to.equal(1)
    expect(stderr).to.match(/^README\.md:5: line 2 of this output is "floor #" now, shown is "ceiling #"; node /)
    expect(check({ 'README.md': shown('users  1.5 MiB  of 2,000 (pid 17)') }).status, 'a line is missing').to.equal(1)
  })

  it('writes what is printed now on request', function () {
    needsJemalloc(this)
    const before = `# A\n\n${block('js', "console.log('one\\ntwo')")}\n${block('text output', 'old')}\nEnd.\n`
    const { files, status } = check({ 'README.md': before }, '--write')
    expect(status).to.equal(0)
    expect(files['README.md']).to.equal(before.replace('old', 'one\ntwo'))
  })

  it('wants the program of an output right before it', () => {
    const { stderr } = check({ 'README.md': block('text output', 'words') })
    expect(stderr).to.include('README.md:1: the block before an output must be the js block that printed it')
  })

  it('says where a fence is never closed', () => {
    const { stderr } = check({ 'docs/open.md': '# Open\n\n```ts\nconst a = 1\n' })
    expect(stderr).to.equal('docs/open.md:3: this fence is never closed\n')
  })
})

/** A fenced block. */
function block(info: string, code: string): string {
  return `\`\`\`${info}\n${code}\n\`\`\`\n`
}

/** Runs the tool over these documents, in a folder of their own. */
function check(documents: Record<string, string>, ...flags: string[]) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'documents-'))
  try {
    for (const [name, text] of Object.entries(documents)) {
      const file = path.join(root, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    const { status, stdout, stderr } = spawnSync(process.execPath, [TOOL, '--root', root, ...flags], {
      encoding: 'utf8',
    })
    const read = (name: string): string => readFileSync(path.join(root, name), 'utf8')
    const files = Object.fromEntries(Object.keys(documents).map((name) => [name, read(name)]))
    return { status, stdout, stderr, files }
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
