/** One twin of a run, from its messages: rows, controls, both samples, and its task when it ended. */
import type { Figures } from '../../measure/figures.js'
import { withFigures } from '../../measure/sample.js'
import type { MemorySample } from '../../measure/sample.js'
import type { Discovery } from '../../report/discovery/types.js'
import type { ReportSelfCheck, ReportWarning, RowError } from '../../report/types.js'
import type { EndedPass } from './blame.js'
import type { TwinMessage, TwinRow } from './twin-message.js'

/** One twin's reports so far. */
export class TwinPass implements EndedPass {
  readonly rows = new Map<string, TwinRow>()
  readonly controls: Figures[] = []
  /** The changes of resident memory in the controls. */
  readonly residentControls: number[] = []
  readonly skipped = new Map<string, RowError>()
  readonly warnings: ReportWarning[] = []
  discovery: Discovery | undefined
  /** Its heap is walked for owners: what reads wrongly there ends the twin. */
  isWalking = false
  before: MemorySample | undefined
  after: MemorySample | undefined
  selfCheck: ReportSelfCheck | null = null
  /** The heap profile of what was left was dumped. */
  /** Of the dump after the last release, in bytes; null: none. */
  residualSize: number | null = null
  /** Every cache was measured; what may follow is the search for owners. */
  isComplete = false
  /** Whether code of {@link TwinPass.current} is at work, its release or finalizers, and not the collections after it. */
  activity: EndedPass['activity'] = 'settle'
  /** The cache that is released, settled or asked; null in a control or between windows. */
  current: string | null = null

  /** How many caches it measured. */
  get measured(): number {
    return this.rows.size
  }

  /** Enters a message. */
  take(message: TwinMessage): void {
    switch (message.kind) {
      case 'begin':
        this.before = message.before
        this.after = message.before
        this.selfCheck = message.selfCheck
        this.current = null
        break
      case 'release':
      case 'finalize':
      case 'settle':
        this.current = message.name
        this.activity = message.kind
        break
      case 'control':
        this.controls.push(message.change)
        if (message.residentFall !== null) this.residentControls.push(message.residentFall)
        this.current = null
        break
      case 'row':
        this.rows.set(message.row.name, message.row)
        this.#passed(message.row.after)
        break
      case 'skip':
        this.skipped.set(message.name, message.error)
        this.current = null
        break
      case 'warning':
        this.warnings.push(message.warning)
        break
      case 'residual':
        this.residualSize = message.size
        break
      case 'discovering':
        this.isWalking = message.stage === 'walking'
        break
      case 'discovery':
        this.discovery = message.discovery
        break
      case 'end':
        this.after = message.after
        this.current = null
        this.isComplete = true
    }
  }

  /** A twin that ends early has been read last after its last row. */
  #passed(after: Figures): void {
    this.current = null
    if (this.after !== undefined) {
      this.after = withFigures(this.after, after)
    }
  }
}
