/** Amounts of a flame graph in words. */
import { halfWidthOf } from '../../profile/sampling-error.js'
import type { FlamegraphData } from '../types.js'

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB']

/** Bytes in a unit that fits. */
export function bytesText(bytes: number): string {
  let size = Math.abs(bytes)
  let unit = 0
  while (size >= 1023.95 && unit < 4) {
    size /= 1024
    unit++
  }
  const digits = unit === 0 ? String(size) : size.toFixed(size < 99.95 ? 2 : 1)
  return `${bytes < 0 ? '−' : ''}${digits} ${UNITS[unit] ?? ''}`
}

/** How the amounts of one graph are written. */
export class Amounts {
  readonly #data: FlamegraphData
  readonly #whole: number

  constructor(data: FlamegraphData) {
    this.#data = data
    this.#whole = Math.max(1, data.width[0] ?? 0)
  }

  /** With a plus where it is a change. */
  signed(amount: number): string {
    return this.#data.difference && amount > 0 ? `+${this.#text(amount)}` : this.#text(amount)
  }

  /** With what it may be off by, where that is known: 95 % of the interval that comes from sampling. */
  withError(amount: number, variance: number | null): string {
    if (variance === null) return this.signed(amount)
    return `${this.signed(amount)} ± ${this.#text(Math.round(halfWidthOf(amount, variance)))}`
  }

  /** Of a difference the whole is all that changed, more or less. */
  share(amount: number): string {
    const share = ((100 * amount) / this.#whole).toFixed(1).replace('-', '−')
    return share + (this.#data.difference ? ' % of all change' : ' %')
  }

  #text(amount: number): string {
    if (this.#data.unit === 'bytes') return bytesText(amount)
    const count = amount.toLocaleString('en-US').replace('-', '−')
    return `${count} ${Math.abs(amount) === 1 ? 'object' : 'objects'}`
  }
}
