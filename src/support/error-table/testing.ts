/** Errors of cache-attribution/testing. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_TESTING = {
  ERR_RETAINED_ABOVE: {
    gist: 'each call leaves more memory behind than the test allows',
    cause:
      'two rounds of calls in a row, and a long one after them, grew by more than the limit with their whole 95 % interval: something keeps a part of each call alive.',
    cure: 'let the named owner drop its entries, or bound it. If a bounded cache was still filling, set `warmUp` to as many calls as fill it. Raise the limit if the growth is intended.',
    example:
      "`ERR_RETAINED_ABOVE: each call leaves 8.13 KiB ± 60 B behind, more than 1.00 KiB (8.05 KiB of V8's heap; 300 calls)`",
  },
  ERR_CALL_TIMEOUT: {
    gist: 'a call of what is measured did not end in time',
    cause: 'the promise of a call was not settled within `callTimeoutMs`.',
    cure: 'find out why the call waits; raise `callTimeoutMs` if it needs longer.',
    example: '`ERR_CALL_TIMEOUT: a call did not end within 30000 ms, after 41 calls that did`',
  },
} satisfies Record<string, CodeEntry>
