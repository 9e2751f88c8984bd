"""Look and behaviour of the page, which stand in the page itself."""

CSS = """
:root{--ink:#1c2230;--soft:#5b6475;--line:#d9dee7;--tint:#f4f6fa;--accent:#0b62a4;--warm:#b4490a}
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
color:var(--ink);background:#fff;margin:0;overflow-wrap:anywhere}
header,main,footer{max-width:74rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
h1{font-size:clamp(1.6rem,5vw,2.4rem);line-height:1.15;margin:0 0 .3rem}
h2{font-size:1.45rem;margin:3rem 0 .8rem;padding-top:.6rem;border-top:1px solid var(--line)}
h3{font-size:1.1rem;margin:1.8rem 0 .6rem}
p,li{max-width:46rem}
a{color:var(--accent)}
a:focus-visible,summary:focus-visible,button:focus-visible,select:focus-visible,.wide:focus-visible{
outline:3px solid #f0a93b;outline-offset:2px}
.soft,small,.notes{color:var(--soft)}
nav{display:flex;flex-wrap:wrap;gap:.35rem 1.1rem;margin:1rem 0 0;font-size:.95rem}
.findings{padding-left:1.4rem;font-size:1.08rem}
.findings li{margin:.55rem 0;max-width:50rem}
.pair,.dances{display:grid;gap:1rem;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr))}
.pair{grid-template-columns:repeat(2,minmax(0,1fr));max-width:56rem}
figure{margin:0;min-width:0}
figcaption{font-size:.92rem;margin-top:.35rem}
video{display:block;width:100%;aspect-ratio:1;background:#eef1f5;border-radius:10px}
/* Chromium's bar of controls darkens half a small picture: the feet are what one looks at. */
video::-webkit-media-controls-panel{background-image:none!important;filter:brightness(.2)}
.dance.real video{outline:3px solid #b9c6d8}
.score{display:block;color:var(--soft);font-variant-numeric:tabular-nums}
.wide{overflow-x:auto;margin:.6rem 0 1rem;max-width:100%}
table{border-collapse:separate;border-spacing:0;font-size:.9rem;line-height:1.35;
border-bottom:2px solid var(--ink);
border-top:2px solid var(--ink);overflow-wrap:normal}
th,td{padding:.38rem .7rem;text-align:left;vertical-align:top}
th{border-bottom:1px solid var(--ink);vertical-align:bottom;background:#fff}
td{background:#fff}
tr:not(:last-child) td{border-bottom:1px solid var(--line)}
tbody tr:nth-child(even) td{background:var(--tint)}
.n{text-align:right;font-variant-numeric:tabular-nums}
th:first-child,td:first-child{position:sticky;left:0;z-index:1;min-width:6rem;
max-width:min(15rem,42vw);overflow-wrap:break-word}
td.words{min-width:15rem;max-width:34rem}
table.problems td{min-width:8rem;max-width:24rem}
tr.published td{color:var(--soft)}
tr.doubtful td:first-child{border-left:4px solid var(--warm)}
caption{text-align:left;font-weight:600;padding-bottom:.5rem}
h3+p.caption,p.caption{font-weight:600;margin:.4rem 0}
.simulated{border:3px solid var(--warm);border-radius:8px;padding:.5rem .9rem}
.notes{font-size:.88rem}
.notes p{margin:.35rem 0;max-width:60rem}
details{border:1px solid var(--line);border-radius:10px;padding:.55rem .9rem;margin:.6rem 0}
summary{cursor:pointer;font-weight:600}
.plate img{max-width:100%;height:auto;border:1px solid var(--line);border-radius:8px;
background:#fff}
.plate{margin:0 0 1.8rem}.plate img{max-height:60rem}
.sorting{display:flex;flex-wrap:wrap;gap:.4rem .8rem;align-items:center;margin:.8rem 0}
select,button{font:inherit;padding:.35rem .9rem;border:1px solid var(--soft);
border-radius:8px;background:#fff;color:var(--ink)}
button{cursor:pointer}
select{padding:.3rem .4rem;max-width:100%}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.3rem 1rem;max-width:56rem}
dt{color:var(--soft)}dd{margin:0}
footer{padding:2rem 1.25rem 3rem;color:var(--soft);font-size:.9rem}
@media(max-width:40rem){body{font-size:15.5px}header,main,footer{padding-left:1rem;padding-right:1rem}
.dances{grid-template-columns:repeat(2,minmax(0,1fr));gap:.7rem}dl{grid-template-columns:1fr;gap:0}
dd{margin:0 0 .5rem}th,td{padding:.3rem .5rem}table{font-size:.84rem}
td.words{min-width:19rem}}
@media(prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
@media print{nav,.sorting,button{display:none}body{font-size:10.5pt}
header,main,footer{max-width:none;padding:0}
h2,summary{break-after:avoid}.plate img{max-height:22cm;width:auto}
figure,tr{break-inside:avoid}.wide{overflow:visible}table{font-size:7.5pt}
th:first-child,td:first-child{position:static}td.words,table.problems td{min-width:0}
th,td{padding:.15rem .3rem}details{border:0;padding:0}.dances{grid-template-columns:repeat(4,1fr)}}
"""

