/** The colours of our pages as custom properties, for the light and the dark mode. */
export const colours = {
  light: `--page:#f6f7f9;--card:#fff;--ink:#161b24;--soft:#596273;--line:#e3e7ed;--grid:#eceff3;--mark:#fff0c2;
--before:#8592a6;--after:#2563eb;--other:#d9730d;--held:#8b3fd1;--tie:#c3cad6;--run-4:#0f8a8a;--run-5:#b3236b;--run-6:#7a6a00;--good:#11804a;--good-soft:#e6f5ec;--bad:#c02a1d;--bad-soft:#fdecea;`,
  dark: `--page:#0f1319;--card:#171c24;--ink:#e8ecf2;--soft:#98a3b3;--line:#29313c;--grid:#222933;--mark:#5a4710;
--before:#8b98ab;--after:#6ea0ff;--other:#f0a04b;--held:#c08bf5;--tie:#4a5464;--run-4:#3cc6c6;--run-5:#f27bb0;--run-6:#d6c24a;--good:#58d093;--good-soft:#12291d;--bad:#ff8d80;--bad-soft:#331815;`,
};

const page = `*{box-sizing:border-box}
:root{color-scheme:light dark;${colours.light}}
@media (prefers-color-scheme:dark){:root{${colours.dark}}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
main{max-width:1160px;margin:0 auto;padding:48px 24px 72px}
h1{font-size:2rem;line-height:1.15;margin:0;letter-spacing:-.02em;overflow-wrap:anywhere}
h2{font-size:1.25rem;letter-spacing:-.01em;margin:0 0 .35rem}
p{margin:0 0 .5rem}section{margin-top:3rem}small{font-size:.7em;font-weight:500}
.soft,.facts,.eyebrow{color:var(--soft)}section>.soft{max-width:76ch;margin-bottom:1rem}
.eyebrow{font-size:.8rem;font-weight:600;letter-spacing:.07em;text-transform:uppercase;margin:0 0 .4rem}
.facts{margin:.6rem 0 0;font-size:.94rem}.facts span:not(:last-child)::after{content:"·";margin:0 .55em}`;

const summary = `.verdict{margin:1.6rem 0 0;padding:1.1rem 1.3rem;border-radius:12px;background:var(--card);border:1px solid var(--line);border-left:5px solid var(--soft)}
.verdict p{margin:0;max-width:88ch}.verdict .headline{font-size:1.22rem;font-weight:650;line-height:1.35;margin-bottom:.3rem}
.verdict.good{background:var(--good-soft);border-color:transparent;border-left-color:var(--good)}
.verdict.bad{background:var(--bad-soft);border-color:transparent;border-left-color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,215px),1fr));gap:14px;margin:14px 0 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.9rem 1.1rem}
.tile dt{color:var(--soft);font-size:.86rem;font-weight:600}.tile dd{margin:0}
.tile b{display:block;font-size:1.65rem;line-height:1.35;letter-spacing:-.02em;font-variant-numeric:tabular-nums;white-space:nowrap}
.tile b .was,.tile b .arrow{color:var(--soft);font-weight:500}.tile dd>span{color:var(--soft);font-size:.82rem;line-height:1.35;display:block}`;

const figures = `.charts{display:grid;gap:14px}
.three{grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr))}
.two{grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr))}
figure{margin:0;padding:.9rem .9rem .5rem;background:var(--card);border:1px solid var(--line);border-radius:12px;min-width:0;display:flex;flex-direction:column}
figcaption{font-weight:650;font-size:.98rem;display:flex;justify-content:space-between;gap:1rem;padding:0 .2rem .3rem}
.value{color:var(--soft);font-variant-numeric:tabular-nums;font-weight:500}
svg{width:100%;height:auto;display:block;overflow:visible;font-variant-numeric:tabular-nums;margin-top:auto}
.grid{stroke:var(--grid)}.zero,.axis{stroke:var(--line);stroke-width:1.5}.reference{stroke:var(--soft);stroke-dasharray:3 4}
svg text{fill:var(--soft);font-size:12px}.large text{font-size:13px}.note{font-size:11.5px}
text.label{fill:var(--ink)}text.label,text.note{stroke:var(--card);stroke-width:4px;stroke-linejoin:round;paint-order:stroke}text.strong{font-weight:650}
.tie{--c:var(--tie)}.lost{--c:var(--bad)}.run-4{--c:var(--run-4)}.run-5{--c:var(--run-5)}.run-6{--c:var(--run-6)}.before{--c:var(--before)}.after{--c:var(--after)}.other{--c:var(--other)}.held{--c:var(--held)}
.line,.thin{fill:none;stroke:var(--c);stroke-width:2.25;stroke-linejoin:round;stroke-linecap:round}.thin{stroke-width:1.25;stroke-dasharray:4 4}
.faint{fill:none;stroke:var(--c);stroke-width:1.25;opacity:.38;stroke-linejoin:round}.band{fill:var(--c);opacity:.16}.error{stroke:var(--c);stroke-width:2;stroke-linecap:round}circle,.bar{fill:var(--c)}
.mean{stroke:var(--c);stroke-width:2;stroke-dasharray:5 4}
.hit rect{fill:transparent}.hit line,.hit circle{visibility:hidden;pointer-events:none}.hit line{stroke:var(--soft);stroke-width:.75}
.hit circle{stroke:var(--card);stroke-width:1.5}.hit:hover line,.hit:hover circle{visibility:visible}
.legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;font-size:.84rem;color:var(--soft);margin:0;padding:0 .2rem .35rem}
.key{white-space:nowrap}.key::before{content:"";display:inline-block;width:.7em;height:.7em;border-radius:3px;margin-right:.45em;background:var(--c)}
.key b{color:var(--ink);font-weight:600;font-variant-numeric:tabular-nums}
.data{font-size:.82rem;color:var(--soft);padding:.2rem}.data summary{cursor:pointer;width:max-content;opacity:.85}
.data .scroll{max-height:15rem;overflow:auto;margin-top:.3rem}`;

