// What people do on the pages, by name.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { another, ask, asked, code, fits, isAccessible, message, messages, person, run, signedIn, told, url } from "./drive.mjs";
import { linkElsewhere, linkHere, linkLeadsOn, linkWithoutScript, notMe, scanner } from "./links.mjs";
import { addressesOfForms, backFromLink, formThatIsOver, linksOfTheMailbox, reloadAfterRefusal } from "./returns.mjs";
import { screenshots } from "./screenshots.mjs";

const MIRA = "mira@example.org";

// Pastes a text as a person does.
async function paste(page, text) {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.evaluate((copied) => navigator.clipboard.writeText(copied), text);
  await page.keyboard.press("Control+V");
}

async function signInByPaste() {
  const { page } = await person();
  await page.goto(url("/account"));
  assert.equal(page.url(), url("/sign-in"), "whoever is not signed in is asked to");
  assert.equal(await page.evaluate(() => document.activeElement.id), "identifier");
  await page.keyboard.type(MIRA);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sign-in/code");
  const field = page.getByLabel("Code", { exact: true });
  assert.equal(await field.getAttribute("autocomplete"), "one-time-code");
  assert.equal(await field.getAttribute("inputmode"), "numeric");
  assert.match(await page.locator("[data-left]").textContent(), /^[45]:\d\d$/);
  const digits = await code(MIRA, 1);
  await paste(page, `${digits.slice(0, 3)} ${digits.slice(3)}\n`);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account");
  await page.getByText(`Signed in as ${MIRA}`).waitFor();
  await page.reload();
  await page.getByText("Chrome, Linux").waitFor();
  await page.goBack();
  await page.goto(url("/sign-in/code"));
  assert.equal(page.url(), url("/sign-in"), "the code is not asked for again");
}

async function wrongThenLocked() {
  const { page } = await person();
  await page.goto(url("/sign-in"));
  await page.getByLabel("Email address").fill("mira@example");
  await page.locator("main form button").click();
  await page.getByRole("alert").getByText("This is not a valid email address.").waitFor();
  assert.equal(await page.locator("#identifier").inputValue(), "mira@example");
  await asked(page, MIRA);
  const right = await code(MIRA, 1);
  for (const left of [4, 3]) {
    await page.locator("#code").fill(another(right));
    await page.locator("#enter button").click();
    await page.getByRole("alert").getByText("The code is not valid. Check it, or ask for a new one.").waitFor();
    await page.getByText(`Attempts left: ${left}`).waitFor();
    assert.equal(await page.locator("#code").getAttribute("aria-invalid"), "true");
    assert.equal(await page.evaluate(() => document.activeElement.id), "code", "one can type on");
    assert.equal(await page.locator("#code").inputValue(), "");
  }
  for (const presented of [another(right), right]) {
    await page.locator("#code").fill(presented);
    await page.locator("#enter button").click();
    await page.getByRole("alert").waitFor();
  }
  await page.getByRole("alert").getByText("Too many wrong codes. Try again in 5 minutes.").waitFor();
}

async function resendAndExpire() {
  const { page } = await person();
  await page.clock.install();
  await asked(page, MIRA);
  const again = page.getByRole("button", { name: "Send a new code" });
  assert.ok(await again.isDisabled());
  const wait = page.locator("#wait");
  assert.match(await wait.textContent(), /^You can ask for a new code in 0:(30|29|28)\.$/);
  await page.clock.runFor(12_000);
  assert.match(await wait.textContent(), /in 0:1\d\.$/);
  await page.clock.runFor(20_000);
  assert.ok(await again.isEnabled() && await wait.isHidden());
  await ask({ advance: 31 });
  await again.click();
  await page.getByRole("status").getByText("A new code is on its way.").waitFor();
  const first = await code(MIRA, 1);
  await code(MIRA, 2);
  const over = page.locator("[data-over]");
  assert.ok(await over.isHidden());
  await page.clock.runFor(301_000);
  await over.getByText("The code has expired. Ask for a new one.").waitFor();
  await ask({ advance: 331 });
  await page.locator("#code").fill(first);
  await page.locator("#enter button").click();
  await page.getByRole("alert").getByText("The code has expired.").waitFor();
  assert.equal(await page.locator("#code").count(), 0, "there is nothing left to enter");
  await page.getByRole("button", { name: "Send a new code" }).click();
  await page.waitForURL("**/sign-in/code");
  await page.locator("#code").fill(await code(MIRA, 3));
  await page.locator("#enter button").click();
  await page.waitForURL("**/account");
}

