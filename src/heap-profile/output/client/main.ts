/**
 * The script of the flame graph's page.
 *
 * Rule: names come from anybody's program, and reach the document as text only.
 */
import type { FlamegraphData } from '../types.js'
import { Amounts } from './amounts.js'
import { Colours } from './colours.js'
import { Drawing } from './drawing.js'
import { commentItems, factsText, kindsLegendOf, legendOf, lineItems } from './facts.js'
import { Tree } from './tree.js'
import type { Box, Matches } from './tree.js'
import { viewOf } from './views.js'

const data = JSON.parse(byId('data', HTMLElement).textContent) as FlamegraphData
const graph = byId('graph', HTMLElement)
const canvas = byId('canvas', HTMLCanvasElement)
const detail = byId('detail', HTMLElement)
const query = byId('query', HTMLInputElement)
const dark = matchMedia('(prefers-color-scheme: dark)')
const amounts = new Amounts(data)

let shown = data
let tree = new Tree(shown)
let drawing = new Drawing(graph, canvas, tree, new Colours(shown, dark))
let focus: number | null = null
let isCallersFirst = false
let root = 0
let current = 0
let hovered = -1
let isUpwards = false
let matches: Matches | null = null
let boxes: ReadonlyMap<number, Box> = new Map()

function byId<T extends HTMLElement>(id: string, kind: abstract new () => T): T {
  const element = document.getElementById(id)
  if (!(element instanceof kind)) throw new Error(`the page has no #${id}`)
  return element
}

function draw(): void {
  drawing.draw({ boxes, root, current, hovered, matches: matches?.nodes ?? null, isUpwards })
}

function showDetail(node: number): void {
  const title = document.createElement('b')
  const facts = document.createElement('span')
  const [value, self] = [tree.valueOf(node), tree.selfOf(node)]
  title.textContent = tree.nameOf(node)
  facts.textContent = `${amounts.withError(value, tree.varianceOf(node))} (${amounts.share(value)}) with what it called, ${amounts.signed(self)} by itself`
  detail.replaceChildren(title, facts, ...lineItems(shown, shown.name[node] ?? 0, amounts))
}

function showPath(): void {
  const buttons = tree.callersOf(root).map((node) => {
    const button = document.createElement('button')
    button.type = 'button'
    button.textContent = tree.nameOf(node)
    button.title = tree.nameOf(node)
    button.addEventListener('click', () => {
      zoom(node)
    })
    return button
  })
  byId('path', HTMLElement).replaceChildren(...buttons)
}

function refresh(): void {
  boxes = tree.layOut(root, graph.clientWidth)
  if (!boxes.has(current)) current = root
  draw()
  showDetail(hovered >= 0 ? hovered : current)
  showPath()
}

function showView(): void {
  shown = viewOf(data, { focus, isCallersFirst })
  tree = new Tree(shown)
  drawing = new Drawing(graph, canvas, tree, new Colours(shown, dark))
  byId('callers', HTMLElement).setAttribute('aria-pressed', String(isCallersFirst))
  byId('joined', HTMLElement).setAttribute('aria-pressed', String(focus !== null))
  root = current = 0
  hovered = -1
  search()
  refresh()
}

function zoom(node: number): void {
  root = node
  current = node
  hovered = -1
  refresh()
}

/** The test of a name; null where the pattern is none. */
function testOf(text: string): ((name: string) => boolean) | null {
  const pattern = /^\/(.+)\/i?$/.exec(text)?.[1]
  if (pattern === undefined) {
    const part = text.toLowerCase()
    return (name) => name.toLowerCase().includes(part)
  }
  try {
    const expression = new RegExp(pattern, 'i')
    return (name) => expression.test(name)
  } catch {
    return null
  }
}

function search(): void {
  const text = query.value.trim()
  const test = text === '' ? null : testOf(text)
  matches = test === null ? null : tree.search(test)
  byId('found', HTMLElement).textContent = text === '' ? '' : foundText(matches)
  draw()
}

