/**
 * A flame graph as one HTML page that needs nothing else: no network, no server, no other file.
 *
 * Rule: names come from anybody's program. They reach the page as JSON in a block that is no script, are shown as text
 * only, and the page's own policy lets nothing run or load but the one style and the one script whose hashes it names.
 */
import { createHash } from 'node:crypto'
import { boolean, callable, optional, resolveOptions, text } from '../../support/options.js'
import type { Check } from '../../support/options.js'
import { V8_OBJECTS } from '../profile/join.js'
import { isTemporary, withTemporary } from '../profile/temporary.js'
import type { HeapProfile } from '../profile/types.js'
import { callTree, shownNames } from './call-tree.js'
import type { CallTree } from './call-tree.js'
import { nameLines } from './name-lines.js'
import type { SourceLine } from './name-lines.js'
import { FLAMEGRAPH_SCRIPT } from './flamegraph-script.js'
import { FLAMEGRAPH_STYLE } from './flamegraph-style.js'
import { isJavaScriptFrame, labelsOf } from './labels.js'
import { OUTPUT_RULES } from './top.js'
import type { OutputOptions } from './top.js'
import type { FlamegraphData, FlamegraphNodes } from './types.js'

/** Options of {@link toFlamegraph}. */
export interface FlamegraphOptions extends OutputOptions {
  /** Heading of the page. @default 'Heap profile' */
  readonly title?: string
  /**
   * Colour boxes by what grew (red) and what shrank (blue), and say so. @default whether anything in the profile is negative
   */
  readonly difference?: boolean | undefined
  /**
   * Gives the text of a line of a source, so that it stands beside a function's lines; undefined where it is not known. It is asked for the three
   * lines with most of each function.
   *
   * @default no text: lines have their numbers alone
   */
  readonly sourceLine?: ((file: string, line: number) => string | undefined) | undefined
}

/** Boxes that would be narrower than this share of the whole are joined into their caller. */
const LEAST_SHARE = 1 / 20_000

/**
 * The flame graph of a profile as an HTML page. Each box is a function, below (or above) its caller; its width is the memory that the
 * function and its callees allocated. The page can be searched, zoomed and used by keyboard, and follows the reader's choice of dark or
 * light.
 *
 * For a difference (`subtractProfile`) the width of a box is the amount of its change. Boxes that grew are red, boxes that shrank blue.
 *
 * @returns the HTML. To serve it, send its policy as a header too: {@link flamegraphPolicy}
 * @throws CacheAttributionError as `topTable()`
 * @example
 * await writeFile('heap.html', toFlamegraph(await symbolize(profile), { title: 'orders, before the release' }))
 */
export function toFlamegraph(given: HeapProfile, options: FlamegraphOptions = {}): string {
  const { title, difference, sourceLine, ...output } = resolveOptions<Resolved>('toFlamegraph()', options, {
    ...OUTPUT_RULES,
    title: { check: text(200), fallback: 'Heap profile' },
    difference: optional(boolean),
    sourceLine: optional(callable as Check<SourceLine>),
  })
  const profile = withTemporary(given, output.type)
  const shown = shownNames(profile, output)
  const graph = graphOf(callTree(profile, output, shown))
  const unit = output.type.endsWith('_objects') ? 'objects' : 'bytes'
  const { comments, sampleIntervalBytes, takenAt } = profile
  // What was freed only becomes more, also where less lives than before.
  const isDifference = difference ?? (!isTemporary(output.type) && profile.samples.values.some((value) => value < 0))
  const facts = { comments, sampleIntervalBytes, takenAt, difference: isDifference }
  const kinds = kindsOf(profile, graph.names, output)
  const linesOf = nameLines(profile, output.type, shown, sourceLine)
  const lines = graph.names.map((name) => linesOf.get(name) ?? [])
  const data: FlamegraphData = { title, type: output.type, unit, ...facts, ...graph, kinds, lines }
  return page(title, JSON.stringify(data))
}

/**
 * The content security policy of the page of {@link toFlamegraph}, for the header `Content-Security-Policy` of a server. The page
 * contains the same policy.
 *
 * @example
 * response.setHeader('content-security-policy', flamegraphPolicy())
 */
export function flamegraphPolicy(): string {
  const [script, style] = [FLAMEGRAPH_SCRIPT, FLAMEGRAPH_STYLE].map((source) => {
    return `'sha256-${createHash('sha256').update(source).digest('base64')}'`
  })
  return `default-src 'none'; script-src ${script ?? ''}; style-src ${style ?? ''}; base-uri 'none'; form-action 'none'`
}

