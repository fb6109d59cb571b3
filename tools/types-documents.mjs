// Writes docs/reference/options.md and docs/reference/report.md from the doc comments of the public types, so that the
// pages cannot fall behind the code.
//
//   node tools/types-documents.mjs [--check]      --check writes nothing, and fails where a page would change
import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { format, resolveConfig } from 'prettier'
import ts from 'typescript'
import { entryModules } from './package/entry-modules.mjs'

/**
 * @typedef {object} Section
 * @property {string} title
 * @property {string} type name of an interface, public or of a public call's parameter; its members are the items
 *
 * @typedef {object} Page
 * @property {string} file
 * @property {string} head
 * @property {readonly Section[]} sections
 */

/** @type {readonly Page[]} */
const PAGES = [
  {
    file: 'docs/reference/options.md',
    head: `# Options

Every option of the library, by the call that takes it. All are optional unless the type says otherwise. A misspelt or unknown
option is refused with \`ERR_OPTION_UNKNOWN\` and the nearest known name; \`undefined\` is the same as leaving it out.

This page is made of the doc comments (\`npm run docs:types\`).
`,
    sections: [
      { title: '`new Coordinator(options)`', type: 'CoordinatorOptions' },
      { title: '`coordinator.attribute(options)`', type: 'AttributeOptions' },
      { title: '`budget` of a run', type: 'Budget' },
      { title: '`coordinator.register(name, releasable)`', type: 'Releasable' },
      { title: '`coordinator.register(name, releasable, options)`', type: 'RegistrationOptions' },
      { title: '`releaseUnderPressure(coordinator, options)`', type: 'PressureOptions' },
      { title: '`breakdown(options)`', type: 'BreakdownOptions' },
      { title: '`formatReport(report, options)`', type: 'FormatOptions' },
      { title: '`runInTwin(work, options)`, `heapSnapshot(path, options)`', type: 'TwinOptions' },
      { title: '`discover(options)`', type: 'DiscoverOptions' },
      { title: '`budget` of `discover()`', type: 'DiscoverBudget' },
      { title: '`classHistogram(options)`', type: 'HistogramOptions' },
      { title: '`ReportHistory.open(folder, options)`', type: 'HistoryOptions' },
      { title: '`new PeriodicReporter(coordinator, options)`', type: 'PeriodicReporterOptions' },
      { title: '`createAdminHandler(coordinator, options)`', type: 'AdminHandlerOptions' },
      { title: '`bearerToken(options)`', type: 'BearerTokenOptions' },
      { title: '`createProfileHandler(profiler, options)`', type: 'ProfileHandlerOptions' },
      { title: '`collectMetrics(coordinator, options)`', type: 'CollectMetricsOptions' },
      { title: '`meterCoordinator(coordinator, options)`', type: 'MeterOptions' },
      { title: '`new HeapProfiler(options)`', type: 'HeapProfilerOptions' },
      { title: '`profiler.capture(options)`', type: 'CaptureOptions' },
      { title: '`new GrowthMonitor(options)`', type: 'GrowthMonitorOptions' },
      { title: '`BlackBox.open(path, options)`', type: 'BlackBoxOptions' },
      { title: '`new DumpCatalogue(options)`', type: 'DumpCatalogueOptions' },
      { title: '`redisLease(client, options)`, `fileLease(folder, options)`', type: 'LeaseOptions' },
    ],
  },
  {
    file: 'docs/reference/report.md',
    head: `# The report

What \`attribute()\` resolves with: plain JSON, \`schemaVersion\` 1. All sizes are bytes, all durations milliseconds. Unknown is
\`null\`, never 0, and a negative number is kept. For each quantity, rows + \`unattributed\` = \`before\` − \`after\`, exactly.
\`floor\` = \`before\` − rows: what no cache held. How these figures are made: [the method](../internals/method.md).

This page is made of the doc comments (\`npm run docs:types\`).
`,
    sections: [
      { title: 'The report', type: 'AttributionReport' },
      { title: 'A row: one cache', type: 'CacheAttribution' },
      { title: 'Bytes of a row', type: 'AttributedBytes' },
      { title: 'What a trim dropped', type: 'TrimSummary' },
      { title: 'Noise', type: 'ReportNoise' },
      { title: 'The process', type: 'ReportProcess' },
      { title: 'A sample: `before` and `after`', type: 'MemorySample' },
      { title: 'The twins', type: 'ReportTwin' },
      { title: 'The self-check', type: 'ReportSelfCheck' },
      { title: 'A worker', type: 'WorkerHeap' },
      { title: 'A trend', type: 'Trend' },
      { title: 'The forecast', type: 'Forecast' },
      { title: 'A warning', type: 'ReportWarning' },
      { title: 'The residual', type: 'ReportResidual' },
    ],
  },
]

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const { program, exported } = publicTypes()
const checker = program.getTypeChecker()
let outdated = 0
for (const page of PAGES) await writePage(page)
process.exitCode = outdated === 0 ? 0 : 1

