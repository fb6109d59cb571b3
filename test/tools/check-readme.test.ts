/** The documentation check itself: a document that holds passes, and each kind of failure is named with its line. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

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
    expect(stdout).to.include('2 documents, 2 modules checked, 1 fragments parsed, 2 commands run: all hold')
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

  it('leaves commands out on request', () => {
    const { stdout, stderr } = check({ 'README.md': '```sh run\nexit 1\n```\n' }, '--no-run')
    expect(stderr).to.equal('')
    expect(stdout).to.include('0 commands run')
  })

  it('says where a fence is never closed', () => {
    const { stderr } = check({ 'docs/open.md': '# Open\n\n```ts\nconst a = 1\n' })
    expect(stderr).to.equal('docs/open.md:3: this fence is never closed\n')
  })
})

/** Runs the tool over these documents, in a folder of their own. */
function check(documents: Record<string, string>, ...flags: string[]) {
  const root = mkdtempSync(path.join(os.tmpdir(), 'documents-'))
  try {
    for (const [name, text] of Object.entries(documents)) {
      const file = path.join(root, name)
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, text)
    }
    return spawnSync(process.execPath, [TOOL, '--root', root, ...flags], { encoding: 'utf8' })
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}