const verdicts = `.hatch-ground{fill:var(--bad-soft)}.hatch{stroke:var(--bad);stroke-width:3}.lost .bar{fill:url(#hatch)}
.lost.key::before{background:repeating-linear-gradient(45deg,var(--bad) 0 2px,var(--bad-soft) 2px 5px)}
svg text.inside{fill:var(--card);font-size:12px;font-weight:600}.tie text.inside{fill:var(--ink)}.lost text.inside{fill:var(--ink);stroke:var(--bad-soft);stroke-width:3px;paint-order:stroke}
.bounds{fill:none;stroke:var(--bad);stroke-width:1.25;stroke-dasharray:3 2}
.key.dot::before{border-radius:50%}.key.diamond::before{transform:rotate(45deg) scale(.8);border-radius:0}
section .tiles{margin:0 0 14px;grid-template-columns:repeat(auto-fit,minmax(min(100%,190px),1fr))}
.panel th{white-space:nowrap;width:1%}.panel td:nth-child(2){white-space:nowrap;font-variant-numeric:tabular-nums}.panel td:last-child{color:var(--soft)}
.panel td[colspan]{white-space:normal!important;overflow-wrap:anywhere}
.judged>input{position:absolute;opacity:0;width:1px;height:1px}
.judged>label{display:inline-block;margin:0 .35rem .5rem 0;padding:.28rem .75rem;border:1px solid var(--line);border-radius:99px;background:var(--card);font-size:.88rem;cursor:pointer}
.judged>label b{color:var(--soft);font-weight:600;margin-left:.2em}
.judged>input:checked+label{background:var(--ink);border-color:var(--ink);color:var(--page)}.judged>input:checked+label b{color:inherit}
.judged>input:focus-visible+label{outline:3px solid var(--after);outline-offset:2px}
${['flipped', 'unparsable', 'disputed', 'won', 'even', 'lost-pair'].map((name) => `#show-${name}:checked~.cases>article:not(.${name})`).join(',')}{display:none}
.pair{border:1px solid var(--line);border-radius:12px;background:var(--card);margin-bottom:12px;overflow:hidden}
.pair>.facts{margin:0;padding:.55rem 1.1rem;font-size:.82rem;overflow-wrap:anywhere}.asked{padding:0 1.1rem .7rem;font-weight:500}
.pair .sample{margin:0;border:0;border-top:1px solid var(--line);border-radius:0}
.chips{display:flex;flex-wrap:wrap;gap:.35rem;margin:0;padding:.55rem 1.1rem;border-top:1px solid var(--line)}
.chip{font-size:.8rem;padding:.08rem .6rem;border-radius:99px;background:var(--grid);color:var(--soft)}.chip:first-child{font-weight:650}
.chip.model{color:var(--after)}.chip.lost{color:var(--bad);background:var(--bad-soft)}
.pair .more{padding:0 1.1rem .3rem;font-size:.9rem}.reply{font-size:.88rem;border-left:3px solid var(--line);padding-left:.7rem;margin-bottom:.6rem}
.rest summary{cursor:pointer;color:var(--soft);font-size:.85em;margin:.3rem 0}
.checks{margin:0;padding-left:1.2rem}.checks li{margin-bottom:.5rem}
.command{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.7rem 1rem;margin:0 0 14px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem}
.compared td,.compared th{font-variant-numeric:tabular-nums}.compared thead th{color:var(--ink)}.compared tbody th{color:var(--soft);white-space:nowrap}.one{max-width:640px}.key-note{color:var(--soft)}.panel td b{color:var(--ink)}`;

const tables = `.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.93rem}
th,td{text-align:left;vertical-align:top;padding:.42rem .7rem;border-bottom:1px solid var(--line)}
thead th{color:var(--soft);font-weight:600;font-size:.84rem}tbody th{font-weight:500}
.data th,.data td{padding:.2rem .6rem .2rem 0;font-variant-numeric:tabular-nums;white-space:nowrap}
.sample{display:grid;grid-template-columns:1fr 1fr;background:var(--card);border:1px solid var(--line);border-radius:12px;margin-bottom:10px;overflow:hidden}
.side{padding:.75rem 1.1rem .85rem;min-width:0}.side+.side{border-left:1px solid var(--line)}.side p{margin:0}
.score{display:flex;justify-content:space-between;align-items:baseline;font-size:.82rem;color:var(--soft);padding-bottom:.3rem}
.reward{font-variant-numeric:tabular-nums;font-weight:650;color:var(--soft);padding:.02rem .5rem;border-radius:99px;background:var(--grid)}
.positive{color:var(--good);background:var(--good-soft)}.negative{color:var(--bad);background:var(--bad-soft)}
.text{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext}.opening{color:var(--soft)}
mark{background:var(--mark);color:inherit;border-radius:3px;padding:0 .12em}
.more summary{cursor:pointer;color:var(--soft);padding:.3rem 0 .7rem}
.words{background:var(--card);border:1px solid var(--line);border-radius:12px;border-collapse:separate;border-spacing:0;overflow:hidden}
.words tr:last-child>*{border-bottom:0}.words th,.words td{padding:.5rem 1.1rem;vertical-align:middle}.words td{width:38%}
.count{display:inline-block;width:5.6rem;font-variant-numeric:tabular-nums}.count small{color:var(--soft);margin-left:.5em;font-size:.85em}
.track{display:inline-block;vertical-align:middle;width:calc(100% - 6rem);height:.6rem;border-radius:99px;background:var(--grid)}
.fill{display:block;height:100%;border-radius:99px;background:var(--c)}
.config{columns:2;column-gap:14px}.config table{break-inside:avoid;display:inline-table;background:var(--card);border:1px solid var(--line);border-radius:12px;border-collapse:separate;border-spacing:0;margin:0 0 14px;padding:.5rem .4rem;font-size:.88rem}
.config caption{text-align:left;font-weight:650;padding:.1rem .2rem .35rem}.config caption::first-letter{text-transform:uppercase}
.config th{color:var(--soft);width:38%}.config td{overflow-wrap:anywhere;font-variant-numeric:tabular-nums}.config tr:last-child>*{border-bottom:0}
.reading dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,300px),1fr));gap:.9rem 2rem;margin:.6rem 0 0;font-size:.9rem}
.reading dt{font-weight:650}.reading dd{margin:0;color:var(--soft)}`;

const narrow = `@media (max-width:700px){main{padding:28px 14px 48px}h1{font-size:1.6rem}section{margin-top:2.3rem}
.verdict{padding:.9rem 1rem}.verdict .headline{font-size:1.08rem}.tile{padding:.65rem .8rem}.tile b{font-size:1.22rem}.tiles{gap:10px;grid-template-columns:1fr 1fr}
figure{padding:.75rem .6rem .4rem}.large text{font-size:17px}svg text{font-size:13.5px}
.sample{grid-template-columns:1fr}.side+.side{border-left:0;border-top:1px solid var(--line)}
.config{columns:1}.words th,.words td{padding:.45rem .7rem}.words td{width:36%}.count{display:block}.track{width:100%}
.chips,.pair>.facts,.asked,.pair .more{padding-left:.8rem;padding-right:.8rem}.panel th{white-space:normal;width:28%}
.compared th,.compared td{padding:.42rem .3rem;overflow-wrap:anywhere}.compared tbody th{white-space:normal;width:26%}}
@media print{:root{${colours.light}}body{background:#fff}main{padding:0}.data,.more summary,.judged>label{display:none}figure,.sample,.tile,.pair{break-inside:avoid}h2,h3{break-after:avoid}.rest::details-content{content-visibility:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}`;

/** The report's style sheet: light and dark, for phones, desks and paper. */
export const style = [page, summary, figures, verdicts, tables, narrow].join('\n');
