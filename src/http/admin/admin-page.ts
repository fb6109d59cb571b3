/**
 * The page as one document: markup, style and script in one, built by tools/build-page.mjs.
 *
 * Rule: it loads nothing and runs nothing but its own style and script, whose hashes the policy names.
 */
import { createHash } from 'node:crypto'

/** The page and what a browser may do with it. */
export interface ServedPage {
  /** The whole document. */
  readonly html: string
  /** For the header `Content-Security-Policy`. */
  readonly contentSecurityPolicy: string
}

let cached: Promise<ServedPage> | undefined

/**
 * The page. It asks for everything by addresses relative to its own, so that it works below any base.
 *
 * Its text is code, which is loaded when the first browser comes.
 */
export function adminPage(): Promise<ServedPage> {
  cached ??= load()
  return cached
}

async function load(): Promise<ServedPage> {
  const { PAGE: html } = await import('./page-text.js')
  return { html, contentSecurityPolicy: policy(inline(html, 'script'), inline(html, 'style')) }
}

/** The text between the tags; the build puts in one of each, with no such tag inside. */
function inline(html: string, tag: 'script' | 'style'): string {
  const start = html.indexOf('>', html.indexOf(`<${tag}`)) + 1
  return html.slice(start, html.indexOf(`</${tag}>`, start))
}

function policy(script: string, style: string): string {
  return [
    "default-src 'none'",
    `script-src '${hash(script)}'`,
    `style-src '${hash(style)}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text, 'utf8').digest('base64')}`
}
