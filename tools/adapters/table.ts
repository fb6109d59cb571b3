/**
 * docs/reference/adapters.md, generated from what each adapter says of itself, so that the two cannot differ.
 *
 * Rule: pure: information in, Markdown out; `tools/adapters-table.mjs` writes it.
 */
import type { AdapterInfo } from '../../src/adapters/adapter.js'
import type { Refusal } from '../../src/adapters/refusals.js'
import { STATE_WORDS_TEXT } from '../../src/adapters/state.js'

const INTRODUCTION = `# Adapters

\`\`\`ts
import { Coordinator } from 'cache-attribution'
import { fromCache } from 'cache-attribution/adapters'

const coordinator = new Coordinator()
const users = new Map<string, object>() // or an LRUCache, a NodeCache, a database: see the table
coordinator.register('users', fromCache(users))
\`\`\`

\`fromCache(cache)\` knows a cache by its shape, never by its class name, which some packages minify; most specific shapes first, a plain
\`clear()\` last. Where the library is known, its own adapter says so in the code, and TypeScript checks what it is handed:
\`fromLruCache(cache)\`. Neither calls or wraps anything of a cache before a run does, and none of these packages is a
dependency. Every adapter is run against the package itself, in the first and the last version that the table names: what a Map with the same
content gives back must come back, and the cache must work afterwards (the conformance suite; caches of frameworks in
\`tools/setups/caches.mjs\`). Of Next.js 15 and Apollo Server 4 the code was read, and not run. A member with a getter is not called to recognise a cache until its methods are known.

An adapter brings traits along: what \`register()\` takes where its own options are silent. They say \`lossless: true\`, but of what
[shows that it holds state](#what-holds-state).

This page is generated from the adapters (\`npm run docs:adapters\`); a test compares the two.

## What is released

A dash: not possible. In \`mode: 'trim'\` a cache without a partial release is skipped with \`ERR_TRIM_UNSUPPORTED\`.
`

/** The whole document. */
export function adaptersDocument(table: readonly AdapterInfo[], refusals: readonly Refusal[]): string {
  return [
    INTRODUCTION,
    markdownTable(
      ['library', 'adapter', 'released by', 'a part', 'entries', 'claimed bytes', 'refill', 'in a twin'],
      table.map((info) => [
        title(info),
        `\`${info.name}\``,
        info.releases,
        info.trims ?? '–',
        info.entries ?? '–',
        info.claimed ?? '–',
        info.traits.refillCost ?? 'medium',
        info.traits.twin === false ? 'no' : 'yes',
      ]),
    ),
    '\n## By which shape\n',
    markdownTable(
      ['library', 'members'],
      table.map((info) => [title(info), info.shape ?? 'none: nothing of the cache can be seen']),
    ),
    '\n## Traps\n',
    table.map((info) => [`### ${info.library}\n`, ...info.traps.map((trap) => `- ${trap}`), ''].join('\n')).join('\n'),
    `## What holds state\n
\`lossless: false\`: a run in the live process leaves it out unless \`only\` names it, and a twin measures it. It is so of a Keyv, a mount of unstorage, a
segment or a class without a known shape that is named with one of ${STATE_WORDS_TEXT}; and of a Map or a Set whose first entries are locks,
sessions, connections, timers, workers or documents of an editor. Options of \`register()\` win over it.\n`,
    '## What is refused\n\nWith `ERR_ADAPTER_REFUSED` and the reason, since a release would touch more than memory of this process:\n',
    markdownTable(
      ['what', 'shape', 'why'],
      refusals.map(({ what, shape, why }) => [what, shape, why]),
    ),
    '\nKeyv, cacheable, cache-manager and unstorage are refused over anything that is not known to be memory of this process. Nothing else can be known:\na class of your own with a `clear()` that deletes data must not be handed to `fromCache()`.\n',
  ].join('\n')
}

function title({ library, version, oldest }: AdapterInfo): string {
  if (version === null) return library
  return oldest === undefined ? `${library} ${version}` : `${library} ${oldest} to ${version}`
}

/** Without the spaces that would align its columns, which are half of it. */
function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`)
  return ['<!-- prettier-ignore-start -->', ...lines, '<!-- prettier-ignore-end -->'].join('\n')
}
