/** Errors of black boxes: their recording and their reading. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_BLACK_BOX = {
  ERR_BLACK_BOX_UNSUPPORTED: {
    gist: 'no black box can be recorded here',
    cause:
      'a black box is recorded by a thread of the native addon, on Linux, and follows the JavaScript of the main thread: this is another system, the addon cannot be loaded, or the call came from a worker thread.',
    cure: 'the message has the reason. Open the box in the main thread, or run the service on Linux with the addon. A box can be read everywhere: `cache-attribution postmortem FILE`.',
    example: '`ERR_BLACK_BOX_UNSUPPORTED: a black box is opened in the main thread, whose JavaScript it records`',
  },
  ERR_BLACK_BOX_OPEN: {
    gist: 'this process records into a black box already',
    cause: 'a process records one box at a time, and another one is open: by this code, another module, or `auto`.',
    cure: 'use that box, or close it first. With `CACHE_ATTRIBUTION_BLACK_BOX` set, the program need not open one.',
    example:
      '`ERR_BLACK_BOX_OPEN: this process records into /var/lib/shop/memory.blackbox already: close that box first`',
  },
  ERR_BLACK_BOX_IN_USE: {
    gist: 'another process records into this file',
    cause: 'a running process has the file open as its black box, and two processes cannot write into one file.',
    cure: 'give each process a file of its own, or the path of a folder, in which each gets its own name.',
    example: '`ERR_BLACK_BOX_IN_USE: a running process writes /var/lib/shop/memory.blackbox`',
  },
  ERR_BLACK_BOX_FILE: {
    gist: 'the file of a black box cannot be made or read',
    cause:
      'while recording: the folder is missing or may not be written to, the disk is full (the whole file is allocated at once), or a file of another kind has that name. While reading: the file is not a black box, its header is damaged, or a newer version of this package wrote it.',
    cure: 'the message names the file and the reason. Choose another path, make room of `maxBytes`, or read it by the version that wrote it.',
    example:
      '`ERR_BLACK_BOX_FILE: /var/lib/shop/memory.blackbox cannot be made: posix_fallocate: No space left on device`',
  },
} as const satisfies Readonly<Record<string, CodeEntry>>
