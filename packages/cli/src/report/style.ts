import { figureCss } from '@induction-lab/figures/colours';

/** The page's style sheet: reading width, both colour schemes, usable from phone to projector, and on paper. */
export const style: string = `${figureCss}
:root { color-scheme: light dark; --paper: #ffffff; --text: #1f2328; --quiet: #59636e; --line: #d1d9e0; --wash: #f6f8fa; --accent: #0b5cad;
  --good: #116329; --bad: #a5330a; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --text: #e6edf3; --quiet: #9aa4af; --line: #30363d; --wash: #161b22; --accent: #6cb1ff;
  --good: #6fd38a; --bad: #ffa07a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--text); font: 17px/1.6 system-ui, sans-serif; }
main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.2rem; }
header { max-width: 80rem; margin: 0 auto; padding: 1rem 1.2rem .5rem; }
header p { max-width: none; margin: 0; font-size: .95rem; line-height: 1.45; }
.picture { max-width: 80rem; margin: 0 auto; padding: 0 1.2rem; }
.act { display: grid; grid-template-columns: minmax(15rem, 1fr) 20rem 20rem; gap: 0 1.4rem; align-items: start; padding: .5rem 0; border-top: 1px solid var(--line); }
.act h3, .act p, .act figure { margin: .1rem 0; }
.act p { font-size: .95rem; line-height: 1.4; } .act .quiet { font-size: .8rem; }
.picture > .quiet { max-width: none; font-size: .85rem; line-height: 1.4; }
.act figure svg { min-width: 0; max-width: 24rem; }
.said.induction { color: var(--good); } .said.positional-shortcut { color: var(--bad); }
@media (max-width: 60rem) { .act { grid-template-columns: 1fr; padding-bottom: 1.2rem; } }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .6rem; }
h2 { font-size: 1.45rem; margin: 3rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h3 { font-size: 1.1rem; margin: 1.8rem 0 .4rem; }
p, li { max-width: 44rem; }
a { color: var(--accent); }
code, .tokens { font-family: ui-monospace, monospace; font-size: .88em; }
nav ol { columns: 14rem 2; padding-left: 1.4rem; } nav li { break-inside: avoid; }
.quiet, caption, figcaption { color: var(--quiet); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .8rem 0; font-size: .93rem; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { vertical-align: bottom; } tbody th { white-space: nowrap; }
figure { margin: 1.2rem 0; overflow-x: auto; }
figure svg { display: block; width: 100%; min-width: 30rem; height: auto; max-width: 52rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: .5rem 1.5rem; }
.pair figure svg { min-width: 0; }
.verdict { border-left: 4px solid var(--quiet); background: var(--wash); padding: .7rem 1rem; margin: 1rem 0; max-width: 46rem; }
.verdict p { margin: .2rem 0; }
.verdict.induction { border-color: var(--good); } .verdict.positional-shortcut { border-color: var(--bad); }
.verdict strong { font-size: 1.05rem; }
.tokens { line-height: 2; overflow-wrap: anywhere; }
.tokens span { padding: .15rem .3rem; border-radius: 3px; }
.tokens .first { background: var(--wash); outline: 1px solid var(--line); } .tokens .again { outline: 1px solid var(--accent); }
.tokens .start { text-decoration: underline; }
details > summary { cursor: pointer; color: var(--accent); margin: .8rem 0; }
image.pattern { cursor: crosshair; }
#cell { position: fixed; z-index: 2; pointer-events: none; background: var(--text); color: var(--paper); padding: .3rem .55rem; border-radius: 4px;
  font-size: .85rem; line-height: 1.35; white-space: pre; }
image.pattern:focus-visible, figure:focus-visible, .scroll:focus-visible { outline: 2px solid var(--accent); }
#spoken { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
footer { margin: 3rem auto; color: var(--quiet); font-size: .9rem; }
@media print { #cell, nav { display: none; } figure, .verdict { break-inside: avoid; } }
`;
