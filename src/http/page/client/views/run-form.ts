/** The form that sets a run off: mode, which caches, options; says what it will do before it does it. */
import { ATTRIBUTION_MODES } from '../../../../report/types.js'
import type { AttributionMode } from '../../../../report/types.js'
import { formatCount } from '../../../../support/units.js'
import { MODE_WORDS, OWNERS_LISTED, bodyOf, confirmationOf, targetsOf } from '../../model/run-request.js'
import type { RunForm, Scope } from '../../model/run-request.js'
import { shortName } from '../../model/names.js'
import { byId, setText } from '../dom.js'
import type { RunActions } from '../run-actions.js'
import type { PageState, PageStore } from '../state.js'
import type { ConfirmDialog } from './confirm.js'

/** Makes the form work. */
export function mountRunForm(store: PageStore, runs: RunActions, dialog: ConfirmDialog): void {
  const form = byId('run-form', HTMLFormElement)
  const scope = byId('scope', HTMLSelectElement)
  let chosenMode: AttributionMode | null = null
  const show = (): void => {
    showForm(form, store.state, chosenMode)
  }
  form.addEventListener('change', ({ target }) => {
    if (target instanceof HTMLInputElement && target.name === 'mode') chosenMode = target.value as AttributionMode
    show()
  })
  let tickedBefore = 0
  store.watch(['ticked'], ({ ticked }) => {
    // The first tick says that a choice is meant, the last one taken away that none is.
    if (tickedBefore === 0 && ticked.size > 0) scope.value = 'only'
    if (ticked.size === 0) scope.value = 'all'
    tickedBefore = ticked.size
    for (const option of scope.options) option.disabled = option.value !== 'all' && ticked.size === 0
    const count = ticked.size === 0 ? '' : ` ${formatCount(ticked.size)}`
    setText(optionOf(scope, 'only'), `only the${count} ticked`)
    setText(optionOf(scope, 'except'), `all but the${count} ticked`)
  })
  store.watch(['status', 'caches', 'ticked', 'run'], show)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (byId('start', HTMLButtonElement).disabled) return
    void submit(store, runs, dialog, readForm(form, store.state))
  })
}

/** Asks before anything is dropped, then goes on. */
async function submit(store: PageStore, runs: RunActions, dialog: ConfirmDialog, form: RunForm): Promise<void> {
  const { caches, report } = store.state
  const asks = form.mode !== 'twin'
  if (asks && !(await dialog.ask(confirmationOf(form, caches ?? [], report), hintOf(store.state)))) return
  await runs.start(bodyOf(form))
}

/** Releases one cache, after the same question. */
export async function releaseOne(
  store: PageStore,
  runs: RunActions,
  dialog: ConfirmDialog,
  name: string,
): Promise<void> {
  const { caches, report } = store.state
  const form: RunForm = {
    mode: 'release',
    scope: 'only',
    ticked: [name],
    controls: null,
    percent: null,
    pauseMs: null,
    twins: null,
    choice: null,
    discover: null,
  }
  const confirmation = confirmationOf(form, caches ?? [], report)
  const title = `Release “${shortName(name)}” in the live process?`
  if (await dialog.ask({ ...confirmation, title }, hintOf(store.state))) await runs.release(name)
}

function hintOf({ status }: PageState): string {
  return status?.twin.supported === true ? 'A twin measures the same and loses nothing.' : ''
}

function showForm(form: HTMLFormElement, state: PageState, chosenMode: AttributionMode | null): void {
  const { status, caches, run } = state
  form.hidden = run !== null || caches?.length === 0
  if (status === null) return
  const isPossible = (mode: AttributionMode): boolean =>
    status.modes.includes(mode) && (mode !== 'twin' || status.twin.supported)
  const wanted = chosenMode !== null && isPossible(chosenMode) ? chosenMode : ATTRIBUTION_MODES.find(isPossible)
  for (const radio of form.querySelectorAll<HTMLInputElement>('input[name=mode]')) {
    radio.disabled = !isPossible(radio.value as AttributionMode)
    radio.checked = radio.value === wanted
  }
  for (const field of form.querySelectorAll<HTMLElement>('[data-modes]')) {
    field.hidden = field.dataset['modes']?.split(' ').includes(wanted ?? '') !== true
  }
  setText(byId('mode-words', HTMLElement), wordsOf(state, wanted ?? null))
  const start = byId('start', HTMLButtonElement)
  const { taken } = targetsOf(readForm(form, state), caches ?? [])
  start.disabled = wanted === undefined || status.role !== 'operator' || taken.length === 0
  setText(start, titleOf(taken.length, wanted ?? 'twin', caches?.length ?? 0))
}

function titleOf(taken: number, mode: AttributionMode, all: number): string {
  const count =
    taken === all && all > 1
      ? `all ${formatCount(all)} caches`
      : `${formatCount(taken)} ${taken === 1 ? 'cache' : 'caches'}`
  return mode === 'twin' ? `Measure ${count} in a twin` : `${mode === 'trim' ? 'Trim' : 'Release'} ${count} …`
}

function wordsOf({ status }: PageState, mode: AttributionMode | null): string {
  if (status === null) return ''
  const noTwin = status.twin.supported ? '' : `No twin is available here: ${status.twin.reason ?? 'no reason given'}. `
  if (status.role !== 'operator') return `${noTwin}You may read. Only an operator may measure.`
  const coolDown =
    status.coolDownRemainingMs > 0 && mode !== 'twin'
      ? ` Possible again in ${String(Math.ceil(status.coolDownRemainingMs / 1000))} s.`
      : ''
  return mode === null ? noTwin : `${noTwin}${MODE_WORDS[mode]}${coolDown}`
}

function readForm(form: HTMLFormElement, { ticked }: PageState): RunForm {
  const data = new FormData(form)
  const number = (name: string): number | null => {
    const text = data.get(name)
    return typeof text === 'string' && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : null
  }
  const scope = data.get('scope')
  return {
    mode: (data.get('mode') ?? 'twin') as AttributionMode,
    scope: (typeof scope === 'string' ? scope : 'all') as Scope,
    ticked: [...ticked],
    controls: number('controls'),
    percent: number('percent') ?? 5,
    pauseMs: number('pauseMs'),
    twins: number('twins'),
    choice: data.get('choice') === 'random' ? 'random' : null,
    discover: data.has('discover') ? OWNERS_LISTED : null,
  }
}

function optionOf(select: HTMLSelectElement, value: string): HTMLOptionElement {
  const option = [...select.options].find((candidate) => candidate.value === value)
  if (option === undefined) throw new Error(`the page has no option "${value}"`)
  return option
}
