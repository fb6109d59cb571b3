/** The dialog before anything is dropped in the live process. */
import type { Confirmation } from '../../model/run-request.js'
import { byId, make, onClick, setText } from '../dom.js'

/** Asks; the focus starts on “Cancel”, and Escape is “Cancel” too. */
export interface ConfirmDialog {
  ask(confirmation: Confirmation, hint: string): Promise<boolean>
}

/** The dialog of page.html. */
export function createConfirmDialog(): ConfirmDialog {
  const dialog = byId('confirm', HTMLDialogElement)
  const accept = byId('confirm-accept', HTMLButtonElement)
  onClick(accept, () => {
    dialog.close('accept')
  })
  onClick(byId('confirm-cancel', HTMLButtonElement), () => {
    dialog.close('cancel')
  })
  return {
    ask: ({ title, costs, action }, hint) =>
      new Promise((resolve) => {
        setText(byId('confirm-title', HTMLElement), title)
        byId('confirm-costs', HTMLElement).replaceChildren(...costs.map((cost) => make('li', {}, cost)))
        setText(byId('confirm-hint', HTMLElement), hint)
        setText(accept, action)
        dialog.returnValue = 'cancel'
        const onClose = (): void => {
          resolve(dialog.returnValue === 'accept')
        }
        dialog.addEventListener('close', onClose, { once: true })
        dialog.showModal()
      }),
  }
}
