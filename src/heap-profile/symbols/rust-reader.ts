/** The state of reading a name of Rust's own scheme of mangling: its numbers, its references back, its identifiers. */
import { Cursor } from './cursor.js'
import { fromPunycode } from './punycode.js'

/** One name that is being read. */
export class RustReader extends Cursor {
  /** How many lifetimes the binders around have named. */
  lifetimes = 0

  /** The text `within` a backward reference. */
  back<T>(read: () => T): T {
    const start = this.at - 1
    const target = this.base62()
    if (target >= start) this.fail()
    const after = this.at
    this.at = target
    const result = this.within(read)
    this.at = after
    return result
  }

  /** A number to base 62 that ends in `_`, where `_` alone is 0 and `0_` is 1. */
  base62(): number {
    const [digits = ''] = /^[0-9a-zA-Z]{0,12}(?=_)/.exec(this.text.slice(this.at, this.at + 13)) ?? []
    this.at += digits.length
    this.expect('_')
    if (digits === '') return 0
    return [...digits].reduce((sum, digit) => sum * 62 + DIGITS.indexOf(digit), 0) + 1
  }

  /** The same behind a letter; 0 where that does not come. */
  tagged(letter: string): number {
    return this.take(letter) ? this.base62() + 1 : 0
  }

  /** Every character of the output counts: references can double a name again and again. */
  bounded(text: string): string {
    this.spend(text.length)
    return text
  }

  /** A name with its length before it, not what tells it from others. */
  identifier(): string {
    const isCoded = this.take('u')
    const [digits = ''] = /^(?:0|[1-9]\d{0,4})/.exec(this.text.slice(this.at, this.at + 5)) ?? this.fail()
    this.at += digits.length
    this.take('_')
    const name = this.text.slice(this.at, this.at + Number(digits))
    if (name.length !== Number(digits)) this.fail()
    this.at += name.length
    if (!isCoded) return name
    const border = name.lastIndexOf('_')
    const coded = name.slice(border + 1)
    if (coded === '') this.fail()
    return fromPunycode(name.slice(0, Math.max(0, border)), coded) ?? this.fail()
  }
}

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
