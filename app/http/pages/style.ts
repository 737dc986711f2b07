/** The one style sheet: light and dark by the reader's own setting, no font or image from elsewhere. */

export const STYLE = `
:root{--bg:#f7f6f2;--card:#fff;--ink:#1c1d26;--soft:#62647a;--line:#e3e1da;--accent:#5a49d6;--accent-ink:#fff;--gold:#b87508;
--good:#167447;--good-bg:#e2f4ea;--bad:#b3261e;--bad-bg:#fce8e6;--warn:#8a5800;--warn-bg:#fdf0d5;--idle:#5c5e70;--idle-bg:#ecebe6;--live:#4236b0;--live-bg:#e9e6fd;--track:#eceae3;--shadow:0 1px 2px rgb(20 20 40/.05),0 6px 20px rgb(20 20 40/.04)}
@media(prefers-color-scheme:dark){:root{--bg:#0e0f15;--card:#171923;--ink:#ecebf3;--soft:#a0a1b5;--line:#2a2d3b;--accent:#a297ff;--accent-ink:#15122e;--gold:#f2b654;
--good:#6fdc9f;--good-bg:#12301f;--bad:#ff9b92;--bad-bg:#3a1815;--warn:#f4c46c;--warn-bg:#35260a;--idle:#a9abbd;--idle-bg:#262936;--live:#b8afff;--live-bg:#241f48;--track:#262936;--shadow:none}}
*{box-sizing:border-box}
html{font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink)}
.wide{max-width:1080px;margin:0 auto;padding:0 20px}
a{color:var(--accent);text-underline-offset:3px;text-decoration-thickness:1px}
a:focus-visible,summary:focus-visible{outline:3px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-999px}.skip:focus{left:12px;top:12px;background:var(--card);padding:8px 12px;z-index:2}
.top{border-bottom:1px solid var(--line);background:var(--card)}
.top .wide{display:flex;align-items:center;gap:8px 28px;min-height:60px;flex-wrap:wrap}
.brand{display:flex;align-items:center;gap:10px;font-weight:650;color:var(--ink);text-decoration:none;letter-spacing:-.01em}
nav{display:flex;gap:20px}nav a{color:var(--soft);text-decoration:none;padding:18px 0 15px;border-bottom:3px solid transparent}
nav a:hover{color:var(--ink)}nav a[aria-current]{color:var(--ink);border-color:var(--accent)}
.net{margin-left:auto;color:var(--soft);font-size:.84rem}
main.wide{padding-top:40px;padding-bottom:56px}
h1{font-size:clamp(1.6rem,4vw,2.15rem);line-height:1.2;letter-spacing:-.022em;margin:0 0 8px;text-wrap:balance}
h2{font-size:1.12rem;letter-spacing:-.01em;margin:44px 0 12px}
h3{font-size:1rem;margin:0 0 4px}
p{margin:0 0 12px;max-width:70ch}.lead{color:var(--soft);font-size:1.04rem}
.quiet{color:var(--soft)}.small{font-size:.86rem}.num{font-variant-numeric:tabular-nums;white-space:nowrap}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Noto Sans Mono",monospace;font-size:.88em}
code{overflow-wrap:anywhere}
pre{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px;overflow-x:auto;margin:8px 0 14px;line-height:1.6}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;box-shadow:var(--shadow)}
.badge{display:inline-block;border-radius:99px;padding:2px 10px;font-size:.8rem;font-weight:600;line-height:1.5;white-space:nowrap}
.good{color:var(--good);background:var(--good-bg)}.bad{color:var(--bad);background:var(--bad-bg)}.warn{color:var(--warn);background:var(--warn-bg)}
.idle{color:var(--idle);background:var(--idle-bg)}.live{color:var(--live);background:var(--live-bg)}
.button{display:inline-block;background:var(--accent);color:var(--accent-ink);border-radius:10px;padding:9px 18px;text-decoration:none;font-weight:600}
.button:hover{filter:brightness(1.08)}
.facts{display:flex;flex-wrap:wrap;gap:10px;margin:20px 0 26px;padding:0;list-style:none}
.facts li{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:9px 16px;display:flex;flex-direction:column}
.facts b{font-size:1.12rem;font-variant-numeric:tabular-nums;letter-spacing:-.01em;line-height:1.35}.facts span{color:var(--soft);font-size:.8rem}
.table{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th{font-size:.78rem;font-weight:600;color:var(--soft);text-align:left;padding:11px 16px;border-bottom:1px solid var(--line);white-space:nowrap}
td{padding:12px 16px;border-bottom:1px solid var(--line);vertical-align:middle}
tr:last-child>td{border-bottom:0}tbody tr:hover{background:color-mix(in srgb,var(--accent) 4%,transparent)}
td.r,th.r{text-align:right}td .small{display:block;line-height:1.35}
.place{font-size:1.15rem;font-weight:700;font-variant-numeric:tabular-nums;width:1%;color:var(--soft)}
.first .place{color:var(--gold);font-size:1.4rem}.first td{padding-top:18px;padding-bottom:18px}.first .figure{font-size:1.3rem}
.figure{font-weight:650;font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.bar{display:block;width:100%;min-width:120px;height:5px;margin-top:6px}.bar .t{fill:var(--track)}.bar .v{fill:var(--accent)}.first .bar .v{fill:var(--gold)}
.rows{list-style:none;margin:0;padding:0}
.rows li{display:flex;flex-wrap:wrap;align-items:center;gap:6px 16px;padding:12px 16px;border-bottom:1px solid var(--line)}
.rows li:last-child{border:0}.rows+p{margin-top:16px}.rows .grow{flex:1 1 220px;min-width:0}.rows .end{margin-left:auto;text-align:right}
.verdict{padding:22px 24px;margin:22px 0 16px;border-left-width:5px}
.verdict.v-good{border-left-color:var(--good)}.verdict.v-bad{border-left-color:var(--bad)}.verdict.v-warn{border-left-color:var(--warn)}.verdict.v-idle{border-left-color:var(--idle)}.verdict.v-live{border-left-color:var(--live)}
.verdict h2{margin:0 0 6px;font-size:1.3rem}.verdict p{margin:0}.verdict .facts{margin:16px 0 0}.verdict .facts li{background:var(--bg)}
.checks{display:grid;grid-template-columns:repeat(auto-fit,minmax(260px,1fr));gap:12px}
.checks .card{padding:14px 16px;display:flex;justify-content:space-between;align-items:center;gap:12px}
.timeline{list-style:none;margin:0;padding:16px 20px}
.timeline li{position:relative;padding:0 0 16px 24px;border-left:2px solid var(--line);margin-left:6px}
.timeline li:last-child{border-color:transparent;padding-bottom:0}
.timeline li::before{content:"";position:absolute;left:-6px;top:7px;width:10px;height:10px;border-radius:50%;background:var(--accent)}
.timeline time{display:block;color:var(--soft);font-size:.82rem}
.after{margin-top:12px}.digest{font-size:.78rem;color:var(--soft)}
details{margin:12px 0}summary{cursor:pointer;font-weight:600;padding:4px 0}
details .card{margin-top:8px}
.finding{padding:14px 18px;border-bottom:1px solid var(--line)}.finding:last-child{border:0}.finding p{margin:4px 0 0}
dl{display:grid;grid-template-columns:minmax(110px,max-content) 1fr;gap:7px 20px;margin:0;padding:16px 20px}dt{color:var(--soft);font-size:.88rem}dd{margin:0;min-width:0;overflow-wrap:anywhere}
.steps{counter-reset:s;list-style:none;padding:0;margin:28px 0}
.steps>li{counter-increment:s;position:relative;padding:0 0 26px 56px}
.steps>li::before{content:counter(s);position:absolute;left:0;top:-3px;width:36px;height:36px;border-radius:50%;display:grid;place-items:center;font-weight:700;background:var(--live-bg);color:var(--live)}
.steps>li:not(:last-child)::after{content:"";position:absolute;left:17px;top:40px;bottom:8px;width:2px;background:var(--line)}
.steps h2{margin:0 0 6px}
.empty{padding:56px 20px;text-align:center}.empty h2{margin-top:0}.empty p{margin-left:auto;margin-right:auto}.empty .code{font-size:3.4rem;font-weight:700;color:var(--accent);margin:0;line-height:1.2}
footer.wide{display:flex;gap:20px;flex-wrap:wrap;border-top:1px solid var(--line);padding-top:18px;padding-bottom:36px;color:var(--soft);font-size:.86rem}footer a{color:var(--soft)}footer span{margin-right:auto}
@media(max-width:720px){
.net{display:none}main.wide{padding-top:28px}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack tr{display:grid;grid-template-columns:auto 1fr;gap:2px 14px;padding:14px 16px;border-bottom:1px solid var(--line)}.stack tr:last-child{border:0}
.stack td,.first td{display:flex;justify-content:space-between;align-items:baseline;gap:12px;padding:3px 0;border:0;grid-column:1/-1;text-align:right}
.stack td::before{content:attr(data-label);font-weight:400;color:var(--soft);font-size:.82rem;text-align:left}
.stack td.head{grid-column:2;justify-content:flex-start;text-align:left}.stack td.head::before,.stack td.place::before{content:none}
.stack td.place{grid-column:1;grid-row:1;width:auto}.stack td.wrap{flex-wrap:wrap}.stack .bar{flex-basis:100%}
dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:8px}}
@media print{.top,footer,.skip{display:none}body{background:#fff}}
`;