// Goes on with Tab until that element has the focus, which can be seen.
async function tabTo(page, selector) {
  for (let steps = 0; steps < 40; steps += 1) {
    await page.keyboard.press("Tab");
    const [there, outline] = await page.evaluate((wanted) => {
      const { activeElement } = document;
      return [activeElement.matches(wanted), getComputedStyle(activeElement).outlineStyle];
    }, selector);
    if (!there) continue;
    assert.equal(outline, "solid", `the focus on ${selector} can be seen`);
    return;
  }
  throw new Error(`no way to ${selector} by Tab`);
}

async function keyboardAlone() {
  const { page } = await person();
  await page.goto(url("/sign-in"));
  await page.keyboard.type(MIRA);
  await tabTo(page, "main form button");
  await page.keyboard.press("Space");
  await page.waitForURL("**/sign-in/code");
  await page.keyboard.type(await code(MIRA, 1));
  await tabTo(page, "#enter button");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/account");
  await tabTo(page, "form[action='/account/sign-out'] button");
  await page.keyboard.press("Enter");
  await page.getByText("You are signed out.").waitFor();
  await tabTo(page, "footer a[lang='fr']");
  await page.keyboard.press("Enter");
  await page.locator("html[lang='fr']").waitFor({ state: "attached" });
}

