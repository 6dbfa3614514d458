//! How the page looks: one column, two palettes, nothing that needs a script.

/// The style sheet. Colours come in pairs of light and dark with a contrast of at least 4.5:1 for
/// text.
pub(super) const CSS: &str = "
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2128;--dim:#59636e;--line:#d1d9e0;--box:#f6f8fa;
--ok:#116329;--bad:#b31d28;--unsure:#7d4e00;--link:#0550ae;
--prepare:#8c959f;--disturb:#bc4c00;--converge:#bf8700;--observe:#0969da;--judge:#8250df;
--restore:#1a7f37}
@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--line:#3d444d;
--box:#151b23;--ok:#56d364;--bad:#ff7b72;--unsure:#e3b341;--link:#58a6ff;--prepare:#6e7681;
--disturb:#db6d28;--converge:#bb8009;--observe:#388bfd;--judge:#a371f7;--restore:#2ea043}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere}
h1{font-size:1.6rem;margin:.5rem 0}
h2{font-size:1.15rem;margin:0 0 .25rem;line-height:1.4}
p{margin:.25rem 0}
a{color:var(--link)}
.meta,.in,.took{color:var(--dim);font-size:.875rem}
.in{display:block}.took{white-space:nowrap}
table{width:100%;border-collapse:collapse;margin:1rem 0}
th,td{text-align:left;vertical-align:top;padding:.5rem .5rem .5rem 0;
border-bottom:1px solid var(--line)}
.n{text-align:right;white-space:nowrap;padding-right:0}
section{border-top:2px solid var(--line);margin-top:2rem;padding-top:1rem}
.badge{display:inline-block;border:1px solid;border-radius:1rem;padding:0 .6rem;font-size:.8rem;
font-weight:600;white-space:nowrap;color:var(--dim)}
.badge.ok{color:var(--ok)}.badge.bad{color:var(--bad)}.badge.unsure{color:var(--unsure)}
.steps{list-style:none;margin:1rem 0;padding:0}
.steps li{border-left:4px solid var(--line);padding:.1rem 0 .1rem .75rem;margin:.5rem 0}
.steps li.ok{border-color:var(--ok)}.steps li.bad{border-color:var(--bad)}
.steps li.unsure{border-color:var(--unsure)}
.claim{background:var(--box);border-radius:.5rem;padding:.5rem .75rem;margin:.5rem 0}
.why{color:var(--bad)}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font:.875rem/1.5 ui-monospace,monospace;
background:var(--box);border-radius:.5rem;padding:.5rem .75rem;margin:.5rem 0}
.time{display:block;width:100%;height:1.25rem;border-radius:.25rem;margin-top:.75rem}
.key{display:flex;flex-wrap:wrap;gap:0 1rem;list-style:none;margin:.25rem 0;padding:0;
font-size:.8rem;color:var(--dim)}
.key i{display:inline-block;width:.7rem;height:.7rem;border-radius:.15rem;margin-right:.35rem}
.prepare{fill:var(--prepare);background:var(--prepare)}
.disturb{fill:var(--disturb);background:var(--disturb)}
.converge{fill:var(--converge);background:var(--converge)}
.observe{fill:var(--observe);background:var(--observe)}
.judge{fill:var(--judge);background:var(--judge)}
.restore{fill:var(--restore);background:var(--restore)}
@media print{section{break-inside:avoid}}
";
