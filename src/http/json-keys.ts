/** Keys that stand twice in one object of a JSON text, which `JSON.parse` does not tell. Pure. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gsu

/** The first key that an object repeats. `text` is valid JSON. */
export function repeatedKey(text: string): string | undefined {
  /** The keys of every object that is open; null for an array. */
  const open: (Set<string> | null)[] = []
  let isKeyNext = false
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === '{' || token === '[') open.push(token === '{' ? new Set() : null)
    else if (token === '}' || token === ']') open.pop()
    else if (token.startsWith('"') && isKeyNext) {
      const keys = open.at(-1)
      const key = JSON.parse(token) as string
      if (keys?.has(key) === true) return key
      keys?.add(key)
    }
    isKeyNext = token === '{' || (token === ',' && open.at(-1) != null)
  }
  return undefined
}
