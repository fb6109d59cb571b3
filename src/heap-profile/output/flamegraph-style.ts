/** The style of the flame graph's page. Its hash is in the page's policy: text between the backticks is the text in the page. */
export const FLAMEGRAPH_STYLE = `
:root {
  color-scheme: light dark;
  --back: light-dark(#fbfaf8, #17181b);
  --front: light-dark(#1f2328, #e8e6e3);
  --quiet: light-dark(#57606a, #a3a8b0);
  --line: light-dark(#d8d5cf, #33363c);
  --field: light-dark(#ffffff, #22242a);
  --focus: light-dark(#0550ae, #79b8ff);
}
* { box-sizing: border-box; }
html { background: var(--back); color: var(--front); }
body { margin: 0 auto; padding: 1rem 1.25rem 2rem; font: 14px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
#facts { margin: .15rem 0 .75rem; color: var(--quiet); }
#legend { display: flex; flex-wrap: wrap; gap: 0 1rem; margin-top: .15rem; }
#legend span::before { content: ""; display: inline-block; width: .75em; height: .75em; margin-right: .4em; border-radius: 2px; }
#legend .grew::before { background: light-dark(hsl(8 75% 66%), hsl(8 75% 42%)); }
#legend .native::before { background: light-dark(hsl(19 78% 70%), hsl(19 48% 38%)); }
#legend .script::before { background: light-dark(hsl(51 78% 70%), hsl(51 48% 38%)); }
#legend .objects::before { background: light-dark(hsl(140 78% 70%), hsl(140 48% 38%)); }
#legend .shrank::before { background: light-dark(hsl(212 75% 66%), hsl(212 75% 42%)); }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; margin-bottom: .5rem; }
input, button { font: inherit; color: inherit; background: var(--field); border: 1px solid var(--line); border-radius: 6px; padding: .3rem .6rem; }
input { flex: 1 1 12rem; max-width: 22rem; }
button { cursor: pointer; }
button:hover { border-color: var(--quiet); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
#found { color: var(--quiet); }
#callers { margin-left: auto; }
button[aria-pressed="true"] { border-color: var(--focus); color: var(--focus); }
#path { display: flex; flex-wrap: wrap; gap: .15rem .4rem; min-height: 1.6rem; font-size: .85rem; }
#path:empty { display: none; }
#path button { border: 0; padding: 0; background: none; color: var(--focus); max-width: 28rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
#path button::after { content: " ›"; color: var(--quiet); }
#graph { position: relative; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
canvas { display: block; width: 100%; cursor: default; }
#detail { position: sticky; bottom: 0; margin: 0; padding: .5rem .25rem; min-height: 3.6rem; background: var(--back); overflow-wrap: anywhere; }
#detail b { font-weight: 600; }
#detail span { display: block; color: var(--quiet); font-variant-numeric: tabular-nums; }
#detail code { margin-left: 1em; color: var(--front); font: .9em ui-monospace, monospace; white-space: pre-wrap; }
#comments { color: var(--quiet); font-size: .85rem; padding-left: 1.1rem; }
#comments:empty { display: none; }
@media print { form, #path { display: none; } }
`