/** The sources of the entry points, and what they export. */
function publicTypes() {
  const modules = entryModules(manifest.exports, path.join(root, 'src'))
  const entries = modules.map((module) => path.join(root, 'src', `${module}.ts`))
  const { config } = ts.readConfigFile(path.join(root, 'tsconfig.json'), (file) => ts.sys.readFile(file))
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const made = ts.createProgram(entries, { ...options, noEmit: true })
  /** @type {Map<string, ts.Symbol>} */
  const found = new Map()
  for (const entry of entries) {
    const source = made.getSourceFile(entry)
    const module = source && made.getTypeChecker().getSymbolAtLocation(source)
    for (const symbol of module === undefined ? [] : made.getTypeChecker().getExportsOfModule(module)) {
      if (!found.has(symbol.name)) found.set(symbol.name, symbol)
    }
  }
  return { program: made, exported: found }
}

/** A type that has a name in the sources only: a structural parameter needs none. @param {string} name @returns {ts.Symbol} */
function internal(name) {
  const found = program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(path.join(root, 'src')))
    .flatMap(({ statements }) => statements.filter(ts.isInterfaceDeclaration))
    .filter((declaration) => declaration.name.text === name)
    .flatMap((declaration) => checker.getSymbolAtLocation(declaration.name) ?? [])
  const [symbol, ...others] = found
  if (symbol === undefined) throw new Error(`there is no type ${name}`)
  if (others.length > 0) throw new Error(`there are ${found.length} types ${name}`)
  return symbol
}

/** @param {Page} page */
async function writePage({ file, head, sections }) {
  const target = path.join(root, file)
  const text = [head, ...sections.map(sectionText)].join('\n')
  const formatted = await format(text, { ...(await resolveConfig(target)), parser: 'markdown' })
  const isCurrent = (await readFile(target, 'utf8').catch(() => '')) === formatted
  if (isCurrent) return
  if (values.check) {
    outdated++
    console.error(`${file} is not what the doc comments say: npm run docs:types`)
  } else {
    await writeFile(target, formatted)
    console.log(`wrote ${file}`)
  }
}

/** @param {Section} section */
function sectionText({ title, type }) {
  const found = exported.get(type) ?? internal(type)
  const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found
  const all = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
  // Clocks and collectors that tests put in are nothing for users.
  const members = all.filter((member) => !/\bfor tests\b/.test(textOf(member)))
  const about = textOf(symbol)
  return [`## ${title}\n`, ...(about === '' ? [] : [`${about}\n`]), ...members.map(itemText), ''].join('\n')
}

/** One member as an item of a list: a line each, so that changes of two do not meet. @param {ts.Symbol} member */
function itemText(member) {
  const fallback = tagOf(member, 'default')
  const head = `- \`${member.name}\`: \`${typeOf(member)}\`${fallback === '' ? '' : `, default ${fallback}`}.`
  return `${head.replace(/\.\.$/, '.')} ${textOf(member)}`.trimEnd()
}

/** A member's type as it was written, on one line. @param {ts.Symbol} member */
function typeOf(member) {
  const declaration = member.valueDeclaration
  if (declaration === undefined) return checker.typeToString(checker.getTypeOfSymbol(member))
  if (ts.isMethodSignature(declaration) || ts.isMethodDeclaration(declaration)) {
    const parameters = declaration.parameters.map((parameter) => parameter.getText())
    return oneLine(`(${parameters.join(', ')}) => ${declaration.type?.getText() ?? 'void'}`)
  }
  const written = ts.isPropertySignature(declaration) ? declaration.type?.getText() : undefined
  const type = oneLine(written ?? checker.typeToString(checker.getTypeOfSymbol(member)))
  const isNamed = /^[A-Z]\w*$/.test(type)
  return (isNamed ? literalsOf(checker.getNonNullableType(checker.getTypeOfSymbol(member))) : undefined) ?? type
}

/** The words of a type that is a choice of a few words; undefined for any other. @param {ts.Type} type */
function literalsOf(type) {
  const words = type.isUnion() ? type.types : []
  if (words.length === 0 || words.length > 8 || !words.every((each) => each.isStringLiteral())) return undefined
  return words.map((each) => `'${each.isStringLiteral() ? each.value : ''}'`).join(' | ')
}

/** @param {string} type */
function oneLine(type) {
  return type
    .replace(/\/\*[^]*?\*\//g, '')
    .replace(/\breadonly /g, '')
    .replace(/\s*\|\s*undefined\b/g, '')
    .replace(/\n\s*(?=\w+\??:)/g, '; ')
    .replace(/\{\s*;/g, '{')
    .replace(/\s+/g, ' ')
    .replace(/^\| /, '')
    .trim()
}

/** A doc comment as one paragraph. @param {ts.Symbol} symbol */
function textOf(symbol) {
  return paragraph(ts.displayPartsToString(symbol.getDocumentationComment(checker)))
}

/** @param {ts.Symbol} symbol @param {string} name */
function tagOf(symbol, name) {
  const tag = symbol.getJsDocTags(checker).find((each) => each.name === name)
  const text = paragraph(ts.displayPartsToString(tag?.text))
  // The value comes first, a remark may follow: `10_000`, `'auto' jemalloc where …`.
  return text.replace(/^('[^']*'|[\d_.]+|true|false|undefined|\[[^\]]*\]|\{[^}]*\})(?=$|[\s:,;])/, '`$1`')
}

/** @param {string} text */
function paragraph(text) {
  return text
    .replace(/\{@link ([^}|\s]+)[^}]*\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .trim()
}
