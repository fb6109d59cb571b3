/** Light, dark, or as the system has it; remembered where the browser lets a page remember. */

const KEY = 'cache-attribution:theme'
const ORDER = ['system', 'light', 'dark'] as const

/** The choices. */
type ThemeName = (typeof ORDER)[number]

/** The theme of this page. */
export interface Theme {
  readonly current: ThemeName
  readonly next: ThemeName
  /** To the next one. */
  change(): void
}

/** Puts on what was chosen last; `onChange` is called with every change, also of the system's. */
export function createTheme(onChange: () => void): Theme {
  let current = remembered()
  const apply = (): void => {
    if (current === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = current
  }
  apply()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', onChange)
  const next = (): ThemeName => ORDER[(ORDER.indexOf(current) + 1) % ORDER.length] ?? 'system'
  return {
    get current() {
      return current
    },
    get next() {
      return next()
    },
    change: () => {
      current = next()
      try {
        localStorage.setItem(KEY, current)
      } catch {
        // Kept for this page alone.
      }
      apply()
      onChange()
    },
  }
}

function remembered(): ThemeName {
  try {
    return ORDER.find((name) => name === localStorage.getItem(KEY)) ?? 'system'
  } catch {
    return 'system'
  }
}
