/** The report's style sheet: light and dark, from a phone's width to a desk's. */
export const style = `
:root { color-scheme: light dark; --paper: #fff; --ink: #1c2430; --soft: #5b6675; --line: #e2e6ec; --card: #f7f8fa;
  --c1: #7a8594; --c2: #1f6feb; --c3: #b7791f; --good: #1a7f4b; --bad: #b42318; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161c; --ink: #e6eaf0; --soft: #9aa6b5; --line: #2a323d;
  --card: #1a2029; --c1: #8e9aab; --c2: #6cb0ff; --c3: #e0a84a; --good: #5fd39a; --bad: #ff8a7a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 40px 20px 64px; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .8rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.verdict { font-size: 1.1rem; margin: 1rem 0 0; padding: .8rem 1rem; border-left: 4px solid var(--soft); background: var(--card); border-radius: 0 8px 8px 0; }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(165px, 1fr)); gap: 12px; margin-top: 1.2rem; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .8rem .9rem; }
.tile b { display: block; font-size: 1.3rem; font-variant-numeric: tabular-nums; white-space: nowrap; } .tile span { color: var(--soft); font-size: .85rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 360px), 1fr)); gap: 14px; }
figure { margin: 0; padding: .8rem .6rem .5rem; border: 1px solid var(--line); border-radius: 10px; min-width: 0; }
figcaption { font-weight: 600; font-size: .95rem; padding: 0 .4rem .3rem; } svg { width: 100%; height: auto; display: block; }
.grid { stroke: var(--line); } .axis { stroke: var(--soft); } .reference { stroke: var(--soft); stroke-dasharray: 4 4; }
.tick { fill: var(--soft); font-size: 11px; } .label { fill: var(--ink); font-size: 12px; stroke: none; }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; } .error { stroke-width: 1.5; }
.c1 { --c: var(--c1); } .c2 { --c: var(--c2); } .c3 { --c: var(--c3); }
.line, .error { stroke: var(--c); } circle, .bar { fill: var(--c); } .bar { opacity: .85; }
.legend { font-size: .82rem; color: var(--soft); margin: 0; padding: 0 .4rem .3rem; }
.key { margin-right: 1rem; white-space: nowrap; } .key::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: 2px; margin-right: .4em; background: var(--c1); }
.k2::before { background: var(--c2); } .k3::before { background: var(--c3); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .7rem; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; font-size: .82rem; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.samples td { width: 50%; } .samples p { white-space: pre-wrap; overflow-wrap: anywhere; } .opening { color: var(--soft); }
.score { font-size: .82rem; font-variant-numeric: tabular-nums; color: var(--soft); }
.config td { overflow-wrap: anywhere; } .config td:first-child { color: var(--soft); white-space: nowrap; }
@media (max-width: 640px) { main { padding: 24px 14px 48px; } .samples thead { display: none; } .samples tr { display: block; border-bottom: 1px solid var(--line); padding: .4rem 0; }
  .samples td { display: block; width: auto; border: 0; } .samples td::before { content: attr(data-side); font-size: .78rem; color: var(--soft); } }
`;
