/**
 * The files of a lease, one for each token.
 *
 * Rule: a file appears, and changes, as a whole: nobody reads the half of one. The file of the highest token stays.
 */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { reasonOf } from '../../support/errors.js'
import { storeFailed } from '../../support/lease.js'

/** After so long a file that was never given its name is of a process that was killed. */
const LEFT_OVER_MS = 3_600_000

/** Every method rejects with `ERR_LEASE_STORE` where the folder cannot be used. */
export class GrantFiles {
  readonly #folder: string
  readonly #prefix: string

  constructor(folder: string, name: string) {
    this.#folder = folder
    this.#prefix = `${name}.lease.`
  }

  /** The tokens of all files, ascending. */
  tokens(): Promise<number[]> {
    return this.#using(async () => {
      const names = await this.#names()
      return names
        .map((name) => name.slice(this.#prefix.length))
        .filter((text) => /^[1-9]\d{0,15}$/.test(text))
        .map(Number)
        .toSorted((a, b) => a - b)
    })
  }

  /** Null where it is gone. */
  read(token: number): Promise<string | null> {
    return this.#using(() =>
      readFile(this.#pathOf(token), 'utf8').catch((error: unknown) => {
        if (codeOf(error) === 'ENOENT') return null
        throw error
      }),
    )
  }

  /** Makes the file of a token; false where there is one. */
  make(token: number, text: string): Promise<boolean> {
    return this.#withWritten(text, async (written) => {
      try {
        await link(written, this.#pathOf(token))
        return true
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return false
        throw error
      }
    })
  }

  /** Replaces the file of a token. */
  change(token: number, text: string): Promise<void> {
    return this.#withWritten(text, (written) => rename(written, this.#pathOf(token)))
  }

  /** Removes the files of tokens. */
  async remove(tokens: readonly number[]): Promise<void> {
    await this.#using(async () => {
      for (const token of tokens) await rm(this.#pathOf(token), { force: true })
    })
  }

  /** Removes what killed processes left, by the file system's own clock: `newest` is the token of a file that was made just now. */
  async removeLeftOvers(newest: number): Promise<void> {
    await this.#using(async () => {
      const now = await changedMs(this.#pathOf(newest))
      for (const name of await this.#names()) {
        const file = path.join(this.#folder, name)
        const made = name.endsWith('.new') ? await changedMs(file) : null
        if (made !== null && now !== null && now - made > LEFT_OVER_MS) await rm(file, { force: true })
      }
    })
  }

  async #names(): Promise<string[]> {
    const names = await readdir(this.#folder).catch(async (error: unknown) => {
      if (codeOf(error) !== 'ENOENT') throw error
      await mkdir(this.#folder, { mode: 0o700 }).catch((failure: unknown) => {
        if (codeOf(failure) !== 'EEXIST') throw failure
      })
      return []
    })
    return names.filter((name) => name.startsWith(this.#prefix))
  }

  #withWritten<T>(text: string, use: (written: string) => Promise<T>): Promise<T> {
    const written = path.join(this.#folder, `${this.#prefix}${randomUUID()}.new`)
    return this.#using(async () => {
      try {
        await writeFile(written, text, { flag: 'wx', mode: 0o600 })
        return await use(written)
      } finally {
        await rm(written, { force: true })
      }
    })
  }

  async #using<T>(task: () => Promise<T>): Promise<T> {
    try {
      return await task()
    } catch (error) {
      throw storeFailed(`the folder ${this.#folder} cannot be used: ${reasonOf(error)}`, error)
    }
  }

  #pathOf(token: number): string {
    return path.join(this.#folder, `${this.#prefix}${String(token)}`)
  }
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | null)?.code
}

/** Null where it is gone. */
async function changedMs(file: string): Promise<number | null> {
  const { mtimeMs } = await stat(file).catch(() => ({ mtimeMs: null }))
  return mtimeMs
}
