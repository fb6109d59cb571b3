/**
 * The only way in which this page makes elements.
 *
 * Rule: text goes in as text. There is no HTML from strings, no handler or style as an attribute, so that a cache called
 * `<script>` is four words on the screen and the page's policy needs no exception.
 */

/** Attributes by name; false and null leave one out, true gives it without a value. */
export type Attributes = Readonly<Record<string, string | number | boolean | null>>

/** The contents of an element. */
export type Child = Node | string | null

/** A new element. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag)
  setAttributes(element, attributes)
  element.append(...children.filter((child) => child !== null))
  return element
}

/** Sets, and takes away what is false or null. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === 'style' || name.startsWith('on')) throw new Error(`"${name}" is no attribute for this page`)
    if (value === false || value === null) element.removeAttribute(name)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
}

/** The element of page.html with this id. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`page.html has no ${type.name} with the id "${id}"`)
  return element
}

/** Writes only what changed: a selection, and what a screen reader is reading, stay as they are. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

/** A click, also by keyboard. */
export function onClick(element: HTMLElement, listener: () => void): void {
  element.addEventListener('click', listener)
}

/** Position and length of a bar, in shares of its track. */
export function placeBar(element: HTMLElement, from: number, to: number): void {
  element.style.left = percent(from)
  element.style.width = percent(Math.max(0, to - from))
}

function percent(share: number): string {
  return `${(100 * share).toFixed(3)}%`
}

/** Moves as little as it can: an element that is moved loses the focus. */
export function replaceKept(body: HTMLElement, lines: readonly HTMLElement[]): void {
  const wanted = new Set<Element>(lines)
  for (const child of [...body.children]) if (!wanted.has(child)) child.remove()
  const focused = document.activeElement
  for (const [index, line] of lines.entries()) {
    const there = body.children[index]
    if (there !== line) body.insertBefore(line, there ?? null)
  }
  if (focused instanceof HTMLElement && focused !== document.activeElement && body.contains(focused)) {
    focused.focus({ preventScroll: true })
  }
}

/** Gives a file to the reader. */
export function saveAs(name: string, content: Blob): void {
  const address = URL.createObjectURL(content)
  make('a', { href: address, download: name }).click()
  URL.revokeObjectURL(address)
}
