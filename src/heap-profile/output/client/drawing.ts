/** Draws the boxes on a canvas: ten thousand are as quick as ten. */
import type { Colours } from './colours.js'
import type { Box, Tree } from './tree.js'

/** The graph that is shown. */
export interface Scene {
  readonly boxes: ReadonlyMap<number, Box>
  readonly root: number
  /** The box of the keyboard. */
  readonly current: number
  /** The box under the mouse; −1 for none. */
  readonly hovered: number
  readonly matches: ReadonlySet<number> | null
  /** Callers below what they called. */
  readonly isUpwards: boolean
}

const ROW = 20

/** One canvas. */
export class Drawing {
  readonly #graph: HTMLElement
  readonly #canvas: HTMLCanvasElement
  readonly #context: CanvasRenderingContext2D
  readonly #tree: Tree
  readonly #colours: Colours
  #rows = 1
  #isUpwards = false

  constructor(graph: HTMLElement, canvas: HTMLCanvasElement, tree: Tree, colours: Colours) {
    const context = canvas.getContext('2d')
    if (context === null) throw new Error('this browser draws on no canvas')
    this.#graph = graph
    this.#canvas = canvas
    this.#context = context
    this.#tree = tree
    this.#colours = colours
  }

  draw(scene: Scene): void {
    this.#isUpwards = scene.isUpwards
    this.#rows = [...scene.boxes.values()].reduce((most, { row }) => Math.max(most, row + 1), 1)
    this.#begin()
    for (const box of scene.boxes.values()) this.#drawBox(box, scene)
  }

  /** Its upper edge, in pixels from that of the canvas. */
  topOf({ row }: Box): number {
    return (this.#isUpwards ? this.#rows - 1 - row : row) * ROW
  }

  /** The frame under the mouse. */
  boxAt(boxes: ReadonlyMap<number, Box>, event: MouseEvent): Box | undefined {
    const area = this.#canvas.getBoundingClientRect()
    const [x, y] = [event.clientX - area.left, event.clientY - area.top]
    for (const box of boxes.values()) {
      const top = this.topOf(box)
      if (y >= top && y < top + ROW && x >= box.x && x < box.x + box.width) return box
    }
    return undefined
  }

  #begin(): void {
    const ratio = devicePixelRatio || 1
    const tall = this.#rows * ROW
    this.#canvas.style.height = `${String(tall)}px`
    this.#canvas.width = Math.round(this.#graph.clientWidth * ratio)
    this.#canvas.height = Math.round(tall * ratio)
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0)
    this.#context.font = '12px system-ui, sans-serif'
    this.#context.textBaseline = 'middle'
  }

  #drawBox(box: Box, { root, current, hovered, matches }: Scene): void {
    const context = this.#context
    const y = this.topOf(box)
    context.fillStyle = this.#colours.box(box.node, matches)
    context.globalAlpha = box.row < this.#tree.depthOf(root) ? 0.55 : 1
    context.fillRect(box.x, y, Math.max(0.4, box.width - (box.width > 3 ? 1 : 0)), ROW - 1)
    context.globalAlpha = 1
    if (box.width > 24) this.#label(box, y, matches !== null && !matches.has(box.node))
    if (box.node !== current && box.node !== hovered) return
    context.strokeStyle = getComputedStyle(this.#graph).color
    context.lineWidth = box.node === current ? 2 : 1
    context.strokeRect(box.x + 1, y + 1, Math.max(1, box.width - 3), ROW - 3)
  }

  #label({ node, x, width }: Box, y: number, isFaded: boolean): void {
    const text = this.#fitting(this.#tree.nameOf(node), width - 8)
    if (text === '') return
    const context = this.#context
    context.fillStyle = this.#colours.text(isFaded)
    context.save()
    context.beginPath()
    context.rect(x, y, width - 3, ROW)
    context.clip()
    context.fillText(text, x + 4, y + ROW / 2)
    context.restore()
  }

  /** The part of a name that fits: of C++ and Rust its end, which says more than its beginning. */
  #fitting(text: string, room: number): string {
    const wide = this.#context.measureText(text).width
    if (wide <= room) return text
    for (let length = Math.floor((text.length * room) / wide); length >= 2; length--) {
      const cut = text.includes('::') ? `…${text.slice(-length)}` : `${text.slice(0, length)}…`
      if (this.#context.measureText(cut).width <= room) return cut
    }
    return ''
  }
}
