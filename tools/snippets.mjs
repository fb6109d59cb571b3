// Type-checks the code blocks of documents, as a reader would compile them: strict, as modules of this package.
import path from 'node:path'
import ts from 'typescript'

/**
 * @typedef {object} Snippet
 * @property {string} document path shown in messages
 * @property {number} line line of the opening fence
 * @property {'ts' | 'js'} language
 * @property {string} code
 *
 * @typedef {object} Finding
 * @property {string} document
 * @property {number} line
 * @property {string} reason
 */

/** Parses only: for pieces that leave out their surroundings. @param {Snippet} snippet @returns {Finding[]} */
export function parseSnippet(snippet) {
  const { diagnostics = [] } = ts.transpileModule(snippet.code, {
    reportDiagnostics: true,
    fileName: `snippet.${snippet.language}`,
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext, allowJs: true },
  })
  return diagnostics.map((diagnostic) => findingOf(snippet, diagnostic))
}

/**
 * Checks complete modules. They stand in memory, as if in `packageRoot`, so that `import … from '<the package>'`
 * is the package's reference to itself: what dist/ holds is what is checked.
 *
 * @param {readonly Snippet[]} snippets
 * @param {string} packageRoot
 * @returns {Finding[]}
 */
export function checkSnippets(snippets, packageRoot) {
  return [
    ...checkLanguage(snippets, 'ts', packageRoot, {}),
    // Plain JavaScript has no place to write a type, and reads `process.env.NAME`.
    ...checkLanguage(snippets, 'js', packageRoot, {
      allowJs: true,
      checkJs: true,
      noImplicitAny: false,
      noPropertyAccessFromIndexSignature: false,
    }),
  ]
}

/**
 * @param {readonly Snippet[]} all
 * @param {'ts' | 'js'} language
 * @param {string} packageRoot
 * @param {ts.CompilerOptions} more
 * @returns {Finding[]}
 */
function checkLanguage(all, language, packageRoot, more) {
  /** @type {Map<string, Snippet>} */
  const byFile = new Map()
  for (const snippet of all.filter((each) => each.language === language)) {
    byFile.set(path.join(packageRoot, `snippet-${byFile.size}.m${language}`), snippet)
  }
  if (byFile.size === 0) return []
  const options = { ...optionsOf(packageRoot), ...more }
  const program = ts.createProgram([...byFile.keys()], options, hostWith(byFile, options, packageRoot))
  // The files that they import are the compiler's business: here their types are read, not checked.
  const files = [...byFile.keys()].flatMap((file) => program.getSourceFile(file) ?? [])
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
  ]
  return diagnostics.map((diagnostic) => {
    const snippet = byFile.get(diagnostic.file?.fileName ?? '')
    if (snippet !== undefined) return findingOf(snippet, diagnostic)
    return { document: diagnostic.file?.fileName ?? 'tsconfig.json', line: 1, reason: reasonOf(diagnostic) }
  })
}

/** The project's own compiler options, without those that are about output. @param {string} packageRoot */
function optionsOf(packageRoot) {
  const { config } = ts.readConfigFile(path.join(packageRoot, 'tsconfig.json'), (file) => ts.sys.readFile(file))
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, packageRoot)
  delete options.rootDir
  delete options.outDir
  return {
    ...options,
    noEmit: true,
    declaration: false,
    sourceMap: false,
    inlineSources: false,
    types: ['node'],
    // A document shows a value without using it.
    noUnusedLocals: false,
    noUnusedParameters: false,
  }
}

/**
 * @param {ReadonlyMap<string, Snippet>} byFile
 * @param {ts.CompilerOptions} options
 * @param {string} packageRoot
 */
function hostWith(byFile, options, packageRoot) {
  const host = ts.createCompilerHost(options)
  const { getSourceFile, fileExists, readFile } = host
  host.getCurrentDirectory = () => packageRoot
  host.fileExists = (file) => byFile.has(file) || fileExists(file)
  host.readFile = (file) => byFile.get(file)?.code ?? readFile(file)
  host.getSourceFile = (file, ...rest) => {
    const snippet = byFile.get(file)
    if (snippet === undefined) return getSourceFile(file, ...rest)
    return ts.createSourceFile(file, snippet.code, rest[0], true)
  }
  return host
}

/** @param {Snippet} snippet @param {ts.Diagnostic} diagnostic @returns {Finding} */
function findingOf(snippet, diagnostic) {
  const inBlock = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? 0
  return { document: snippet.document, line: snippet.line + 1 + inBlock, reason: reasonOf(diagnostic) }
}

/** @param {ts.Diagnostic} diagnostic */
function reasonOf(diagnostic) {
  return `TS${diagnostic.code}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`
}
