"use strict";
// The survey's page. Every answer is kept at once in the browser's storage; nothing is asked
// of any server, but where the researcher set an address for the answers.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const main = document.querySelector("main");
  const levels = ["professional", "amateur", "none"];
  const styles = ["street", "contemporary", "ballet", "latin", "folk", "other"];
  // ?p=7 gives a participant's number, so that researchers can hand out balanced orders.
  const asked = /[?&]p=(\d{1,6})(?:&|$)/.exec(location.search);
  const place = `choreo-survey-${data.survey}-${asked ? asked[1] : "self"}`;
  let kept = true;
  let state = null;
  let since = Date.now();
  let store = null;

  function random(bytes) {
    return [...crypto.getRandomValues(new Uint8Array(bytes))];
  }

  function fresh() {
    const preferred = navigator.languages || [navigator.language || ""];
    const known = Object.keys(data.texts);
    const own = preferred.map((tag) => tag.slice(0, 2)).find((tag) => known.includes(tag));
    const [a, b, c] = random(3);
    return {
      participant: random(16).map((n) => n.toString(16).padStart(2, "0")).join(""),
      number: asked ? Number(asked[1]) : ((a << 16) | (b << 8) | c) % data.schedule.length,
      language: own || known[0],
      consent: false,
      background: {},
      answers: {},
      at: -2,
      started: new Date().toISOString(),
      finished: null,
      handed: false,
    };
  }

  // Answers are kept twice: at once in localStorage, which browsers write to the disk up to a
  // minute later, and in IndexedDB, which can be told to write now, so that also a crash
  // loses nothing. What was kept last counts.
  function usable(found) {
    return found && found.participant && found.answers && data.texts[found.language] ? found : null;
  }

  function load() {
    try {
      return usable(JSON.parse(localStorage.getItem(place)));
    } catch (error) {
      return null;
    }
  }

  function opened() {
    return new Promise((done) => {
      setTimeout(() => done(null), 3000);
      try {
        const asking = indexedDB.open("choreo-survey", 1);
        asking.onupgradeneeded = () => asking.result.createObjectStore("kept");
        asking.onsuccess = () => done(asking.result);
        asking.onerror = () => done(null);
      } catch (error) {
        done(null);
      }
    });
  }

  function loadSafe() {
    return new Promise((done) => {
      try {
        const asking = store.transaction("kept").objectStore("kept").get(place);
        asking.onsuccess = () => done(usable(asking.result));
        asking.onerror = () => done(null);
      } catch (error) {
        done(null);
      }
    });
  }

  function put(name, value) {
    let done = false;
    try {
      localStorage.setItem(name, JSON.stringify(value));
      done = true;
    } catch (error) {
      // Refused or full.
    }
    try {
      const writing = store.transaction("kept", "readwrite", { durability: "strict" });
      writing.objectStore("kept").put(JSON.parse(JSON.stringify(value)), name);
      const number = value.kept;
      writing.oncomplete = () => { main.dataset.onDisk = number; };
      done = true;
    } catch (error) {
      // Refused, or no such store.
    }
    return done;
  }

  function keep() {
    state.kept = (state.kept || 0) + 1;
    kept = put(place, state);
  }

  function text(name, values) {
    const said = data.texts[state.language][name];
    return said.replace(/\{(\w+)\}/g, (whole, key) => (values || {})[key] ?? whole);
  }

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value !== null) element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  }

  const order = () => data.schedule[state.number % data.schedule.length];

  function show(...children) {
    document.documentElement.lang = state.language;
    document.title = text("title");
    document.getElementById("title").textContent = text("title");
    document.getElementById("language-label").textContent = text("language");
    document.getElementById("language").value = state.language;
    const about = kept
      ? make("p", { class: "note" }, text("kept"))
      : make("p", { class: "warning", role: "status" }, text("not_kept"));
    main.replaceChildren(...children, about);
  }

  function go(at) {
    state.at = at;
    since = Date.now();
    keep();
    render();
    scrollTo(0, 0);
    main.querySelector("h1").focus({ preventScroll: true });
  }

  const heading = (words) => make("h1", { tabindex: "-1" }, words);
  const problem = () => make("p", { class: "error", role: "alert", id: "problem" });

  function say(words, focus) {
    document.getElementById("problem").textContent = words;
    if (focus) focus.focus();
  }

  function choice(group, value, label, current, chosen) {
    const input = make("input", {
      type: "radio", name: group, value, id: `${group}-${value}`, checked: current === value, required: true,
      onchange: () => { chosen(value); keep(); },
    });
    return make("label", { class: "choice", for: input.id }, input, make("span", {}, label));
  }

  function group(name, legend, kind, options, current, chosen) {
    return make("fieldset", { id: `group-${name}` }, make("legend", {}, legend),
      make("div", { class: kind }, ...options.map(([value, label]) => choice(name, value, label, current, chosen))));
  }

  function consent() {
    const box = make("input", {
      type: "checkbox", id: "agree", checked: state.consent, "aria-describedby": "problem",
      onchange: () => { state.consent = box.checked; keep(); },
    });
    show(
      heading(text("consent_title")),
      make("p", { class: "consent" }, data.consent[state.language] || text("consent")),
      ...(data.contact ? [make("p", {}, `${text("contact")}: ${data.contact}`)] : []),
      make("p", {}, text("sound")),
      make("label", { class: "choice", for: "agree" }, box, make("span", {}, text("agree"))),
      problem(),
      make("div", { class: "buttons" }, make("button", {
        type: "button", id: "next",
        onclick: () => (state.consent ? go(-1) : say(text("must_agree"), box)),
      }, text("start"))),
    );
  }

  function background() {
    const own = state.background;
    const years = make("input", {
      type: "number", id: "years", min: "0", max: "80", step: "1", inputmode: "numeric", value: own.years ?? "",
      required: true, "aria-describedby": "problem",
      oninput: () => { own.years = years.value === "" ? null : Number(years.value); keep(); },
    });
    const next = () => {
      if (!levels.includes(own.level)) return say(text("missing") + text("level"), document.getElementById("level-professional"));
      if (!Number.isInteger(own.years) || own.years < 0 || own.years > 80) return say(text("missing") + text("years"), years);
      if (!styles.includes(own.style)) return say(text("missing") + text("style"), document.getElementById("style-street"));
      return go(0);
    };
    show(
      heading(text("background_title")),
      group("level", text("level"), "list", levels.map((v) => [v, text(`level_${v}`)]), own.level, (v) => { own.level = v; }),
      make("fieldset", {}, make("legend", {}, make("label", { for: "years" }, text("years"))), years),
      group("style", text("style"), "list", styles.map((v) => [v, text(`style_${v}`)]), own.style, (v) => { own.style = v; }),
      problem(), buttons(-2, next),
    );
  }

  function buttons(before, next) {
    return make("div", { class: "buttons" },
      make("button", { type: "button", class: "quiet", id: "back", onclick: () => go(before) }, text("back")),
      make("button", { type: "button", id: "next", onclick: next }, text("next")));
  }

  function dance(side, hidden, answer) {
    const letter = side === "left" ? "A" : "B";
    const note = make("p", { class: "error", role: "status" });
    const video = make("video", {
      controls: true, playsinline: true, preload: "metadata", id: `video-${side}`, src: `videos/${hidden}.mp4`,
      "aria-label": text("video", { side: letter }),
      onplay: () => document.querySelectorAll("video").forEach((other) => other !== video && other.pause()),
      onerror: () => { note.textContent = text("no_video"); },
    });
    let last = null;
    video.addEventListener("timeupdate", () => {
      const step = last === null ? 0 : video.currentTime - last;
      last = video.currentTime;
      if (!video.paused && step > 0 && step < 2) answer.played[side] += step;
    });
    // Captions without a file, which no browser would fetch from a disk.
    video.addTextTrack("captions", text("caption"), state.language).addCue(new VTTCue(0, 86400, text("caption")));
    return make("section", { class: "dance", "aria-labelledby": `dance-${side}` },
      make("h2", { id: `dance-${side}` }, text("dance", { side: letter })), video, note);
  }

  function trial() {
    const [name, turned] = order()[state.at];
    const [first, second] = data.pairs[name];
    const [left, right] = turned ? [second, first] : [first, second];
    const answer = (state.answers[name] ||= { left, right, choices: {}, seconds: 0, played: { left: 0, right: 0 } });
    const all = order().length;
    const values = { n: state.at + 1, all };
    const next = () => {
      const missing = data.questions.find((q) => !["left", "right"].includes(answer.choices[q]));
      if (missing) return say(text("missing") + text(missing), document.getElementById(`${missing}-left`));
      answer.seconds = Math.min(86400, Math.round(answer.seconds + (Date.now() - since) / 1000));
      if (state.at + 1 === all) state.finished = new Date().toISOString();
      return go(state.at + 1);
    };
    show(
      heading(text("progress", values)),
      make("progress", { max: all, value: state.at, "aria-label": text("progress", values) }),
      make("p", {}, text("watch")),
      make("div", { class: "pair" }, dance("left", left, answer), dance("right", right, answer)),
      ...data.questions.map((q) => group(q, text(q), "choices",
        [["left", text("dance", { side: "A" })], ["right", text("dance", { side: "B" })]],
        answer.choices[q], (v) => { answer.choices[q] = v; })),
      problem(), buttons(state.at - 1, next),
    );
  }

  function record() {
    const round = (played) => ({ left: Math.round(played.left), right: Math.round(played.right) });
    return {
      format: "choreo survey answers 1",
      survey: data.survey,
      participant: state.participant,
      number: state.number,
      language: state.language,
      consent: state.consent,
      simulated: false,
      background: state.background,
      started: state.started,
      finished: state.finished,
      answers: order().map(([pair]) => ({ pair, ...state.answers[pair], played: round(state.answers[pair].played) })),
    };
  }

  function download() {
    const blob = new Blob([JSON.stringify(record(), null, 1)], { type: "application/json" });
    const link = make("a", { href: URL.createObjectURL(blob), download: `answers-${state.participant.slice(0, 12)}.json` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function end() {
    const status = make("p", { role: "status", id: "status" });
    const handed = (words) => { status.textContent = words; state.handed = true; keep(); again.hidden = false; };
    const save = make("button", {
      type: "button", id: "download", class: data.post_to ? "quiet" : null,
      onclick: () => { download(); handed(text("downloaded")); },
    }, text("download"));
    const send = make("button", {
      type: "button", id: "send",
      onclick: async () => {
        send.disabled = true;
        status.textContent = text("sending");
        try {
          // As text, which a browser sends to another site without asking it first.
          const answer = await fetch(data.post_to, { method: "POST", body: JSON.stringify(record()),
            headers: { "Content-Type": "text/plain" }, credentials: "omit", referrerPolicy: "no-referrer" });
          if (!answer.ok) throw new Error(String(answer.status));
          handed(text("sent"));
        } catch (error) {
          send.disabled = false;
          status.textContent = text("not_sent");
          save.focus();
        }
      },
    }, text("send"));
    const again = make("button", {
      type: "button", class: "quiet", id: "again", hidden: !state.handed,
      onclick: () => {
        // What was answered stays in the browser, under a name of its own.
        put(`${place}-${state.participant}`, state);
        state = Object.assign(fresh(), { language: state.language });
        go(-2);
      },
    }, text("next_person"));
    show(
      heading(text("end_title")),
      make("p", {}, text(data.post_to ? "end_send" : "end_download")),
      make("div", { class: "buttons" }, ...(data.post_to ? [send] : []), save),
      status,
      make("div", { class: "buttons" }, again,
        make("button", { type: "button", class: "quiet", id: "back", onclick: () => go(order().length - 1) }, text("back"))),
    );
  }

  function render() {
    if (state.at === -2 || !state.consent) consent();
    else if (state.at === -1) background();
    else if (state.at < order().length) trial();
    else end();
  }

  const select = document.getElementById("language");
  for (const [tag, words] of Object.entries(data.texts)) select.append(make("option", { value: tag, lang: tag }, words.name));
  select.addEventListener("change", () => { if (!state) return; state.language = select.value; keep(); render(); });
  // A second window of the same page goes on where this one is, and loses nothing.
  addEventListener("storage", (event) => {
    if (state && event.key === place && event.newValue) { state = load() || state; render(); }
  });
  (async () => {
    store = await opened();
    const found = [load(), store && (await loadSafe())].filter(Boolean);
    state = found.sort((one, other) => (other.kept || 0) - (one.kept || 0))[0] || fresh();
    keep();
    render();
  })();
})();
