/** The service's answers as text: HTML pages and JSON outlines. Pure. */
import type { Catalogue, Package } from './catalogue.js'
import type { MarkdownBlock, ParsedDocument } from './documents.js'

export function homePage({ packages }: Catalogue): string {
  const items = [...packages.values()].map(
    ({ folder, files }) => `<li><a href="/packages/${encodeURI(folder)}">${escape(folder)}</a> ${files.length} files`,
  )
  return page(`${packages.size} packages`, `<ul>${items.join('\n')}</ul>`)
}

/** The package with its manifest and README. */
export function packagePage(
  { folder, files }: Package,
  manifest: ParsedDocument,
  readme: ParsedDocument | null,
): string {
  const fields = manifest.kind === 'json' && isRecord(manifest.value) ? manifest.value : {}
  const facts = ['version', 'description', 'license'].flatMap((name) => {
    const value = fields[name]
    return typeof value === 'string' ? [`<li>${name}: ${escape(value)}`] : []
  })
  const links = files.map(({ path }) => `<li><a href="/files/${encodeURI(path)}">${escape(path)}</a>`)
  const text = readme?.kind === 'markdown' ? readme.blocks.map(block).join('\n') : ''
  return page(folder, `<ul>${facts.join('\n')}</ul>\n${text}\n<ul>${links.slice(0, 100).join('\n')}</ul>`)
}

/** The members of a document, one level deep. */
export function outline(path: string, document: ParsedDocument): object {
  switch (document.kind) {
    case 'json':
      return { path, keys: isRecord(document.value) ? Object.keys(document.value) : [] }
    case 'markdown':
      return { path, headings: document.blocks.flatMap((part) => (part.kind === 'heading' ? [part.text] : [])) }
    case 'declarations':
      return {
        path,
        exports: document.statements.flatMap(({ isExported, name, line, members }) =>
          isExported && name !== null ? [{ name, line, members: members.length }] : [],
        ),
      }
    case 'unparsable':
      return { path, error: document.message }
  }
}

function block(part: MarkdownBlock): string {
  switch (part.kind) {
    case 'heading':
      return `<h${part.level}>${inline(part.text)}</h${part.level}>`
    case 'paragraph':
      return `<p>${inline(part.text)}</p>`
    case 'list':
      return `<ul>${part.items.map((item) => `<li>${inline(item)}`).join('\n')}</ul>`
    case 'code':
      return `<pre><code>${escape(part.lines.join('\n'))}</code></pre>`
  }
}

/** Emphasis and code spans. Links stay text: the address could be anything. */
function inline(text: string): string {
  return escape(text)
    .replace(/`([^`]+)`/g, '<code>$1</code>')
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
}

function page(title: string, body: string): string {
  return `<!doctype html>\n<meta charset="utf-8">\n<title>${escape(title)}</title>\n<h1>${escape(title)}</h1>\n${body}\n`
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
