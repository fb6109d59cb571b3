/** Ends of this command by a signal: what it did in another process is undone first. */

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const

/** Has `close` done before a signal ends this command. @returns what stops listening */
export function closeOnSignals(close: () => Promise<void>): () => void {
  const listeners = Object.entries(SIGNALS).map(([signal, code]) => {
    const listener = (): void => {
      void close().finally(() => process.exit(code))
    }
    process.once(signal, listener)
    return () => {
      process.off(signal, listener)
    }
  })
  return () => {
    for (const stop of listeners) stop()
  }
}
