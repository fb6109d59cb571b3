/** Errors of the command. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_COMMAND = {
  ERR_COMMAND_USAGE: {
    gist: 'the command line was not understood',
    cause: 'an option or subcommand that does not exist, or a value that is missing. The exit code is 2.',
    cure: 'see `npx cache-attribution --help`. Options of the command come before the program, flags of Node after `--`.',
    example: '`ERR_COMMAND_USAGE: there is no subcommand "dokter": did you mean "doctor"?`',
  },
  ERR_COMMAND_START: {
    gist: 'the program that the command should run could not be started',
    cause: 'the operating system did not start the program.',
    cure: "the message has the system's own reason.",
    example: '`ERR_COMMAND_START: /usr/bin/node could not be started: spawn E2BIG`',
  },
  ERR_JEMALLOC_NOT_FOUND: {
    gist: 'no libjemalloc was found on this machine',
    cause:
      'there is no libjemalloc on this machine that this Node can load, and fetching one is not allowed or not possible; or `CACHE_ATTRIBUTION_JEMALLOC` names one that does not work.',
    cure: 'run the one line that the message ends with; `npx cache-attribution doctor` shows it too.',
    example:
      '`ERR_JEMALLOC_NOT_FOUND: there is no libjemalloc on this system. To fix it: apt-get install libjemalloc2`',
  },
  ERR_JEMALLOC_FETCH: {
    gist: 'libjemalloc could not be fetched',
    cause:
      "Debian's or Ubuntu's package could not be fetched, checked or unpacked: no network, no `apt-get`, a folder that cannot be written.",
    cure: 'install `libjemalloc2` by hand, or correct the cause that the message names.',
    example:
      '`ERR_JEMALLOC_FETCH: it could not be fetched: apt-get downloaded nothing. To fix it: apt-get install libjemalloc2`',
  },
  ERR_JUNIT_WRITE: {
    gist: 'the file of --junit could not be written',
    cause: '`diff --check` or `attribute --compare` could not write the verdict to the file of `--junit`.',
    cure: 'the message has the reason. Name a folder that exists, make room, or allow writing.',
    example:
      "`ERR_JUNIT_WRITE: /ci/memory.xml cannot be written: ENOENT: no such file or directory, open '/ci/memory.xml'`",
  },
  ERR_PROFILE_WRITE: {
    gist: 'what was made of a heap profile could not be written',
    cause: '`cache-attribution profile` could not write the file of `--output`.',
    cure: 'the message has the reason. Name another folder, make room, or allow writing.',
    example: '`ERR_PROFILE_WRITE: the output could not be written: ENOSPC: no space left on device, write`',
  },
  ERR_HISTORY_FOLDER: {
    gist: 'a history, or a saved report, could not be read',
    cause: 'the folder of a history does not exist or may not be read; or a file given to `diff` is not a report.',
    cure: 'name the folder that `ReportHistory.open()` was given, or a file with the JSON of one report.',
    example: '`ERR_HISTORY_FOLDER: the history in /var/lib/memory cannot be read: ENOENT: no such file or directory`',
  },
  ERR_HISTORY_RECORD: {
    gist: 'what was to be kept in a history is no report and no observation',
    cause:
      '`append()` or `appendObservation()` was given something that is not a report or observation, or could not be read again: a member is missing or of another type, or it cannot be written as JSON.',
    cure: 'give it a result of `attribute()` or `observe()`; the message names the member.',
    example: '`ERR_HISTORY_RECORD: append() takes what attribute() gives: floor.heapBytes is missing`',
  },
  ERR_HISTORY_CLOSED: {
    gist: 'the history was closed',
    cause: 'a record was appended after `close()` of the history.',
    cure: 'close the history last, after everything that writes to it.',
    example: '`ERR_HISTORY_CLOSED: this history was closed`',
  },
  ERR_ADMIN_ANSWER: {
    gist: 'an admin endpoint gave no answer that could be understood',
    cause:
      'the address given to `discover`, `attribute`, `breakdown`, `histogram` or `heap-snapshot` did not answer, or not as the admin endpoint does.',
    cure: 'give the address of the endpoint itself, for instance `http://127.0.0.1:8080/debug/memory`, and the token in `CACHE_ATTRIBUTION_TOKEN`.',
    example:
      '`ERR_ADMIN_ANSWER: http://127.0.0.1:8080/debug/memory/ answered 401 Unauthorized: the token goes into CACHE_ATTRIBUTION_TOKEN`',
  },
  ERR_ATTACH_NO_PROCESS: {
    gist: 'the process to attach to is not there, not visible, or ended meanwhile',
    cause:
      'there is no process of that id, it is not visible from here (another PID namespace), or it has ended. `attach` works on Linux only.',
    cure: 'take the id from `ps` where the command runs. In a container that is another number than on the host.',
    example: '`ERR_ATTACH_NO_PROCESS: there is no process 4711, or none that is visible here`',
  },
  ERR_ATTACH_OTHER_USER: {
    gist: 'the process to attach to belongs to another user, or the kernel keeps it closed',
    cause:
      'the process belongs to another user, or the kernel protects it from its own user too: it changed its user after its start, or its program has file capabilities.',
    cure: 'run the command as that user, or as root.',
    example:
      '`ERR_ATTACH_OTHER_USER: process 4711 belongs to user 1000, and this command runs as user 33: run it as that user or as root`',
  },
  ERR_ATTACH_NOT_NODE: {
    gist: 'the process to attach to does not run Node',
    cause:
      'the process runs Bun, Deno, or another program than Node. No signal was sent: `SIGUSR1` would have ended it.',
    cure: 'give the id of the Node process itself; after `npm start` that is a child of npm. `breakdown --mappings PID` shows the memory of any program.',
    example:
      '`ERR_ATTACH_NOT_NODE: process 4711 is no Node process (it runs /usr/bin/dash): give the id of the Node process itself, not that of npm, a shell or an init`',
  },
  ERR_ATTACH_NODE_VERSION: {
    gist: 'the process to attach to runs a Node that is too old',
    cause: 'the process runs a Node older than 20.19.',
    cure: 'run the service with a newer Node.',
    example: '`ERR_ATTACH_NODE_VERSION: process 4711 runs Node 18.20.8: it takes Node 20.19 or later`',
  },
  ERR_ATTACH_STOPPED: {
    gist: 'the process to attach to is stopped, or held by a tracer',
    cause: 'the process is stopped (`SIGSTOP`, Ctrl-Z), or a tracer holds it (strace, gdb).',
    cure: '`kill -CONT PID`, or end the tracer.',
    example:
      '`ERR_ATTACH_STOPPED: process 4711 is stopped (SIGSTOP or job control) and answers nobody: kill -CONT 4711`',
  },
  ERR_ATTACH_BLOCKED: {
    gist: 'the main thread of the process to attach to does not answer',
    cause:
      'the main thread is in a call that does not return: synchronous I/O, `execSync`, `Atomics.wait`, a paused debugger. If the signal opens the inspector later, it is closed again.',
    cure: 'attach when the process answers requests again.',
    example:
      '`ERR_ATTACH_BLOCKED: the main thread of process 4711 is blocked in a call that does not return (synchronous I/O, execSync, Atomics.wait, a paused debugger): try again when it answers requests`',
  },
  ERR_ATTACH_PERMISSION: {
    gist: "Node's permission model keeps the process from being attached to",
    cause: "the process runs under Node's permission model, which keeps the inspector closed.",
    cure: 'Node 26 can allow it: `--allow-inspector`, and `--allow-addons` for the native addon. Before that, mount the admin endpoint in the service.',
    example:
      "`ERR_ATTACH_PERMISSION: process 4711 runs under Node's permission model, which keeps its inspector closed: start it with --allow-inspector (Node 26) and --allow-addons`",
  },
  ERR_ATTACH_SIGNAL_OFF: {
    gist: 'the process to attach to opens no inspector on SIGUSR1',
    cause:
      'the process opens no inspector on `SIGUSR1`: it was started with `--disable-sigusr1`, or the signal is blocked. No signal was sent.',
    cure: 'start it with `--inspect=127.0.0.1:0`, or with an admin endpoint of its own.',
    example:
      '`ERR_ATTACH_SIGNAL_OFF: process 4711 opens no inspector on SIGUSR1 (--disable-sigusr1, or the signal is blocked): start it with --inspect=127.0.0.1:0 or with cache-attribution/auto`',
  },
  ERR_ATTACH_SIGNAL_TAKEN: {
    gist: 'the application handles SIGUSR1 itself, so that no inspector opened',
    cause:
      'the application has a handler of its own for `SIGUSR1`, and it was called. The kernel does not show beforehand whose handler it is.',
    cure: 'start it with `--inspect=127.0.0.1:0`, or with an admin endpoint of its own.',
    example:
      '`ERR_ATTACH_SIGNAL_TAKEN: process 4711 took SIGUSR1 and opened no inspector: its application has a handler for that signal of its own, which was called`',
  },
  ERR_ATTACH_PORT_TAKEN: {
    gist: 'the port on which the inspector would open belongs to another process',
    cause:
      'another process listens on the port on which the inspector would open (9229 unless an option says otherwise): a debugger, another worker of a cluster, an attach to another process. The command waited for 60 seconds where that is a Node, whose inspector may close; no signal was sent.',
    cure: 'attach when the other process is done, or start this one with `--inspect-port=0`.',
    example:
      '`ERR_ATTACH_PORT_TAKEN: port 9229, on which process 4711 would open its inspector, is taken by process 4712 (node): attach when that is done with it, or start this process with --inspect-port=0`',
  },
  ERR_ATTACH_NETWORK: {
    gist: 'the process to attach to has a network of its own, which cannot be entered',
    cause: 'the process has a network namespace of its own (a container), and this user may not enter it.',
    cure: 'run the command as root on the host, or in the container.',
    example:
      '`ERR_ATTACH_NETWORK: process 4711 is in another network namespace, which could not be entered (Operation not permitted): run the command as root, or in its container (docker exec, kubectl exec, kubectl debug)`',
  },
  ERR_ATTACH_FOLDER: {
    gist: 'there is no folder from which the process to attach to could load the native addon',
    cause:
      "the process does not see this package's files, and there is no folder in its file system from which it could load a copy of the native addon: all are read-only, or mounted `noexec`.",
    cure: "mount a writable folder there (in Kubernetes an `emptyDir` at `/tmp`), or install the package in the container's image.",
    example:
      "`ERR_ATTACH_FOLDER: process 4711 does not see this package's files, and none of its folders (/tmp, /var/tmp, /dev/shm, /run) can be written to from here: mount a writable folder there`",
  },
  ERR_ATTACH_ADDON: {
    gist: 'the process to attach to cannot load the native addon',
    cause: 'the process cannot load the native addon: it runs on another libc or processor, or forbids addons.',
    cure: 'start the process as the message says: with `--allow-addons` under the permission model, and without `--no-addons`.',
    example:
      '`ERR_ATTACH_ADDON: process 4711 cannot load the native addon (loading addons is disabled): start it with --allow-addons under the permission model, and without --no-addons`',
  },
  ERR_ATTACH_SERVE: {
    gist: 'the address for the page of `attach --serve` cannot be opened',
    cause:
      'the port is in use or needs root, or the address does not belong to this machine. Nothing was done to the process.',
    cure: 'leave the address out, so that a free port is used, or name another one.',
    example:
      '`ERR_ATTACH_SERVE: the page cannot be served at 127.0.0.1:8080: listen EADDRINUSE: address already in use 127.0.0.1:8080`',
  },
  ERR_ATTACH_CONNECTION: {
    gist: 'the connection to the inspector of the process failed',
    cause: 'the connection to the inspector broke off.',
    cure: 'try again: another attach may have closed the inspector in that moment.',
    example:
      '`ERR_ATTACH_CONNECTION: the connection to the inspector of process 4711 failed: the connection was closed; somebody may have closed it: try again`',
  },
  ERR_ATTACH_AGENT: {
    gist: 'the agent cannot work in the process',
    cause:
      'the application has replaced its global `process`, or has changed parts of JavaScript that the agent needs (`Array.prototype.map`, `JSON`, `Map`): the message names them. Or the agent failed for a reason that has no code of its own. The process was left as it was.',
    cure: 'start the process without the module that changes them. Where the message names none of them, it is a defect of this library: report the message.',
    example:
      '`ERR_ATTACH_AGENT: process 4711 has changed parts of JavaScript that the agent works with: JSON, Array.prototype.flatMap`',
  },
  ERR_WATCH_ANSWER: {
    gist: 'the endpoint that is watched gave no answer that could be understood',
    cause:
      'the address given to `watch` did not answer, or not as the admin endpoint does: a wrong path, a missing token, another service.',
    cure: 'give the address of the endpoint itself, for instance `http://127.0.0.1:8080/debug/memory`, and the token in `CACHE_ATTRIBUTION_TOKEN`.',
    example:
      '`ERR_WATCH_ANSWER: http://127.0.0.1:8080/debug/memory/ answered 401 Unauthorized: the token goes into CACHE_ATTRIBUTION_TOKEN`',
  },
} satisfies Record<string, CodeEntry>
