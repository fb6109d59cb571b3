// What the machine checks of how the code is written. The table MAY_IMPORT is the project's direction of dependency
// (docs/internals/architecture.md): change it only together with that page.
import path from 'node:path'
import js from '@eslint/js'
import { defineConfig, globalIgnores } from 'eslint/config'
import { builtinRules } from 'eslint/use-at-your-own-risk'
import regexp from 'eslint-plugin-regexp'
import tseslint from 'typescript-eslint'

/** What the endpoint and the command may use: both show everything there is. */
const BELOW_HTTP = [
  'support',
  'allocator',
  'measure',
  'report',
  'heap-profile',
  'twin',
  'breakdown',
  'profiling',
  'coordinator/*',
  'history',
  'metrics',
  'threads',
  'fleet',
]

const BELOW_COORDINATOR = ['support', 'allocator', 'measure', 'report', 'twin', 'breakdown', 'profiling']

/**
 * Room of src → the rooms whose files it may import, besides its own. A room is a folder, or a file that is a stage by
 * itself; `name/*` is a room with those inside it. Earlier stages of the flow stand first.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const MAY_IMPORT = {
  support: [],
  allocator: ['support'],
  measure: ['support', 'allocator'],
  report: ['support', 'allocator', 'measure'],
  'heap-profile': ['support'],
  twin: ['support', 'allocator', 'measure', 'report'],
  breakdown: ['support', 'allocator', 'measure', 'report'],
  // Before the coordinator, whose runs have it explain what no cache held.
  profiling: ['support', 'allocator', 'measure', 'report', 'heap-profile', 'twin'],
  // What is registered, and how a run is asked for; then what both kinds of run share, then each of them, then who starts
  // them, then the class.
  coordinator: ['support', 'allocator', 'measure', 'report', 'twin', 'coordinator/pressure'],
  'coordinator/run': [...BELOW_COORDINATOR, 'coordinator'],
  'coordinator/live': [...BELOW_COORDINATOR, 'coordinator', 'coordinator/run'],
  'coordinator/twin': [...BELOW_COORDINATOR, 'coordinator', 'coordinator/run'],
  'coordinator/pressure': [...BELOW_COORDINATOR, 'coordinator', 'coordinator/run'],
  'coordinator/runs': [
    ...BELOW_COORDINATOR,
    'coordinator',
    'coordinator/run',
    'coordinator/live',
    'coordinator/twin',
    'coordinator/pressure',
  ],
  'coordinator/coordinator': [...BELOW_COORDINATOR, 'coordinator/*'],
  adapters: ['support', 'coordinator'],
  history: ['support', 'report'],
  log: ['support', 'report', 'breakdown', 'coordinator/*', 'history'],
  metrics: ['support', 'allocator', 'measure', 'report', 'coordinator/*', 'history', 'profiling'],
  'http/server': ['support', 'report'],
  'http/profiles': ['support', 'report', 'heap-profile', 'profiling', 'http/server'],
  'http/admin': [...BELOW_HTTP, 'http/server'],
  'http/page': [...BELOW_HTTP, 'http/server', 'http/admin'],
  http: ['http/*'],
  threads: [...BELOW_COORDINATOR, 'coordinator/*'],
  fleet: ['support', 'report', 'history'],
  testing: [...BELOW_COORDINATOR, 'heap-profile'],
  attach: [...BELOW_HTTP, 'adapters', 'log', 'http', 'http/*'],
  auto: [...BELOW_HTTP, 'adapters', 'log', 'http', 'attach'],
  cli: [...BELOW_HTTP, 'adapters', 'http', 'attach', 'auto'],
}
/** Files and folders that take literals and return literals: nothing of Node. */
const PURE = ['report']

/** The one file that may load what stands beside it. @type {Readonly<Record<string, string[]>>} */
const LOADERS = {
  'src/allocator/binding.ts': [],
  'src/allocator/ffi-binding.ts': ['ffi-napi', 'ref-napi'],
}
const NATIVE_PACKAGES = Object.values(LOADERS).flat()
const LOADERS_ONLY = `Native code is loaded in ${Object.keys(LOADERS).join(' and ')} only.`

/** The innermost room of a file below src/. @param {string} file relative to src/, without ending */
function roomOf(file) {
  return Object.keys(MAY_IMPORT)
    .filter((room) => file === room || file.startsWith(`${room}/`))
    .sort((a, b) => b.length - a.length)[0]
}

/** @param {string} from @param {string | undefined} to */
function mayImport(from, to) {
  return (
    to !== undefined &&
    (to === from ||
      (MAY_IMPORT[from] ?? []).some((name) => {
        const whole = name.endsWith('/*') ? name.slice(0, -2) : undefined
        return to === (whole ?? name) || (whole !== undefined && to.startsWith(`${whole}/`))
      }))
  )
}

/** The rule `house/may-import`: holds MAY_IMPORT, and that every file of src/ but index.ts stands in a room. */
const mayImportRule = {
  /** @param {any} context */
  create(context) {
    const src = path.join(import.meta.dirname, 'src')
    const file = path.relative(src, context.filename).replace(/\.ts$/, '')
    if (file === 'index') return {}
    const room = roomOf(file)
    /** @param {any} node */
    const check = (node) => {
      const specifier = node.source?.value
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return
      const target = path.relative(src, path.resolve(path.dirname(context.filename), specifier)).replace(/\.js$/, '')
      if (room !== undefined && mayImport(room, roomOf(target))) return
      const message =
        target === 'index'
          ? 'src/index.ts is for users of the package.'
          : `src/${room ?? '?'} may not import src/${target}: MAY_IMPORT in eslint.config.js.`
      context.report({ node, message })
    }
    return {
      /** @param {any} node */
      Program(node) {
        if (room === undefined) context.report({ node, message: 'A file of src/ stands in a folder of MAY_IMPORT.' })
      },
      ImportDeclaration: check,
      ImportExpression: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check,
    }
  },
}

