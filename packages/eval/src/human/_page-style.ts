import { colours } from '../report/style.js';

const frame = `*{box-sizing:border-box}[hidden]{display:none!important}
:root{color-scheme:light dark;${colours.light}}
@media (prefers-color-scheme:dark){:root{${colours.dark}}}
html{scroll-padding-bottom:12rem}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;-webkit-text-size-adjust:100%}
header,main,footer,.notice{width:100%;max-width:1280px;margin:0 auto;padding:0 24px}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:.2rem 1.2rem;padding-top:18px}
h1{font-size:1.15rem;margin:0;letter-spacing:-.01em}h2{font-size:.86rem;font-weight:650;color:var(--soft);margin:0 0 .5rem}
p{margin:0 0 .6rem}small{font-weight:400;color:var(--soft)}
progress{flex:1 1 140px;height:.55rem;accent-color:var(--after);align-self:center}
.counts{color:var(--soft);font-size:.9rem;margin:0;font-variant-numeric:tabular-nums}#count{color:var(--ink);font-weight:600;margin-right:.4rem}
.notice{max-width:1232px;margin:14px auto 0;padding:.7rem 1rem;border-radius:10px;background:var(--bad-soft);color:var(--bad);font-weight:600}
:focus-visible{outline:3px solid var(--after);outline-offset:2px}h1:focus-visible{outline-width:2px;outline-offset:4px;border-radius:4px}
.unseen{position:absolute;width:1px;height:1px;margin:-1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}`;

const pair = `main{flex:1;padding-top:16px;padding-bottom:20px}
section,.answer,.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:.9rem 1.15rem 1.05rem;min-width:0}
.answers{display:grid;grid-template-columns:1fr 1fr;gap:14px;margin-top:14px}
.text{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;tab-size:4}
.empty{color:var(--soft);font-style:italic}.turn+.turn{margin-top:.7rem}.role{font-size:.8rem;font-weight:650;color:var(--soft);margin:0}
.side{display:inline-block;min-width:1.7em;padding:0 .4em;margin-right:.3em;text-align:center;border-radius:6px;background:var(--ink);color:var(--card)}
.card{max-width:760px;margin:18px auto}.card h2{font-size:1.2rem;color:var(--ink)}.card dl{display:grid;grid-template-columns:max-content 1fr;gap:.3rem 1.2rem;margin:.6rem 0}
.card dt{color:var(--soft)}.card dd{margin:0;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}`;

const tools = `footer{position:sticky;bottom:0;padding-top:12px;padding-bottom:14px;background:var(--page);border-top:1px solid var(--line);max-width:none}
.row{display:flex;gap:10px;justify-content:center;max-width:900px;margin:0 auto}.row+.row{margin-top:8px}
button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.4rem .8rem;min-height:44px;cursor:pointer}
button:hover{border-color:var(--soft)}button:disabled{opacity:.45;cursor:default}
button.main{flex:1;font-weight:650}button.other{flex:0 1 auto;color:var(--soft);font-size:.92rem}
kbd{font:600 .78em ui-monospace,SFMono-Regular,Menlo,monospace;border:1px solid var(--line);border-bottom-width:2px;border-radius:5px;padding:.05em .4em;margin-left:.3em;color:var(--soft);background:var(--page)}
#comment-box{max-width:900px;margin:0 auto 10px}label{display:block;font-size:.9rem;font-weight:600;margin-bottom:.25rem}
textarea{width:100%;font:inherit;color:inherit;background:var(--card);border:1px solid var(--soft);border-radius:8px;padding:.5rem .7rem;resize:vertical}`;

const narrow = `@media (max-width:640px){header,main,footer,.notice{padding-left:12px;padding-right:12px}header{padding-top:12px}
.answers{grid-template-columns:1fr}.row{gap:6px}.row+.row{margin-top:6px}button{padding:.35rem .5rem}button.other{flex:1 1 auto;font-size:.86rem}
footer{padding-top:8px;padding-bottom:8px}section,.answer{padding:.7rem .85rem .8rem}#power{display:block}}
@media (pointer:coarse){kbd{display:none}}
@media (max-height:420px){footer{position:static}}`;

/** The style sheet of the raters' page: light and dark, from a phone's width to a desk's. */
export const pageStyle = [frame, pair, tools, narrow].join('\n');
