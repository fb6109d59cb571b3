/** Parses files into trees of plain objects: package.json and the like, Markdown, type declarations. */

export type ParsedDocument = { readonly sourceBytes: number } & (
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'markdown'; readonly blocks: readonly MarkdownBlock[] }
  | { readonly kind: 'declarations'; readonly statements: readonly Statement[] }
  | { readonly kind: 'unparsable'; readonly message: string }
)

export type MarkdownBlock =
  | { readonly kind: 'heading'; readonly level: number; readonly text: string }
  | { readonly kind: 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly language: string; readonly lines: readonly string[] }

/** One line of a declaration file with what stands between its braces. */
export interface Statement {
  readonly line: number
  readonly text: string
  readonly isExported: boolean
  readonly name: string | null
  readonly members: readonly Statement[]
}

const PARSABLE = /(?:\.json|\.md|\.d\.[cm]?ts)$/

/** Whether {@link parseDocument} knows this kind of file. */
export function isParsable(path: string): boolean {
  return PARSABLE.test(path)
}

/** Never throws: what cannot be parsed becomes a document that says so. */
export function parseDocument(path: string, content: Buffer): ParsedDocument {
  const sourceBytes = content.length
  const text = content.toString('utf8')
  if (path.endsWith('.md')) return { sourceBytes, kind: 'markdown', blocks: parseMarkdown(text) }
  if (!path.endsWith('.json')) return { sourceBytes, kind: 'declarations', statements: parseDeclarations(text) }
  try {
    return { sourceBytes, kind: 'json', value: JSON.parse(text) as unknown }
  } catch (error) {
    // Some packages ship broken JSON on purpose, to test their own parsers with.
    return { sourceBytes, kind: 'unparsable', message: (error as Error).message }
  }
}

/** The blocks that READMEs are made of; what is none of them counts as text. */
export function parseMarkdown(text: string): MarkdownBlock[] {
  return splitBlocks(text.split(/\r?\n/)).map((lines): MarkdownBlock => {
    const first = lines[0] ?? ''
    const fence = /^\s*(?:```|~~~)\s*(\S*)/.exec(first)
    if (fence !== null) return { kind: 'code', language: fence[1] ?? '', lines: lines.slice(1) }
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(first)
    if (heading !== null) return { kind: 'heading', level: heading[1]?.length ?? 1, text: heading[2] ?? '' }
    if (/^\s*(?:[-*+]|\d+\.)\s/.test(first)) {
      return { kind: 'list', items: lines.map((line) => line.replace(/^\s*(?:[-*+]|\d+\.)\s+/, '').trim()) }
    }
    return { kind: 'paragraph', text: lines.join(' ') }
  })
}

/** Groups of lines: a heading alone, a fence without its end, else what stands between blank lines. */
function splitBlocks(lines: readonly string[]): string[][] {
  const blocks: string[][] = []
  let open: string[] | null = null
  let isFenced = false
  for (const line of lines) {
    const isFence = /^\s*(?:```|~~~)/.test(line)
    if (isFenced) {
      if (isFence) [isFenced, open] = [false, null]
      else open?.push(line)
    } else if (isFence) {
      blocks.push((open = [line]))
      isFenced = true
    } else if (/^#{1,6}\s/.test(line)) {
      blocks.push([line])
      open = null
    } else if (line.trim() === '') {
      open = null
    } else if (open === null) {
      blocks.push((open = [line]))
    } else {
      open.push(line)
    }
  }
  return blocks
}

const DECLARED = /\b(?:class|interface|type|function|namespace|module|enum|const|let|var)\s+([\w$]+)/
const MEMBER = /^(?:readonly\s+)?([\w$]+)\??\s*[:(<]/

/** Nests the lines by their braces: enough for an outline, without a compiler. */
export function parseDeclarations(text: string): Statement[] {
  const top: Statement[] = []
  const open: Statement[][] = [top]
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || /^(?:\/\/|\/\*|\*)/.test(line)) continue
    if (/^[}\])]/.test(line) && open.length > 1) {
      open.pop()
      continue
    }
    const members: Statement[] = []
    const name = (DECLARED.exec(line) ?? MEMBER.exec(line))?.[1] ?? null
    open.at(-1)?.push({ line: index + 1, text: line, isExported: line.startsWith('export'), name, members })
    if (line.endsWith('{')) open.push(members)
  }
  return top
}
