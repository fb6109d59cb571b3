import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { runInNewContext } from 'node:vm'
import { brotliDecompressSync } from 'node:zlib'
import { expect } from 'chai'
import { transform } from 'esbuild'

type Text = (text: string) => string

async function tool<Exports>(name: string): Promise<Exports> {
  return (await import(new URL(`../../../tools/package/${name}.mjs`, import.meta.url).href)) as Exports
}

const { compressedSources } = await tool<{ readonly compressedSources: (folder: string) => Buffer }>('c-sources')
const { flatName } = await tool<{ readonly flatName: Text }>('entry-modules')
const { withPlainCalls } = await tool<{ readonly withPlainCalls: Text }>('module-code')
const { withLineBreaks } = await tool<{ readonly withLineBreaks: (code: string, most?: number) => string }>(
  'line-breaks',
)

/** Everything that a break could change: texts, templates, operands that have to stay on their line, and signs that join lines. */
const PROGRAM = `
class Counter { #count = 1; static made = 0; get count() { return this.#count } bump() { this.#count++; return this } }
function* numbers() { yield 1, yield [2, 3]; return 4 }
const spaced = 'a very long text, with commas; and { braces } && operands, that is longer than a line of the package may be'
const template = \`first line, \${[1, 2, 3].map((n) => \`<\${n}, \${n ? 'yes' : 'no'}>\`).join(', ')}
second line; with "quotes", // no comment
\${numbers().next().value}\`
const pattern = /[,;]\\/{2}/g
const values = [1, 2, 3].map((n) => { if (n > 1) return n; else return -n })
function decided(a, b) { switch (a) { case 1: return b; default: { throw new Error('never, ' + b) } } }
let i = 0, j = 5
do i++; while (i < j)
const object = { a: 1, get b() { return 2 }, async c() { await 0; return 3 }, [spaced]: i, ...{ d: values } }
result = JSON.stringify([new Counter().bump().count, [...numbers()], template.replace(pattern, '|'), decided(1, i), object, i || j && 3, i > 3 ? 'more' : 'less'])
`

async function minified(): Promise<string> {
  return (await transform(PROGRAM, { minify: true, charset: 'ascii' })).code.trim()
}

function run(code: string): unknown {
  const context = { result: undefined }
  runInNewContext(code, context)
  return context.result
}

describe('lines of the package', () => {
  for (const most of [1, 20, 60, 160]) {
    it(`are broken after ${String(most)} characters without a change of what the code does`, async () => {
      const code = await minified()
      const broken = withLineBreaks(code, most)
      expect(run(broken)).to.equal(run(code)).and.to.be.a('string')
      expect(broken.split('\n').length).to.be.greaterThan(code.split('\n').length)
    })
  }

  it('are no longer than their longest text', async () => {
    const lines = withLineBreaks(await minified(), 60).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).to.be.lessThan(220)
  })

  it('stay as they are where they are short', () => {
    expect(withLineBreaks('a(1,2);b(3)')).to.equal('a(1,2);b(3)')
  })
})

describe('code of the package', () => {
  it('calls a function of another module without brackets around it', () => {
    expect(
      withPlainCalls('x((0, $(12).read)(a), (0, $n.fs.statSync)(b), (0, local)(c), `${(0, $(1).tag)`t`}`)'),
    ).to.equal('x($(12).read(a), $n.fs.statSync(b), (0, local)(c), `${$(1).tag`t`}`)')
  })

  it('has sources in C without comments, with each text and each line where it was', () => {
    const text =
      'int a; // one\n/* two\n   lines */ const char *b = "// no \\" comment /* */", c = \'"\'; /* x */ int d;\nint e = 4 / 2;\n'
    const folder = mkdtempSync(path.join(os.tmpdir(), 'c-sources-'))
    writeFileSync(path.join(folder, 'a.c'), text)
    writeFileSync(path.join(folder, 'notes.md'), '')
    const unpacked = JSON.parse(brotliDecompressSync(compressedSources(folder)).toString()) as Record<string, string>
    rmSync(folder, { recursive: true })
    expect(Object.keys(unpacked)).to.deep.equal(['a.c'])
    const kept = unpacked['a.c'] ?? ''
    expect(kept).to.equal(
      'int a;\n\n  const char *b = "// no \\" comment /* */", c = \'"\';   int d;\nint e = 4 / 2;\n',
    )
    expect(kept.split('\n').length).to.equal(text.split('\n').length)
  })

  it('lies in one folder, by names that tell the modules apart', () => {
    const modules = ['index', 'http/index', 'metrics/opentelemetry', 'cli/main']
    expect(modules.map(flatName)).to.deep.equal(['index', 'http', 'metrics-opentelemetry', 'cli-main'])
  })
})
