// Next.js calls this once, when a server starts; the runtime of edge functions has no Node.
export async function register() {
  if (process.env.NEXT_RUNTIME === 'nodejs') await import('./instrumentation-node')
}