async function withoutStyleAndScript() {
  const { context, page } = await person({ javaScriptEnabled: false });
  await context.route("**/assets/**", (route) => route.abort());
  await asked(page, MIRA);
  assert.match(await page.locator("#standing").innerText(), /Time left: (5 minutes|\d+ seconds)/);
  const order = await page.locator("main").innerText();
  const places = ["Enter the code", "We have sent a code to", "Code", "Sign in", "Send a new code"].map((text) => order.indexOf(text));
  // A button's own text is not in the text of the page.
  assert.ok(places[0] >= 0 && places[0] < places[1] && places[1] < places[2], order);
  await page.locator("#code").fill(another(await code(MIRA, 1)));
  await page.locator("#enter button").click();
  await page.getByText("The code is not valid.").waitFor();
  await page.locator("#code").fill(await code(MIRA, 1));
  await page.locator("#enter button").click();
  await page.getByText(`Signed in as ${MIRA}`).waitFor();
  assert.match(await page.locator("time").first().innerText(), /^\d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
  await page.locator("form[action='/account/sign-out'] button").click();
  await page.getByText("You are signed out.").waitFor();
}

const LANGUAGES = [["en-GB", "Sign in to Identity"], ["de-CH", "Bei Identity anmelden"], ["fr-FR", "Se connecter à Identity"],
  ["es-MX", "Iniciar sesión en Identity"], ["pt-BR", "Entrar em Identity"], ["ja-JP", "Identityにサインイン"]];

// Every page in every language, in the width of a small phone, in light and dark.
async function languages() {
  for (const [nth, [locale, title]] of LANGUAGES.entries()) {
    const viewport = { width: 320, height: 640 };
    const { context, page } = await person({ locale, viewport, colorScheme: nth % 2 ? "dark" : "light" });
    const email = `${locale.toLowerCase()}@example.org`;
    const language = locale.slice(0, 2);
    const look = async (what) => {
      assert.equal(await page.locator("html").getAttribute("lang"), language);
      await fits(page, `${what} in ${locale}`);
      await isAccessible(page, `${what} in ${locale}`);
    };
    await page.goto(url("/sign-in"));
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await look("sign in");
    await asked(page, email);
    await look("code");
    await page.locator("#code").fill("12");
    await page.locator("#enter button").click();
    await page.getByRole("alert").waitFor();
    await look("a wrong code");
    await page.locator("#code").fill(await code(email, 1));
    await page.locator("#enter button").click();
    await page.waitForURL("**/account");
    await look("sessions");
    await context.close();
  }
}

// Every page and state for eyes and for screen readers, in light and dark, in a window and on a phone.
async function accessible() {
  let round = 0;
  for (const colorScheme of ["light", "dark"]) {
    for (const viewport of [{ width: 390, height: 844 }, { width: 1280, height: 800 }]) {
      round += 1;
      const email = `look-${round}@example.org`;
      const { context, page } = await person({ colorScheme, viewport });
      const look = async (what) => {
        await fits(page, what);
        await isAccessible(page, `${what} ${colorScheme} ${viewport.width}`);
      };
      await page.goto(url("/sign-in"));
      await look("sign in");
      await page.locator("#identifier").fill("x@y");
      await page.locator("main form button").click();
      await page.getByRole("alert").waitFor();
      await look("sign in, refused");
      await asked(page, email);
      await look("code");
      await page.locator("#code").fill(another(await code(email, 1)));
      await page.locator("#enter button").click();
      await page.getByRole("alert").first().waitFor();
      await look("code, refused");
      await page.locator("#code").fill(await code(email, 1));
      await page.locator("#enter button").click();
      await page.waitForURL("**/account");
      await look("sessions");
      await page.goto(url("/sign-in?client_id=nobody&redirect_uri=x"));
      await page.getByRole("heading", { name: "Something went wrong" }).waitFor();
      await look("trouble");
      await context.close();
    }
  }
}

async function sessions() {
  const [here, there, elsewhere] = [await person(), await person(), await person()];
  await signedIn(elsewhere.page, MIRA, 1);
  await signedIn(there.page, MIRA, 2);
  await signedIn(here.page, MIRA, 3);
  const { page } = here;
  assert.equal(await page.getByRole("button", { name: "End session" }).count(), 2);
  assert.equal(await page.getByText("This session").count(), 1);
  await page.getByRole("button", { name: "End session" }).first().click();
  await page.getByRole("status").getByText("The session has ended.").waitFor();
  await there.page.reload();
  await there.page.waitForURL("**/sign-in");
  await elsewhere.page.reload();
  await elsewhere.page.getByText(`Signed in as ${MIRA}`).waitFor();
  await page.getByRole("button", { name: "End all other sessions" }).click();
  await page.getByText("There are no other sessions.").waitFor();
  await elsewhere.page.reload();
  await elsewhere.page.waitForURL("**/sign-in");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByText("You are signed out.").waitFor();
  await page.goBack();
  await page.reload();
  await page.waitForURL("**/sign-in");
}

// A page of another site, which has a browser send our forms.
async function anotherSite() {
  const { context, page } = await person();
  await signedIn(page, MIRA);
  // The same machine under another name is another site.
  const target = url("/account/end-others").replace("127.0.0.1", "localhost");
  const forms = [url("/account/sign-out"), url("/account/end-others"), url("/sign-in"), target];
  const listener = createServer((request, answer) => {
    const at = Number(new URL(request.url, "http://x").searchParams.get("form"));
    answer.setHeader("content-type", "text/html");
    answer.end(`<form method=post action="${forms[at]}"><input name=identifier value=noa@example.org></form>
      <script>document.forms[0].submit()</script>`);
  });
  await new Promise((ready) => listener.listen(0, "127.0.0.1", ready));
  const evil = await context.newPage();
  for (const at of forms.keys()) {
    const answer = evil.waitForResponse((response) => response.request().method() === "POST");
    await evil.goto(`http://127.0.0.1:${listener.address().port}/?form=${at}`);
    assert.equal((await answer).status(), 403, forms[at]);
    await evil.getByText("This request did not come from our page.").waitFor();
  }
  assert.equal(messages("noa@example.org").length, 0);
  await page.reload();
  await page.getByText(`Signed in as ${MIRA}`).waitFor();
  listener.close();
}

// An application on this machine: it leads to the sign-in, takes the code, and its page exchanges it.
async function clientApplication() {
  const verifier = randomBytes(32).toString("base64url");
  const challenge = createHash("sha256").update(verifier).digest("base64url");
  const redirect = new URL(told.redirect);
  const listener = createServer((request, answer) => {
    answer.setHeader("content-type", "text/html");
    answer.end("<!doctype html><link rel=icon href='data:,'><h1>The application</h1>");
  });
  await new Promise((ready) => listener.listen(Number(redirect.port), "127.0.0.1", ready));
  const { page } = await person();
  const state = "x & y = z";
  const query = new URLSearchParams({
    response_type: "code", client_id: "default", redirect_uri: told.redirect, state, code_challenge: challenge, code_challenge_method: "S256", ui_locales: "en",
  });
  await page.goto(url(`/sign-in?${query}`));
  await page.locator("#identifier").fill(MIRA);
  await page.locator("main form button").click();
  await page.waitForURL("**/sign-in/code");
  await page.locator("#code").fill(another(await code(MIRA, 1)));
  await page.locator("#enter button").click();
  await page.getByRole("alert").first().waitFor();
  await page.locator("#code").fill(await code(MIRA, 1));
  await page.locator("#enter button").click();
  await page.getByRole("heading", { name: "The application" }).waitFor();
  const back = new URL(page.url());
  assert.equal(back.origin + back.pathname, told.redirect);
  assert.equal(back.searchParams.get("state"), state);
  const fields = {
    grant_type: "authorization_code", code: back.searchParams.get("code"), client_id: "default",
    redirect_uri: told.redirect, code_verifier: verifier,
  };
  const exchange = () => page.evaluate(async ([endpoint, body]) => {
    const answer = await fetch(endpoint, { method: "POST", body: new URLSearchParams(body) });
    return [answer.status, await answer.json()];
  }, [url("/token"), fields]);
  const [status, tokens] = await exchange();
  assert.equal(status, 200);
  assert.equal(tokens.token_type, "Bearer");
  assert.match(tokens.access_token, /^eyJ/);
  assert.match(tokens.refresh_token, /^idr_/);
  const [again, refusal] = await exchange();
  assert.deepEqual([again, refusal.error], [400, "invalid_grant"]);
  listener.close();
}

async function proofOfWork() {
  const { page } = await person();
  await page.goto(url("/sign-in"));
  await page.locator("#identifier").fill(MIRA);
  await page.locator("main form button").click();
  // The page solves it and goes on by itself.
  await page.waitForURL("**/sign-in/code", { timeout: 60_000 });
  await message(MIRA, 1);
}

async function undelivered() {
  const { page } = await person();
  let told = { standing: "waiting", undelivered: false };
  let asks = 0;
  await page.route("**/sign-in/standing", (route) => {
    asks += 1;
    return route.fulfill({ json: told });
  });
  await page.clock.install();
  await asked(page, MIRA);
  const said = page.locator("#undelivered");
  const look = async () => {
    const before = asks;
    for (let steps = 0; asks === before && steps < 40; steps += 1) await page.clock.runFor(1000);
    assert.equal(asks, before + 1);
  };
  await look();
  assert.ok(await said.isHidden());
  told = { standing: "waiting", undelivered: true };
  await look();
  await page.getByRole("alert").getByText("The message to m***@example.org could not be delivered. Check the address").waitFor();
  await isAccessible(page, "a message that did not arrive");
  await page.setViewportSize({ width: 320, height: 640 });
  await fits(page, "a message that did not arrive");
  told = { standing: "waiting", undelivered: false };
  await look();
  await said.waitFor({ state: "hidden" });
  told = { standing: "over", undelivered: false };
  await look();
  const last = asks;
  await page.clock.runFor(60_000);
  assert.equal(asks, last, "what is over is not asked about");
}

await run({
  signInByPaste, wrongThenLocked, resendAndExpire, keyboardAlone, withoutStyleAndScript, languages, accessible, sessions,
  anotherSite, clientApplication, proofOfWork, linkElsewhere, linkHere, linkLeadsOn, linkWithoutScript, notMe, scanner, screenshots, undelivered,
  addressesOfForms, backFromLink, formThatIsOver, linksOfTheMailbox, reloadAfterRefusal,
});
