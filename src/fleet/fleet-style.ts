/** The style of a fleet's page. Its hash is in the page's policy: text between the backticks is the text in the page. */
export const FLEET_STYLE = `
:root {
  color-scheme: light dark;
  --back: light-dark(#f5f6f8, #0e1319);
  --surface: light-dark(#ffffff, #161d26);
  --front: light-dark(#16202b, #e6ebf0);
  --quiet: light-dark(#54616f, #a0adba);
  --line: light-dark(#dbe1e7, #2b3643);
  --warn: light-dark(#d9ac3c, #a8842f);
  --warn-soft: light-dark(#fdf6e3, #2b2514);
  --danger: light-dark(#a3320b, #ff9a76);
  --focus: light-dark(#075a9c, #8ccaf7);
}
* { box-sizing: border-box; }
html { background: var(--back); color: var(--front); }
body { margin: 0 auto; max-width: 80rem; padding: 1rem 1.25rem 2rem; font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.35rem; overflow-wrap: anywhere; }
h2 { margin: 0 0 .5rem; font-size: 1.05rem; }
.quiet { margin: .1rem 0 0; color: var(--quiet); }
section { margin-top: 1.25rem; padding: 1rem; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
ul { margin: 0; padding: 0; list-style: none; display: grid; gap: .4rem; }
li { padding: .4rem .75rem; border-left: 4px solid var(--warn); border-radius: 0 8px 8px 0; background: var(--warn-soft); overflow-wrap: anywhere; }
.problems li { border-left-color: var(--danger); }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
table { border-collapse: collapse; min-width: 100%; }
th, td { padding: .35rem .6rem; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; font-variant-numeric: tabular-nums; }
thead th { color: var(--quiet); font-size: .85rem; font-weight: 500; vertical-align: bottom; }
tbody th { font-weight: 600; white-space: normal; min-width: 9rem; overflow-wrap: anywhere; }
.number { text-align: right; }
.far { color: var(--danger); font-weight: 700; }
@media print { section { break-inside: avoid; border: 0; padding: 0; } }
`
