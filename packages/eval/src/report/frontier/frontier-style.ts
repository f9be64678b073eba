/** The CSS of a frontier's page, besides the CSS that all reports have. */
export const frontierStyle = `.mark{fill:var(--c);stroke:var(--card);stroke-width:1.2}.ring{fill:none;stroke:var(--c);stroke-width:1.6}.unsure{stroke-dasharray:3 3}
.reach{fill:transparent}a:focus-visible .reach,a:hover .reach{stroke:var(--ink);stroke-width:1.2;fill:transparent}
.front{fill:none;stroke:var(--soft);stroke-width:1;stroke-dasharray:2 4}
.methods{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}.method{display:inline-flex;align-items:center;gap:.35rem;color:var(--ink)}.method svg{width:16px;height:16px;margin:0;flex:none}
.peek{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.7rem 1.1rem;margin-top:14px;min-height:15.5rem}.peek>div{display:none}.peek .drawn{border:0;padding:.15rem 0;margin:0}
.answers{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.5rem 1.1rem;margin-bottom:8px}.answers summary{cursor:pointer}.answers:has(:target){outline:2px solid var(--after)}
.drawn{border-top:1px solid var(--line);padding:.5rem 0}.drawn p{margin:0}.points th{white-space:nowrap}.points a{color:inherit}
figure.large{margin-top:14px}.verdict p+p{margin-top:.3rem}
@media (max-width:700px){.large text{font-size:25px}.large .mark{stroke-width:1}}
@media print{.peek{display:none}}@media (hover:none){.peek{display:none}}`;
