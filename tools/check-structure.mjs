// Holds what neither eslint nor knip sees of how the modules stand to one another: no circle of imports, types included,
// and no exported name of src/ that two modules declare, so that a name has one meaning and is found by searching.
//
//   node tools/check-structure.mjs
import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = fileURLToPath(new URL('..', import.meta.url))
const folders = ['src', 'test']

const files = folders
  .map((folder) => path.resolve(root, folder))
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => path.join(folder, name)),
  )
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
const imports = new Map(files.map((file) => [file, importsOf(file)]))
const circles = circlesIn(imports)
for (const circle of circles) {
  console.error(`circular imports: ${circle.map((file) => path.relative(root, file)).join(' → ')}`)
}
const twice = [...exportedNames(files)].filter(([, modules]) => modules.length > 1)
for (const [name, modules] of twice) console.error(`exported twice: ${name}, by ${modules.join(' and ')}`)
console.log(
  `structure: ${files.length} modules, ${circles.length} circles, ${twice.length} names that are exported twice`,
)
process.exitCode = circles.length + twice.length === 0 ? 0 : 1

/**
 * The declarations and exports of each module of src/; re-exports are the same name.
 *
 * @param {readonly string[]} modules
 * @returns {Map<string, string[]>} name → modules
 */
function exportedNames(modules) {
  /** @type {Map<string, string[]>} */
  const found = new Map()
  for (const file of modules.filter((module) => module.startsWith(path.join(root, 'src')))) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
    for (const name of new Set(source.statements.flatMap(namesOf))) {
      found.set(name, [...(found.get(name) ?? []), path.relative(root, file)])
    }
  }
  return found
}

/** The names that an exported declaration declares. @param {ts.Statement} statement @returns {string[]} */
function namesOf(statement) {
  const isExported =
    ts.canHaveModifiers(statement) &&
    ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true
  if (!isExported) return []
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []))
  }
  const { name } = /** @type {ts.DeclarationStatement} */ (statement)
  return name !== undefined && ts.isIdentifier(name) ? [name.text] : []
}

/** The modules of the project that a file imports, by whichever kind of import. @param {string} file */
function importsOf(file) {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true)
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => path.resolve(path.dirname(file), fileName.replace(/\.js$/, '.ts')))
}

/**
 * One circle for each group of modules that reach one another (Tarjan).
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {string[][]} each ends where it began
 */
function circlesIn(graph) {
  /** @type {Map<string, number>} */
  const entered = new Map()
  /** @type {Map<string, number>} */
  const lowest = new Map()
  /** @type {string[]} */
  const open = []
  /** @type {string[][]} */
  const found = []
  /** @param {string} file */
  const visit = (file) => {
    const order = entered.size
    entered.set(file, order)
    lowest.set(file, order)
    open.push(file)
    for (const target of graph.get(file) ?? []) {
      if (!graph.has(target)) continue
      if (!entered.has(target)) visit(target)
      if (open.includes(target)) lowest.set(file, Math.min(lowest.get(file) ?? 0, lowest.get(target) ?? 0))
    }
    if (lowest.get(file) !== order) return
    const group = open.splice(open.indexOf(file))
    const isCircle = group.length > 1 || (graph.get(file) ?? []).includes(file)
    if (isCircle) found.push(circleThrough(graph, file, new Set(group)))
  }
  for (const file of graph.keys()) if (!entered.has(file)) visit(file)
  return found
}

/**
 * A shortest circle through a module, within its group.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @param {string} start
 * @param {ReadonlySet<string>} group
 * @returns {string[]}
 */
function circleThrough(graph, start, group) {
  const queue = [[start]]
  const seen = new Set()
  for (const way of queue) {
    for (const target of graph.get(way.at(-1) ?? start) ?? []) {
      if (target === start) return [...way, start]
      if (!group.has(target) || seen.has(target)) continue
      seen.add(target)
      queue.push([...way, target])
    }
  }
  return [start]
}
