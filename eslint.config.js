// What the machine checks of how the code is written. The table MAY_IMPORT is the project's direction of dependency
// (docs/internals/architecture.md): change it only together with that page.
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
  'twin',
  'breakdown',
  'coordinator',
  'history',
  'profiling',
  'metrics',
]

/**
 * Folder of src → the folders whose files it may import, besides its own. Earlier stages of the flow stand first.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const MAY_IMPORT = {
  support: [],
  allocator: ['support'],
  measure: ['support', 'allocator'],
  report: ['support', 'allocator', 'measure'],
  twin: ['support', 'allocator', 'measure', 'report'],
  breakdown: ['support', 'allocator', 'measure', 'report'],
  // Before the coordinator, whose runs have it explain what no cache held.
  profiling: ['support', 'allocator', 'measure', 'report', 'twin'],
  coordinator: ['support', 'allocator', 'measure', 'report', 'twin', 'breakdown', 'profiling'],
  adapters: ['support', 'coordinator'],
  history: ['support', 'report'],
  log: ['support', 'report', 'breakdown', 'coordinator', 'history'],
  metrics: ['support', 'allocator', 'measure', 'report', 'coordinator', 'history', 'profiling'],
  http: BELOW_HTTP,
  cli: [...BELOW_HTTP, 'http'],
}

/** Files and folders that take literals and return literals: nothing of Node. */
const PURE = ['report']

/** The one file that may load what stands beside it. */
const LOADERS = {
  'src/allocator/binding.ts': ['node-gyp-build'],
  'src/allocator/ffi-binding.ts': ['ffi-napi', 'ref-napi'],
}
const NATIVE_PACKAGES = Object.values(LOADERS).flat()
const LOADERS_ONLY = `Native code is loaded in ${Object.keys(LOADERS).join(' and ')} only.`

/** `no-restricted-imports` for one folder of src. @param {string} folder @param {string[]} packages */
function importRule(folder, packages = NATIVE_PACKAGES) {
  const allowed = [folder, ...(MAY_IMPORT[folder] ?? [])]
  const later = Object.keys(MAY_IMPORT).filter((name) => !allowed.includes(name))
  const patterns = [
    {
      regex: String.raw`^(?:\.\./)+(?:${later.join('|')})/`,
      message: `src/${folder} may import of ${allowed.join(', ')} only (MAY_IMPORT in eslint.config.js).`,
    },
    { regex: String.raw`^(?:\.\./)+(?:src/)?index\.js$`, message: 'src/index.ts is for users of the package.' },
  ]
  if (PURE.includes(folder)) {
    patterns.push({ regex: '^node:', message: `src/${folder} is pure: it takes literals and returns literals.` })
  }
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
  globalIgnores(['dist/', 'coverage/', '.cache/', 'native/build/', 'native/prebuilds/', 'test/native/build/']),
  {
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    plugins: { advice: { rules: { 'max-lines': /** @type {any} */ (builtinRules.get('max-lines')) } } },
  },
  js.configs.recommended,
  {
    files: ['{src,test,bench,examples}/**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
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
    plugins: { regexp },
    rules: {
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
  ...Object.keys(MAY_IMPORT).map((folder) => ({
    files: [`src/${folder}/**/*.ts`],
    rules: { 'no-restricted-imports': /** @type {any} */ (importRule(folder)) },
  })),
  ...Object.entries(LOADERS).map(([file, own]) => {
    const others = NATIVE_PACKAGES.filter((name) => !own.includes(name))
    return {
      files: [file],
      rules: {
        'no-restricted-imports': /** @type {any} */ (importRule('allocator', others)),
        'no-restricted-syntax': /** @type {any} */ (loadingRule(others)),
      },
    }
  }),
  { files: ['src/cli/**/*.ts'], rules: { 'no-console': 'off' } },
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
    rules: { 'no-undef': 'off', eqeqeq: 'error' },
  },
)
