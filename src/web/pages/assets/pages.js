// What the pages do beyond their forms, which work without it.
"use strict";

const language = document.documentElement.lang;

// The time is counted from the page's arrival: the clocks of server and browser may differ.
const begun = performance.now();
const secondsLeft = (all) => Math.max(0, all - Math.floor((performance.now() - begun) / 1000));
const spell = (seconds) => `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;

function everySecond(step) {
  if (step()) return;
  const timer = setInterval(() => { if (step()) clearInterval(timer); }, 1000);
}

// How long the code is good for; when it is over, that is said aloud.
for (const shown of document.querySelectorAll("[data-left]")) {
  const all = Number(shown.dataset.left);
  everySecond(() => {
    const left = secondsLeft(all);
    shown.textContent = spell(left);
    if (left > 0) return false;
    for (const over of document.querySelectorAll("[data-over]")) {
      over.textContent = over.dataset.over;
      over.hidden = false;
    }
    return true;
  });
}

// A button that is not to be used yet.
for (const button of document.querySelectorAll("button[data-wait]")) {
  const all = Number(button.dataset.wait);
  const told = document.getElementById(button.getAttribute("aria-describedby"));
  everySecond(() => {
    const left = secondsLeft(all);
    button.disabled = left > 0;
    if (told) {
      told.hidden = left === 0;
      told.textContent = told.dataset.text.replace("{time}", spell(left));
    }
    return left === 0;
  });
}

// Times in the person's own zone and manner.
const manner = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
for (const time of document.querySelectorAll("time[datetime]")) {
  time.textContent = manner.format(new Date(time.dateTime));
}

// A form that is on its way is not sent again by a second click.
for (const form of document.forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});

// What a refused form has left here is shown again by a reload or by the way back, and is not sent again: a code would count as
// a further wrong one. So the browser is told that this page is one that it may ask for.
const askedForByGet = () => history.replaceState(history.state, "", location.href);
if (document.getElementById("error")) askedForByGet();
// What a link has shown may be read again until it is decided: it consumes nothing.
for (const form of document.querySelectorAll("#confirm, #reject")) form.addEventListener("submit", askedForByGet);

// The first number whose hash begins with so many zero bits (docs/proof-of-work.md).
async function solve(challenge, difficulty) {
  const bytes = new TextEncoder();
  const atOnce = 256;
  for (let first = 0; ; first += atOnce) {
    const candidates = Array.from({ length: atOnce }, (_, place) => `${challenge}.${first + place}`);
    const hashes = await Promise.all(candidates.map((one) => crypto.subtle.digest("SHA-256", bytes.encode(one))));
    const found = hashes.findIndex((hash) => new DataView(hash).getUint32(0) >>> (32 - difficulty) === 0);
    if (found >= 0) return candidates[found];
  }
}

const puzzle = document.querySelector("form[data-challenge]");
if (puzzle) {
  solve(puzzle.dataset.challenge, Number(puzzle.dataset.difficulty)).then((proof) => {
    puzzle.elements.proof.value = proof;
    puzzle.requestSubmit();
  });
}

// A link carries its token behind the #, where no server sees it. It is taken out of the address bar, so that nobody reads it
// there or in the history, and asked what it is for; that consumes nothing. The rest takes a person's click.
const open = document.getElementById("open");
if (open) {
  const token = location.hash.slice(1);
  history.replaceState(null, "", location.pathname + location.search);
  open.hidden = token === "";
  document.getElementById("nothing").hidden = token !== "";
  open.elements.token.value = token;
  if (token !== "") open.submit();
}

// On to the client application, with the token behind the # again.
const lead = document.getElementById("lead");
if (lead) lead.addEventListener("click", () => location.assign(`${lead.dataset.redirect}#${lead.dataset.token}`));

// The page that asked goes on by itself once the sign-in is approved on another device, and says where its message does not
// arrive. It asks often where it waits for an approval, else ever more rarely.
const waiting = document.getElementById("collect");
const undelivered = document.getElementById("undelivered");
async function look(pause) {
  const answer = await fetch("/sign-in/standing", { cache: "no-store" }).catch(() => null);
  const told = answer && (await answer.json().catch(() => null));
  if (told && undelivered && undelivered.hidden === told.undelivered) {
    undelivered.textContent = told.undelivered ? undelivered.dataset.text : "";
    undelivered.hidden = !told.undelivered;
  }
  const next = waiting ? pause : Math.min(pause * 1.5, 15000);
  if (told && told.standing === "approved" && waiting) waiting.requestSubmit();
  else if (!told || told.standing !== "over") setTimeout(look, next, next);
  else goesOnByItself(false);
}
// So long the button beside its number is for those without a script.
function goesOnByItself(does) {
  if (!waiting) return;
  waiting.querySelector("[data-by-itself]").hidden = !does;
  waiting.querySelector("button").hidden = does;
}
if (undelivered) {
  goesOnByItself(true);
  setTimeout(look, 2000, 2000);
}