JS = """
"use strict";
(function () {
  var calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  var first = Array.from(document.querySelectorAll("video[autoplay]"));
  var button = document.getElementById("sound");
  if (calm) {
    first.forEach(function (video) { video.removeAttribute("autoplay"); video.pause(); });
  } else if (button && first.length) {
    // They play by themselves; a bar of controls would only hide their feet.
    first.forEach(function (video) {
      video.controls = false;
      video.addEventListener("click", function () {
        first.forEach(function (v) { if (v.paused) { v.play(); } else { v.pause(); } });
      });
    });
    button.hidden = false;
    button.addEventListener("click", function () {
      var on = first[0].muted;
      first[0].muted = !on;
      button.textContent = on ? "Sound off" : "Sound on";
      button.setAttribute("aria-pressed", String(on));
      if (on) { first.forEach(function (v) { v.currentTime = 0; v.play(); }); }
    });
  }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (part) { part.open = true; });
  });
  var gallery = document.getElementById("songs");
  var choice = document.getElementById("metric");
  if (!gallery || !choice) { return; }
  choice.closest(".sorting").hidden = false;
  var songs = Array.from(gallery.children);
  var dances = new Map(songs.map(function (song) {
    return [song, Array.from(song.querySelectorAll(".dance"))];
  }));
  function value(dance, key) {
    var text = dance.getAttribute("data-" + key);
    return text === null || text === "" ? NaN : Number(text);
  }
  function rank(song, dance, key, better) {
    if (better !== "near real") { return value(dance, key); }
    var real = dances.get(song).find(function (d) { return d.classList.contains("real"); });
    return real ? Math.abs(value(dance, key) - value(real, key)) : NaN;
  }
  function mean(song, key, better) {
    var known = dances.get(song).filter(function (d) { return !d.classList.contains("real"); })
      .map(function (d) { return rank(song, d, key, better); }).filter(Number.isFinite);
    return known.length ? known.reduce(function (a, b) { return a + b; }) / known.length : NaN;
  }
  function ranked(items, score, sign) {
    return items.map(function (item, place) { return [item, score(item), place]; })
      .sort(function (a, b) {
        var known = Number.isFinite(b[1]) - Number.isFinite(a[1]);
        return known || sign * (a[1] - b[1]) || a[2] - b[2];
      }).map(function (one) { return one[0]; });
  }
  choice.addEventListener("change", function () {
    var option = choice.selectedOptions[0], key = option.value;
    var better = option.getAttribute("data-better"), sign = better === "higher" ? -1 : 1;
    var order = key ? ranked(songs, function (s) { return mean(s, key, better); }, sign) : songs;
    order.forEach(function (song) {
      gallery.appendChild(song);
      var all = dances.get(song), real = all.filter(function (d) {
        return d.classList.contains("real");
      });
      var made = all.filter(function (d) { return !d.classList.contains("real"); });
      if (key) {
        made = ranked(made, function (d) { return rank(song, d, key, better); }, sign);
      }
      real.concat(made).forEach(function (dance) {
        dance.parentNode.appendChild(dance);
        var number = key ? value(dance, key) : NaN;
        dance.querySelector(".score").textContent = !key ? "" :
          option.textContent.split(" (best")[0] + ": " +
          (Number.isFinite(number) ? Number(number.toPrecision(4)) : "not defined");
      });
    });
  });
}());
"""