function foundText(found: Matches | null): string {
  if (found === null) return 'not a pattern'
  const { nodes, sum } = found
  if (nodes.size === 0) return 'nothing found'
  const count = `${nodes.size.toLocaleString('en-US')} ${nodes.size === 1 ? 'box' : 'boxes'}`
  return `${amounts.signed(sum)} (${amounts.share(sum)}) in ${count}`
}

function sibling(node: number, step: number): number {
  if (node === root || node === 0) return node
  const list = tree.childrenOf(tree.parentOf(node)).filter((each) => boxes.has(each))
  const at = list.indexOf(node) + step
  return list[Math.max(0, Math.min(list.length - 1, at))] ?? node
}

/** Where a key moves to; undefined for a key that means nothing here. */
function movedBy(key: string): number | undefined {
  const [toCallee, toCaller] = isUpwards ? ['ArrowUp', 'ArrowDown'] : ['ArrowDown', 'ArrowUp']
  if (key === toCallee) return tree.childrenOf(current).find((each) => boxes.has(each)) ?? current
  if (key === toCaller) return Math.max(0, tree.parentOf(current))
  if (key === 'ArrowLeft') return sibling(current, -1)
  if (key === 'ArrowRight') return sibling(current, 1)
  return key === 'Home' ? root : undefined
}

function onKey(event: KeyboardEvent): void {
  const moved = movedBy(event.key)
  if (event.key === 'Enter' || event.key === ' ') zoom(current)
  else if (event.key === 'Escape') zoom(0)
  else if (moved === undefined) return
  else current = moved
  event.preventDefault()
  hovered = -1
  draw()
  showDetail(current)
  const box = boxes.get(current)
  const top = canvas.getBoundingClientRect().top + (box === undefined ? 0 : drawing.topOf(box))
  if (top < 0 || top > innerHeight - 100) scrollBy(0, top - innerHeight / 2)
}

canvas.addEventListener('mousemove', (event) => {
  const node = drawing.boxAt(boxes, event)?.node ?? -1
  if (node === hovered) return
  hovered = node
  canvas.style.cursor = node < 0 ? 'default' : 'pointer'
  draw()
  showDetail(node >= 0 ? node : current)
})
canvas.addEventListener('mouseleave', () => {
  hovered = -1
  draw()
  showDetail(current)
})
canvas.addEventListener('click', (event) => {
  const box = drawing.boxAt(boxes, event)
  if (box !== undefined) zoom(box.node)
})
graph.addEventListener('keydown', onKey)
document.addEventListener('keydown', (event) => {
  if (event.key !== '/' || document.activeElement === query) return
  event.preventDefault()
  query.focus()
})
query.addEventListener('input', search)
byId('search', HTMLElement).addEventListener('submit', (event) => {
  event.preventDefault()
})
byId('reset', HTMLElement).addEventListener('click', () => {
  query.value = ''
  focus = null
  isCallersFirst = false
  showView()
})
byId('callers', HTMLElement).addEventListener('click', () => {
  isCallersFirst = !isCallersFirst
  showView()
})
byId('joined', HTMLElement).addEventListener('click', () => {
  focus = focus === null && current > 0 ? (shown.name[current] ?? null) : null
  showView()
})
byId('invert', HTMLElement).addEventListener('click', () => {
  isUpwards = !isUpwards
  byId('invert', HTMLElement).setAttribute('aria-pressed', String(isUpwards))
  draw()
})
new ResizeObserver(refresh).observe(graph)
dark.addEventListener('change', draw)

byId('facts', HTMLElement).textContent = factsText(data, amounts)
const legend = data.difference ? legendOf(data, amounts) : kindsLegendOf(data)
if (legend !== null) byId('facts', HTMLElement).append(legend)
byId('comments', HTMLElement).append(...commentItems(data))
refresh()
