/** Errors of cache-attribution/fleet. */
import type { CodeEntry } from './code-entry.js'

export const ERRORS_OF_FLEET = {
  ERR_FLEET_TARGETS: {
    gist: 'the replicas could not be found',
    cause:
      'a name without addresses in DNS, a file or an answer that is not in the format of targets, a Prometheus server that does not answer, or no replica in any of them.',
    cure: 'the message says which source and why: correct it, or name the replicas by their URLs.',
    example: '`ERR_FLEET_TARGETS: shop.default.svc has no address (A, AAAA): queryA ENOTFOUND shop.default.svc`',
  },
  ERR_FLEET_NO_ENDPOINT: {
    gist: 'the process has no endpoint that could be asked',
    cause:
      'the process runs Node like the named one, and has no endpoint on a socket: it was not started with `cache-attribution/auto`, has just begun, or belongs to another user.',
    cure: 'start it with `node --import cache-attribution/auto` (`NODE_OPTIONS` reaches workers, too), or ask as its user.',
    example:
      '`ERR_FLEET_NO_ENDPOINT: it serves no socket: it was not started with cache-attribution/auto, or is another user’s`',
  },
  ERR_FLEET_MEMORY: {
    gist: 'the replica is near its memory limit, and a twin takes memory',
    cause: "the replica's resident memory is above `memoryShare` of its limit: it was not measured.",
    cure: 'measure it when it has more room, or raise `memoryShare`.',
    example: '`ERR_FLEET_MEMORY: 486.0 MiB of 512.0 MiB are in use, more than 90 %`',
  },
  ERR_FLEET_SAME_PROCESS: {
    gist: 'another target is the same process',
    cause:
      'two targets led to one process, by its host and process id: a load balancer stands before the replicas, or a replica has two addresses. It counts once.',
    cure: 'name the replicas themselves: a headless service, the pods, or what Prometheus scrapes.',
    example: '`ERR_FLEET_SAME_PROCESS: it is process 17 of shop-7d9f, as 10.0.3.7:8080`',
  },
  ERR_FLEET_STOPPED: {
    gist: 'the fleet was not asked to its end',
    cause:
      'a replica paused for longer than `pauseMs`, or `failures` runs failed: the remaining replicas were not asked.',
    cure: 'check the replica that the message names; raise the bound if such a pause or failure is acceptable.',
    example: '`ERR_FLEET_STOPPED: 10.0.3.7:8080 stood still for 1.42 s, longer than 1.00 s`',
  },
  ERR_FLEET_WRITE: {
    gist: 'the report of a fleet could not be written into its file',
    cause: 'the file of `fleet --output` cannot be written. The report went to standard output, as text.',
    cure: 'give a file in a folder that is there and may be written to.',
    example: '`ERR_FLEET_WRITE: the report could not be written: ENOENT: no such file or directory, open fleet.html`',
  },
  ERR_LEASE_TAKEN: {
    gist: 'other processes held the lease for as long as it was waited for',
    cause: 'for the whole of `leaseWaitMs`, other processes held all places of the lease (`holders`).',
    cure: 'none for a single tick, since the next one tries again. If it happens often, use schedules further apart, more `holders`, or a longer `leaseWaitMs`.',
    example: '`ERR_LEASE_TAKEN: other processes held the lease for the 60000 ms that it was waited for`',
  },
  ERR_LEASE_LOST: {
    gist: 'the lease was lost before the run ended',
    cause:
      'the lease could not be renewed within its term: the process was stopped, its event loop was blocked, or the store did not answer. Another process may have measured meanwhile, and has a higher token.',
    cure: 'the run was ended. Set `termMs` longer than the event loop is ever blocked, and check whether Redis or the folder can be reached.',
    example: '`ERR_LEASE_LOST: the lease with token 1796083200017342 was lost before the end`',
  },
  ERR_LEASE_STORE: {
    gist: 'the store of the lease cannot be asked',
    cause:
      'Redis did not answer within half a term, or refused a command; the folder cannot be written; or `acquire()` of a custom lease returned no grant.',
    cure: 'the message has the reason. Without a lease nothing is measured.',
    example: '`ERR_LEASE_STORE: Redis did not carry it out: Connection is closed.`',
  },
} satisfies Record<string, CodeEntry>
