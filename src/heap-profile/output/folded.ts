/** Folded stacks: one line a stack, outermost call first, as most flame graph tools read them. */
import { resolveOptions } from '../../support/options.js'
import { withTemporary } from '../profile/temporary.js'
import type { HeapProfile } from '../profile/types.js'
import { callTree } from './call-tree.js'
import type { CallTree } from './call-tree.js'
import { OUTPUT_RULES } from './top.js'
import type { OutputOptions } from './top.js'

/**
 * Lines like `main;parse;grow 4096`: names joined by semicolons, the value (rounded) at the end. A semicolon in a name
 * becomes a colon. In a difference values may be negative; stacks whose value rounds to 0 are left out.
 *
 * @throws CacheAttributionError as {@link topTable}
 * @example
 * await writeFile('heap.folded', toFolded(profile))
 */
export function toFolded(profile: HeapProfile, options: OutputOptions = {}): string {
  return [...foldedLines(profile, options)].join('')
}

/**
 * The lines of {@link toFolded} one by one, each with its newline: a large profile need not become one string.
 *
 * @example
 * await pipeline(foldedLines(profile), createWriteStream('heap.folded'))
 */
export function* foldedLines(profile: HeapProfile, options: OutputOptions = {}): Generator<string, void, undefined> {
  const resolved = resolveOptions<Required<OutputOptions>>('toFolded()', options, OUTPUT_RULES)
  const tree = callTree(withTemporary(profile, resolved.type), resolved)
  const names = tree.names.map((name) => name.replaceAll(';', ':'))
  for (let node = 0; node < tree.count; node++) {
    const value = Math.round(tree.self[node] ?? 0)
    if (value !== 0) yield `${pathOf(tree, node, names)} ${value}\n`
  }
}

function pathOf(tree: CallTree, node: number, names: readonly string[]): string {
  const path: string[] = []
  for (let at = node + 1; at > 0; at = tree.parentOf(at - 1)) path.push(names[tree.nameOf(at - 1)] ?? '')
  return path.reverse().join(';')
}