type Resolved = Required<OutputOptions> & {
  readonly title: string
  readonly difference: boolean | undefined
  readonly sourceLine: SourceLine | undefined
}

/** Of each name what it is of: native code, JavaScript, or the objects of V8's heap. */
function kindsOf(
  profile: HeapProfile,
  names: readonly string[],
  { allocatorFrames }: Required<OutputOptions>,
): FlamegraphData['kinds'] {
  const scripts = new Set<string>()
  for (const frame of profile.frames) {
    if (!isJavaScriptFrame(frame)) continue
    for (const label of labelsOf(profile, frame, allocatorFrames)) scripts.add(label)
  }
  return names.map((name) => (name === V8_OBJECTS ? 'objects' : scripts.has(name) ? 'script' : 'native'))
}

/** The tree, cut to what can be seen. */
function graphOf(tree: CallTree): FlamegraphNodes {
  const value = summedUp(tree, tree.self)
  // Most profiles are no difference, and large ones should not be held twice.
  const width = tree.self.some((own) => own < 0) ? summedUp(tree, tree.self.map(Math.abs)) : value
  let whole = 0
  for (let node = 0; node < tree.count; node++) if (tree.parentOf(node) === 0) whole += width[node] ?? 0
  const names = new Map<number, number>()
  const variances = tree.variance === null ? null : summedUp(tree, tree.variance)
  const graph = { name: [0], parent: [-1], width: [rounded(whole)], self: [0], value: [rounded(tree.total)] }
  const variance = [brief(tree.variance?.reduce((sum, own) => sum + own, 0) ?? 0)]
  // Node of the tree + 1 → node of the page, −1 where it is too narrow.
  const shown = new Int32Array(tree.count + 1)
  for (let node = 0; node < tree.count; node++) {
    const above = shown[tree.parentOf(node)] ?? -1
    const own = width[node] ?? 0
    if (above === -1 || own === 0 || own < whole * LEAST_SHARE) {
      shown[node + 1] = -1
      continue
    }
    const name = tree.nameOf(node)
    if (!names.has(name)) names.set(name, names.size + 1)
    shown[node + 1] = graph.name.push(names.get(name) ?? 0) - 1
    graph.parent.push(above)
    graph.width.push(rounded(own))
    graph.self.push(rounded(tree.self[node] ?? 0))
    graph.value.push(rounded(value[node] ?? 0))
    if (variances !== null) variance.push(brief(variances[node] ?? 0))
  }
  const listed = ['all', ...[...names.keys()].map((name) => tree.names[name] ?? '')]
  return { names: listed, total: tree.total, ...graph, variance: variances === null ? null : variance }
}

/** Of each node its own amount and those of all below it. */
function summedUp(tree: CallTree, self: Float64Array): Float64Array {
  const sums = Float64Array.from(self)
  for (let node = tree.count - 1; node >= 0; node--) {
    const parent = tree.parentOf(node) - 1
    if (parent >= 0) sums[parent] = (sums[parent] ?? 0) + (sums[node] ?? 0)
  }
  return sums
}

function rounded(value: number): number {
  return Math.round(value) + 0
}

/** An error needs no more than a few digits. */
function brief(value: number): number {
  return Number(value.toPrecision(4))
}

function page(title: string, json: string): string {
  // In a block of a type that no browser runs only `</script` and `<!--` mean anything: no `<` at all is left.
  const data = json.replaceAll('<', '\\u003c')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${flamegraphPolicy()}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escaped(title)}</title>
<style>${FLAMEGRAPH_STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p id="facts"></p>
<form id="search" role="search">
<label for="query">Search</label>
<input id="query" type="search" autocomplete="off" spellcheck="false" placeholder="part of a name, or /pattern/">
<output id="found" for="query"></output>
<button type="button" id="callers" aria-pressed="false" title="From who allocated to who called it">Callers first</button>
<button type="button" id="joined" aria-pressed="false" title="All calls of the chosen function as one box">Join its calls</button>
<button type="button" id="invert" aria-pressed="false">Flames up</button>
<button type="button" id="reset">Show all</button>
</form>
</header>
<nav id="path" aria-label="Zoomed into"></nav>
<main>
<div id="graph" role="tree" tabindex="0" aria-label="Flame graph: arrow keys move, Enter zooms, Escape shows all" aria-describedby="detail">
<canvas id="canvas"></canvas>
</div>
<p id="detail" role="status" aria-live="polite"></p>
<ul id="comments"></ul>
<noscript><p>The graph is drawn by the script in this page, which your browser does not run.</p></noscript>
</main>
<script id="data" type="application/json">${data}</script>
<script>${FLAMEGRAPH_SCRIPT}</script>
</body>
</html>
`
}

function escaped(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
