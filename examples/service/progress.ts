/** Says what is going on: one line that is rewritten on a terminal, a few plain lines elsewhere. On stderr. */

/** Without a terminal, a line that only updates the last one is left out within this time. */
const UPDATE_EVERY_MS = 4000

export class Progress {
  readonly #stream: NodeJS.WriteStream
  #lastMs = 0

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  /** A new step. */
  step(text: string): void {
    this.#lastMs = performance.now()
    if (this.#stream.isTTY) this.#rewrite(text)
    else this.#stream.write(`${text}\n`)
  }

  /** How the step is getting on. */
  update(text: string): void {
    if (this.#stream.isTTY) this.#rewrite(text)
    else if (performance.now() - this.#lastMs > UPDATE_EVERY_MS) this.step(text)
  }

  /** Something that stays to be read. */
  note(text: string): void {
    this.clear()
    this.#stream.write(`${text}\n`)
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K')
  }

  #rewrite(text: string): void {
    // A line that wraps could not be taken away again.
    this.#stream.write(`\r\u001b[K${text.slice(0, this.#stream.columns - 1)}`)
  }
}