/** Modules that tests name: what users import, and one helper for each folder behind that. */
const TESTS_IMPORT = /^(?:index|[\w-]+\/index|allocator\/bundled|metrics\/opentelemetry)$/

/** The rule `house/through-entries`: renaming a file of src/ touches one file of test/helpers/internals/, and no test. */
const throughEntriesRule = {
  /** @param {any} context */
  create(context) {
    const src = path.join(import.meta.dirname, 'src') + path.sep
    /** @param {any} node */
    const check = (node) => {
      const specifier = node.source?.value
      if (typeof specifier !== 'string' || !specifier.startsWith('.')) return
      const target = path.resolve(path.dirname(context.filename), specifier).replace(/\.js$/, '')
      if (!target.startsWith(src) || TESTS_IMPORT.test(target.slice(src.length))) return
      context.report({ node, message: `Import it through an entry of src/, or through test/helpers/internals/.` })
    }
    return {
      ImportDeclaration: check,
      ImportExpression: check,
      ExportAllDeclaration: check,
      ExportNamedDeclaration: check,
    }
  },
}

/** `no-restricted-imports`. @param {readonly string[]} packages @param {boolean} [pure] */
function importRule(packages, pure = false) {
  const patterns = pure ? [{ regex: '^node:', message: 'It is pure: it takes literals and returns literals.' }] : []
  return ['error', { paths: packages.map((name) => ({ name, message: LOADERS_ONLY })), patterns }]
}

/** Loading by require(), import() or dlopen of the named packages or of a .node file. @param {string[]} packages */
function loadingRule(packages) {
  const source = String.raw`/^(?:${packages.join('|')})$|\.node$/`
  return [
    'error',
    { selector: `ImportExpression[source.value=${source}]`, message: LOADERS_ONLY },
    { selector: `CallExpression[arguments.0.value=${source}]`, message: LOADERS_ONLY },
    { selector: 'MemberExpression[object.name="process"][property.name="dlopen"]', message: LOADERS_ONLY },
  ]
}

const length = { skipBlankLines: true, skipComments: true }

export default defineConfig(
  globalIgnores([
    ...['dist/', 'coverage/', '.cache/', 'native/build/', 'native/prebuilds/', 'test/native/build/'],
    // Compiled by Next.js, in a set-up of its own.
    'examples/next/',
  ]),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { advice: { rules: { 'max-lines': /** @type {any} */ (builtinRules.get('max-lines')) } } },
  },
  js.configs.recommended,
  {
    files: ['{src,test,bench,examples,tools}/**/*.ts'],
    ignores: ['tools/package-consumer/**'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // One name, one value, also across nested functions.
      '@typescript-eslint/no-shadow': 'error',
      // What was caught is passed on as it is.
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
      // The compiler's noUnusedLocals and noUnusedParameters say it, and know `_unused`.
      '@typescript-eslint/no-unused-vars': 'off',
      // `[...text]` is how code points are counted.
      '@typescript-eslint/no-misused-spread': ['error', { allow: ['string'] }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    plugins: { regexp, house: { rules: { 'may-import': mayImportRule } } },
    rules: {
      'house/may-import': 'error',
      'no-restricted-imports': /** @type {any} */ (importRule(NATIVE_PACKAGES)),
      'no-restricted-properties': [
        'error',
        { object: 'AbortSignal', property: 'any', message: 'Node 20 may collect it: withinTime() of support/' },
      ],
      'advice/max-lines': ['warn', { max: 300, ...length }],
      'max-lines': ['error', { max: 350, ...length }],
      'max-lines-per-function': ['error', { max: 60, ...length }],
      'no-console': 'error',
      // Foreign text reaches nearly every expression: each takes a time that grows with the length of the text, no faster.
      'regexp/no-super-linear-backtracking': ['error', { report: 'potential' }],
      'regexp/no-super-linear-move': ['error', { report: 'potential' }],
      'no-restricted-syntax': /** @type {any} */ (loadingRule(NATIVE_PACKAGES)),
    },
  },
  ...PURE.map((folder) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: { 'no-restricted-imports': /** @type {any} */ (importRule(NATIVE_PACKAGES, true)) },
  })),
  ...Object.entries(LOADERS).map(([file, own]) => {
    const others = NATIVE_PACKAGES.filter((name) => !own.includes(name))
    return {
      files: [file],
      rules: {
        'no-restricted-imports': /** @type {any} */ (importRule(others)),
        'no-restricted-syntax': /** @type {any} */ (loadingRule(others)),
      },
    }
  }),
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['test/**/*.ts'],
    ignores: ['test/helpers/internals/**'],
    plugins: { doors: { rules: { 'through-entries': throughEntriesRule } } },
    rules: { 'doors/through-entries': 'error' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // chai's `expect(x).to.be.true` is an expression, and fakes are often empty or need no await.
      '@typescript-eslint/no-unused-expressions': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    // Plain JavaScript: `npm run typecheck` covers it, undefined names included.
    files: ['**/*.{js,mjs}'],
    rules: { 'no-undef': 'off', 'no-shadow': 'error', eqeqeq: 'error' },
  },
)
