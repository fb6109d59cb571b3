/** Warnings of what is kept of reports over time, and of turns between replicas. */
import type { CodeEntry } from './code-entry.js'

export const HISTORY_WARNINGS = {
  WARN_HISTORY_WRITE: {
    gist: 'a history cannot be written: its records wait in memory',
    cause:
      'the disk is full, the folder may not be written to, or the like; or `maintenance.lock` is a file of something else. The service is not affected: records wait in memory, up to `backlogBytes`; beyond that the oldest observations are dropped first. It is reported once.',
    cure: 'make room. Every new record tries again; `WARN_HISTORY_RESUMED` says when it worked.',
    example:
      '`the history in /var/lib/memory cannot be written: ENOSPC: no space left on device, write; up to 4.00 MiB wait in memory, and each new record tries again`',
  },
  WARN_LEASE_LOST: {
    gist: 'the lease was lost while the run was under way',
    cause:
      'the run ended before it noticed that the term of its lease was over: the process was stopped, or its event loop was blocked. Another process may have measured at the same time.',
    cure: 'none for this report, whose figures are those of this process alone. A longer `termMs` gives a blocked event loop more time.',
    example:
      '`the lease with token 1796083200017342 was lost before the run ended: another process may have measured beside it`',
  },
  WARN_HISTORY_RESUMED: {
    gist: 'a history is written again',
    cause: 'after `WARN_HISTORY_WRITE` records can be written again, and the waiting ones have been written.',
    cure: 'none needed; the message says how many records were lost.',
    example: '`the history in /var/lib/memory is written again: nothing was lost`',
  },
  WARN_HISTORY_TORN: {
    gist: 'a line of a history was cut off by a crash, or is no record, and was passed over',
    cause:
      'a process was killed while it wrote, and the last line of its file is incomplete. Or a record lacks a member, or has one of another type. Only these lines are lost.',
    cure: 'none needed. Many such lines in one file mean that something else wrote into it.',
    example:
      '`20260101T000000000Z-1f2e3d4c-0000.ndjson has a line that cannot be understood (a write that a crash cut off, or no record of this library): passed over`',
  },
  WARN_HISTORY_VERSION: {
    gist: 'a line of a history is of a newer version, and was passed over',
    cause:
      'a newer version of this library wrote lines of another schema into the folder. They are kept, and not read.',
    cure: 'read the history with the newer version.',
    example:
      '`20260101T000000000Z-1f2e3d4c-0000.ndjson has 12 lines of a newer version of cache-attribution: passed over`',
  },
  WARN_HISTORY_UNREADABLE: {
    gist: 'a file of a history could not be read',
    cause: 'a file of the history could not be read, or not to its end: permissions, a disk error.',
    cure: "the message has the system's reason. Other files are still read.",
    example: '`20260101T000000000Z-1f2e3d4c-0000.ndjson cannot be read: EACCES: permission denied`',
  },
} satisfies Record<string, CodeEntry>
