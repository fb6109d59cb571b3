/** The colours of the boxes. Names of one namespace, library or class share a hue; native code, JavaScript and
 * objects of V8's heap have hues of their own. */
import type { FlamegraphData } from '../types.js'

/** Where the hues of one kind begin, and how far they reach. */
interface Hues {
  readonly from: number
  readonly span: number
}

/** Colours for light and dark pages. */
export class Colours {
  readonly #data: FlamegraphData
  readonly #dark: MediaQueryList
  readonly #families: readonly string[]
  readonly #hues: Readonly<Record<FlamegraphData['kinds'][number], Hues>>

  constructor(data: FlamegraphData, dark: MediaQueryList) {
    this.#data = data
    this.#dark = dark
    // Native code alone has all of the warm hues.
    const isMixed = data.kinds.includes('script')
    this.#hues = {
      native: { from: 8, span: isMixed ? 22 : 44 },
      script: { from: 42, span: 18 },
      objects: { from: 130, span: 20 },
    }
    this.#families = data.names.map((text) => text.split(/::|\.|\+|_/)[0] ?? '')
  }

  /** Of a box; `matches` are those that a search found, null without one. */
  box(node: number, matches: ReadonlySet<number> | null): string {
    const isDark = this.#dark.matches
    if (node === 0) return isDark ? 'hsl(220 8% 32%)' : 'hsl(220 10% 82%)'
    if (matches !== null && !matches.has(node)) return isDark ? 'hsl(220 5% 24%)' : 'hsl(220 8% 90%)'
    return this.#data.difference ? this.#ofChange(node) : this.#ofName(node)
  }

  /** Of the text on a box. */
  text(isFaded: boolean): string {
    if (this.#dark.matches) return isFaded ? '#8a8f98' : '#f5f2ee'
    return isFaded ? '#6b7280' : '#1f1a14'
  }

  #ofChange(node: number): string {
    const width = this.#data.width[node] ?? 0
    const change = width === 0 ? 0 : Math.max(-1, Math.min(1, (this.#data.value[node] ?? 0) / width))
    const strength = Math.abs(change)
    const light = this.#dark.matches ? 30 + 12 * strength : 88 - 22 * strength
    return `hsl(${String(change < 0 ? 212 : 8)} ${String(15 + 60 * strength)}% ${String(light)}%)`
  }

  #ofName(node: number): string {
    const name = this.#data.name[node] ?? 0
    const { from, span } = this.#hues[this.#data.kinds[name] ?? 'native']
    const hue = from + span * hash(this.#families[name] ?? '')
    const shade = hash(this.#data.names[name] ?? '')
    const isDark = this.#dark.matches
    const light = isDark ? 34 + 9 * shade : 66 + 10 * shade
    return `hsl(${String(hue)} ${isDark ? '48' : '78'}% ${String(light)}%)`
  }
}

/** 0 … 1, by FNV-1a. */
function hash(text: string): number {
  let state = 2166136261
  for (let at = 0; at < text.length; at++) state = Math.imul(state ^ text.charCodeAt(at), 16777619)
  return (state >>> 0) / 4294967296
}
