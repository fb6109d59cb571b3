// Counts what makes the project large for a reader: public names, identifiers, folders, lines of the README, dependencies, and
// modules that tests name by their path. Of another state of the project, check it out and give its folder.
//
//   node tools/house-figures.mjs [FOLDER]
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { entryModules } from './package/entry-modules.mjs'

const root = path.resolve(process.argv[2] ?? fileURLToPath(new URL('..', import.meta.url)))
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'))
const modules = modulesBelow('src')
const entries = entryModules(manifest.exports, path.join(root, 'src')).map((module) =>
  path.join(root, 'src', `${module}.ts`),
)
const names = publicNames(entries)
const lengths = modules.flatMap(declaredLengths)
const fromTests = importedByTests()

const rows = [
  ['entries', entries.length],
  ['public names, those of several entries once', names.all.size],
  ['of them values', names.values.size],
  ['declared identifiers', lengths.length],
  ['mean length of an identifier', (lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toFixed(2)],
  ['modules below src/', modules.length],
  ['folders below src/', new Set(modules.map((file) => path.dirname(file))).size],
  ['lines of README.md', readFileSync(path.join(root, 'README.md'), 'utf8').trimEnd().split('\n').length],
  ['development dependencies', Object.keys(manifest.devDependencies).length],
  ['locked packages', Object.keys(lock.packages).filter((name) => name !== '').length],
  ['modules of src/ that tests import by path', fromTests.modules.size],
  ['such imports', fromTests.imports],
  ['modules behind test/helpers/internals/, each named by one file', fromTests.inside.size],
]
console.log('| figure | value |\n| --- | --- |')
for (const [figure, value] of rows) console.log(`| ${figure} | ${value} |`)

/** @param {string} folder */
function modulesBelow(folder) {
  return readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => path.join(root, folder, name))
}

/** @param {readonly string[]} files */
function publicNames(files) {
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    skipLibCheck: true,
    noEmit: true,
  })
  const checker = program.getTypeChecker()
  const [all, values] = [new Set(), new Set()]
  for (const file of files) {
    const source = program.getSourceFile(file)
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    for (const symbol of module === undefined ? [] : checker.getExportsOfModule(module)) {
      all.add(symbol.name)
      const declared = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      if (declared.flags & ts.SymbolFlags.Value) values.add(symbol.name)
    }
  }
  return { all, values }
}

/** Of every name that a module declares: variables, parameters, functions, types and their members. @param {string} file */
function declaredLengths(file) {
  /** @type {number[]} */
  const found = []
  const visit = (/** @type {ts.Node} */ node) => {
    const name = /** @type {{ name?: ts.Node }} */ (node).name
    const isDeclaration =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isClassDeclaration(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isMethodDeclaration(node) ||
      ts.isMethodSignature(node) ||
      ts.isPropertyDeclaration(node) ||
      ts.isPropertySignature(node) ||
      ts.isGetAccessor(node)
    if (isDeclaration && name !== undefined) {
      if (ts.isIdentifier(name)) found.push(name.text.length)
      else if (ts.isPrivateIdentifier(name)) found.push(name.text.length - 1)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true))
  return found
}

function importedByTests() {
  const found = { modules: new Set(), imports: 0, inside: new Set() }
  for (const file of modulesBelow('test')) {
    for (const { fileName } of ts.preProcessFile(readFileSync(file, 'utf8'), true, true).importedFiles) {
      const module = path.resolve(path.dirname(file), fileName)
      if (!fileName.startsWith('.') || !module.startsWith(path.join(root, 'src') + path.sep)) continue
      if (file.startsWith(path.join(root, 'test', 'helpers', 'internals') + path.sep)) {
        found.inside.add(module)
        continue
      }
      found.modules.add(module)
      found.imports++
    }
  }
  return found
}
