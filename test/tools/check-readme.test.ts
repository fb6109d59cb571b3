/** The documentation check itself: a document that holds passes, and each kind of failure is named with its line. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { needsJemalloc } from '../helpers/child.js'
import { thoroughSuite } from '../helpers/thorough.js'

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

/** Written as in `console.log()`, and as it is printed. */
const PRINTED = "console.log('users  1.5 MiB  of 2,000 (pid 17)\\nfloor  −3 B')"
const shown = (text: string): string => `${block('js', PRINTED)}\n${block('text output', text)}`

describe('tools/check-readme', function () {
  this.timeout(60_000)

  thoroughSuite('over documents that hold', () => {
    let result: Checked
    before(function () {
      needsJemalloc(this)
      result = check({
        'README.md': GOOD,
        'docs/guide.md': GUIDE,
        'docs/picture.svg': '<svg/>',
        'docs/package.md': block(
          'js',
          "import { Coordinator } from 'cache-attribution'\nif (!new Coordinator()) throw new Error('none')",
        ),
        'docs/listens.md': block('js', "import http from 'node:http'\nhttp.createServer().listen(1, '127.0.0.1')"),
        'docs/output.md': shown('users  27.25 KiB  of 3 (pid 4)\nfloor  12.10 MiB'),
      })
    })

    it('passes code, commands, links and anchors', () => {
      expect(result.stderr).to.equal('')
      expect(result.status).to.equal(0)
      expect(result.stdout).to.include(
        '5 documents, 5 modules checked, 1 fragments parsed, 4 programs and 2 commands run: all hold',
      )
    })

    it('runs a JavaScript block as a .mjs file of a project that has the package', () => {
      expect(findingsOf(result, 'docs/package.md')).to.deep.equal([])
    })

    it('ends a block that listens, on a free port whatever it asks for', () => {
      expect(findingsOf(result, 'docs/listens.md')).to.deep.equal([])
    })

    it('compares a shown output with what is printed now, figures aside', () => {
      expect(findingsOf(result, 'docs/output.md')).to.deep.equal([])
    })
  })

  describe('over documents with failures', () => {
    let result: Checked
    before(function () {
      needsJemalloc(this)
      result = check({
        'README.md': BAD,
        'docs/guide.md': GUIDE,
        'docs/rejects.md': block('js', "await Promise.reject(new Error('its words'))"),
        'docs/type-argument.md': block('js', 'const sizes = new Map<string, number>()'),
        'docs/await-using.md': block('js', 'await using file = {}'),
        'docs/output-word.md': shown('users  1.5 MiB  of 2,000 (pid 17)\nceiling  −3 B'),
        'docs/output-line.md': shown('users  1.5 MiB  of 2,000 (pid 17)'),
        'docs/output-alone.md': block('text output', 'words'),
        'docs/open.md': '# Open\n\n```ts\nconst a = 1\n',
      })
    })

    it('names each with file, line and reason', () => {
      expect(result.status).to.equal(1)
      expect(findingsOf(result, 'README.md')).to.have.length(8)
      expect(result.stderr).to.include('README.md:3: "docs/gone.md": there is no docs/gone.md')
      expect(result.stderr).to.include(
        'README.md:3: "docs/guide.md#nothing-here": docs/guide.md has no heading #nothing-here',
      )
      expect(result.stderr).to.include('README.md:3: "../../secret.md" leads out of the project')
      expect(result.stderr).to.match(/^README\.md:7: TS2322: .*'string'.*'number'/m)
      expect(result.stderr).to.match(/^README\.md:11: TS\d+: /m)
      expect(result.stderr).to.match(/^README\.md:14: ended with exit code 3\n +the last words$/m)
      expect(result.stderr).to.match(/^README\.md:18: did not end within \d/m)
      expect(result.stderr).to.include('README.md:22: unknown marking "fragmnet" of a ts block: fragment')
    })

    it('finds a program that fails, with its words', () => {
      expect(result.stderr).to.match(/^docs\/rejects\.md:1: ended with exit code 1\n/m)
      expect(result.stderr).to.include('Error: its words')
    })

    it('refuses JavaScript that Node 20 or TypeScript cannot read', () => {
      expect(findingsOf(result, 'docs/type-argument.md')).not.to.deep.equal([])
      expect(findingsOf(result, 'docs/await-using.md')).not.to.deep.equal([])
    })

    it('compares a shown output with what is printed now, words and lines', () => {
      expect(findingsOf(result, 'docs/output-word.md')[0]).to.match(
        /^docs\/output-word\.md:5: line 2 of this output is "floor #" now, shown is "ceiling #"; node /,
      )
      expect(findingsOf(result, 'docs/output-line.md'), 'a line is missing').to.have.length(1)
    })

    it('wants the program of an output right before it', () => {
      expect(findingsOf(result, 'docs/output-alone.md')).to.deep.equal([
        'docs/output-alone.md:1: the block before an output must be the js block that printed it',
      ])
    })

    it('says where a fence is never closed', () => {
      expect(findingsOf(result, 'docs/open.md')).to.deep.equal(['docs/open.md:3: this fence is never closed'])
    })
  })

  it('leaves programs and commands out on request', () => {
    const text = '```sh run\nexit 1\n```\n\n```js\nprocess.exit(1)\n```\n'
    const { stdout, stderr } = check({ 'README.md': text }, '--no-run')
    expect(stderr).to.equal('')
    expect(stdout).to.include('0 programs and 0 commands run')
  })

  it('writes what is printed now on request', function () {
    needsJemalloc(this)
    const before = `# A\n\n${block('js', "console.log('one\\ntwo')")}\n${block('text output', 'old')}\nEnd.\n`
    const { files, status } = check({ 'README.md': before }, '--write')
    expect(status).to.equal(0)
    expect(files['README.md']).to.equal(before.replace('old', 'one\ntwo'))
  })
})

type Checked = ReturnType<typeof check>

/** The first lines of what was found in a document. */
function findingsOf({ stderr }: Checked, document: string): string[] {
  return stderr.split('\n').filter((line) => line.startsWith(`${document}:`))
}

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
