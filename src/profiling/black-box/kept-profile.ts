/**
 * The latest heap profile in the box, compressed, as far as there is room.
 *
 * Rule: one is compressed at a time, in a thread of libuv's; of those that come meanwhile the newest follows. Nothing of it throws.
 */
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { ProfileBytes } from '../profiler/taken-profiles.js'

/** Dumps that are larger do not fit, however well they are compressed. */
const BYTES_MAX = 16 * 1024 * 1024

/** Writes profiles one after the other. */
export class KeptProfile {
  readonly #write: (bytes: Uint8Array) => boolean
  #next: ProfileBytes | null = null
  #task: Promise<void> | null = null

  /** `write` gives false where there is no room. */
  constructor(write: (bytes: Uint8Array) => boolean) {
    this.#write = write
  }

  keep(bytes: ProfileBytes): void {
    this.#next = bytes
    this.#task ??= this.#work().finally(() => (this.#task = null))
  }

  /** When nothing is under way any more. */
  async finished(): Promise<void> {
    await this.#task
  }

  async #work(): Promise<void> {
    for (let bytes = this.#taken(); bytes !== null; bytes = this.#taken()) {
      try {
        const whole = await bytes()
        if (whole.length > BYTES_MAX) continue
        const isCompressed = whole[0] === 0x1f && whole[1] === 0x8b
        this.#write(isCompressed ? whole : await promisify(gzip)(whole))
      } catch {
        // The file is gone, or the profile cannot be encoded: the one before stays.
      }
    }
  }

  #taken(): ProfileBytes | null {
    const next = this.#next
    this.#next = null
    return next
  }
}
