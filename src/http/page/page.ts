/** The page: one self-contained document. */

/** The document, and the policy that allows what is inlined in it. */
export function page(): { readonly html: string; readonly contentSecurityPolicy: string } {
  return {
    html: '<!doctype html><html lang="en"><meta charset="utf-8"><title>Memory by cache</title><p>Memory by cache</p></html>\n',
    contentSecurityPolicy: "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  }
}
