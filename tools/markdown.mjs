// The parts of a Markdown text that the documentation check reads: fenced blocks, links, anchors. Pure.

/**
 * @typedef {object} Block
 * @property {number} line line of the opening fence, counted from 1
 * @property {string[]} info the words of the info string, e.g. `['ts', 'fragment']`
 * @property {string} code
 *
 * @typedef {object} Link
 * @property {number} line
 * @property {string} target as written
 */

const FENCE = /^(\s*)(`{3,}|~{3,})(.*)$/

/**
 * Splits a text into its fenced blocks and its prose; in the prose, code spans and comments are blanked out.
 *
 * @param {string} text
 * @returns {{ blocks: Block[], prose: string[], unclosed: number | undefined }} `unclosed`: line of a fence without end
 */
export function parseMarkdown(text) {
  /** @type {Block[]} */
  const blocks = []
  /** @type {string[]} */
  const prose = []
  /** @type {{ indent: number, fence: string, block: Block } | undefined} */
  let open
  for (const [index, line] of text.split('\n').entries()) {
    const match = FENCE.exec(line)
    if (open !== undefined) {
      prose.push('')
      const closes = match?.[2]?.startsWith(open.fence) === true && match[3]?.trim() === ''
      if (closes) {
        blocks.push(open.block)
        open = undefined
      } else {
        open.block.code += `${line.slice(Math.min(open.indent, line.length - line.trimStart().length))}\n`
      }
    } else if (match) {
      prose.push('')
      const info = (match[3] ?? '').trim().split(/\s+/).filter(Boolean)
      open = { indent: match[1]?.length ?? 0, fence: match[2] ?? '', block: { line: index + 1, info, code: '' } }
    } else {
      prose.push(line)
    }
  }
  return { blocks, prose: blankUnread(prose), unclosed: open?.block.line }
}

/** Comments and code spans hold no links; blanked, so that line numbers stay. @param {string[]} prose */
function blankUnread(prose) {
  const blank = (/** @type {string} */ part) => part.replace(/[^\n]/g, ' ')
  return prose
    .join('\n')
    .replace(/<!--[\s\S]*?-->/g, blank)
    .replace(/(?<!`)(`+)(?!`)((?:(?!\n\n)[\s\S])*?)(?<!`)\1(?!`)/g, blank)
    .split('\n')
}

const INLINE_LINK = /\]\(\s*(?:<([^>\n]*)>|((?:[^()\s]|\([^()\s]*\))*))(?:\s+(?:"[^"]*"|'[^']*'))?\s*\)/g
const DEFINITION = /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)>?/
const HTML_TARGET = /<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)\s*=\s*["']([^"']*)["']/gi

/** Every link and image of the prose. @param {readonly string[]} prose @returns {Link[]} */
export function linksOf(prose) {
  return prose.flatMap((text, index) => {
    const line = index + 1
    const targets = [
      ...[...text.matchAll(INLINE_LINK)].map((match) => match[1] ?? match[2] ?? ''),
      ...[...text.matchAll(HTML_TARGET)].map((match) => match[1] ?? ''),
    ]
    const definition = DEFINITION.exec(text)
    if (definition?.[1] !== undefined) targets.push(definition[1])
    return targets.map((target) => ({ line, target }))
  })
}

/**
 * The anchors that GitHub gives the text: one per heading, and each explicit `id` or `name`.
 *
 * @param {string} text
 * @returns {Set<string>}
 */
export function anchorsOf(text) {
  const anchors = new Set()
  /** @type {Map<string, number>} */
  const seen = new Map()
  const raw = text.split('\n')
  for (const [index, line] of parseMarkdown(text).prose.entries()) {
    for (const match of line.matchAll(/<[a-z][^>]*?\s(?:id|name)\s*=\s*["']([^"']+)["']/gi)) anchors.add(match[1])
    // The prose says that it is a heading; the words come from the text itself, code spans included.
    if (!/^ {0,3}#{1,6}\s/.test(line)) continue
    const slug = slugOf((raw[index] ?? '').replace(/^ {0,3}#{1,6}\s+/, '').replace(/\s+#+\s*$/, ''))
    const count = seen.get(slug) ?? 0
    seen.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}

/** @param {string} heading */
function slugOf(heading) {
  return heading
    .replace(/!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])/g, '$1')
    .replace(/<[^>]+>/g, '')
    .replace(/(?<![\p{L}\p{N}])_([^_]+)_(?![\p{L}\p{N}])/gu, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}
