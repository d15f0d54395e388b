// Magic links: opened by a person, and by what opens every link.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { asked, code, fits, isAccessible, link, message, person, signedIn, told, url } from "./drive.mjs";

const MIRA = "mira@example.org";

// Opens a link as a person does, and waits for what it is for.
async function open(page, address) {
  await page.goto(address);
  await page.waitForURL("**/link/inspect");
  assert.ok(!page.url().includes("#") && !(await page.content()).includes(`${address.split("#")[1]}</`));
}

// The number that the asking page shows.
const number = (page) => page.locator("#match").textContent();

async function enterNumber(page, digits) {
  await page.getByLabel("Number on the device that asked").fill(digits);
  await page.getByRole("button", { name: "Approve" }).click();
}

export async function linkElsewhere() {
  const laptop = await person();
  const phone = await person({ viewport: { width: 320, height: 640 }, colorScheme: "dark" });
  await asked(laptop.page, MIRA);
  const right = await number(laptop.page);
  assert.match(right, /^\d\d$/);
  // Its button is for those without a script.
  await laptop.page.getByText("This page goes on by itself once you have approved there.").waitFor();
  assert.equal(await laptop.page.getByRole("button", { name: "Continue" }).count(), 0);
  await open(phone.page, await link(MIRA, 1));
  await phone.page.getByText("Somebody asked to sign in to Identity. Was it you?").waitFor();
  await phone.page.getByText("Chrome, Linux").waitFor();
  await phone.page.getByText("127.0.0.1").waitFor();
  await fits(phone.page, "link");
  await isAccessible(phone.page, "link");
  await enterNumber(phone.page, right === "17" ? "18" : "17");
  await phone.page.getByRole("alert").waitFor();
  await isAccessible(phone.page, "link, refused");
  assert.equal(laptop.page.url(), url("/sign-in/code"), "nothing has happened there");
  await enterNumber(phone.page, right);
  await phone.page.getByText("Approved. Go on where you asked for the link.").waitFor();
  await isAccessible(phone.page, "link, approved");
  await laptop.page.waitForURL("**/account");
  await laptop.page.getByText(`Signed in as ${MIRA}`).waitFor();
  // The phone has no session.
  await phone.page.goto(url("/account"));
  assert.equal(phone.page.url(), url("/sign-in"));
  // It is used up.
  await phone.page.goto(await link(MIRA, 1));
  await phone.page.getByRole("heading", { name: "Something went wrong" }).waitFor();
}

// A link for the device that opens it, which somebody asked for through the contract.
export async function linkHere() {
  const { page } = await person();
  await open(page, await link(MIRA, 1));
  await isAccessible(page, "link");
  await page.getByRole("button", { name: "Sign in here" }).click();
  await page.waitForURL("**/account");
  await page.getByText(`Signed in as ${MIRA}`).waitFor();
}

// The same for a client application with a page of its own: it gets the token behind the # again, by a click.
export async function linkLeadsOn() {
  const redirect = new URL(told.redirect);
  const seen = [];
  const listener = createServer((request, answer) => {
    seen.push(`${request.url} ${request.headers.referer}`);
    answer.setHeader("content-type", "text/html");
    answer.end("<!doctype html><link rel=icon href='data:,'><h1>The application</h1>");
  });
  await new Promise((ready) => listener.listen(Number(redirect.port), "127.0.0.1", ready));
  const { page } = await person();
  const address = await link(MIRA, 1);
  await open(page, address);
  assert.deepEqual(seen, [], "without a click nothing is led anywhere");
  await page.getByRole("button", { name: "Continue to Identity" }).click();
  await page.getByRole("heading", { name: "The application" }).waitFor();
  assert.equal(page.url(), `${told.redirect}#${address.split("#")[1]}`);
  assert.deepEqual(seen, [`${redirect.pathname} undefined`], "neither the token nor where it came from is sent");
  listener.close();
}

export async function linkWithoutScript() {
  const { page } = await person({ javaScriptEnabled: false });
  const laptop = await person();
  await asked(laptop.page, MIRA);
  await page.goto(await link(MIRA, 1));
  // A driven browser parses pages as one with scripts does: what stands for those without is there as text.
  assert.match(await page.locator("noscript").textContent(), /This page needs JavaScript to read the link\./);
  assert.equal(page.url().split("#")[0], url("/link"), "and nothing else happens");
  // And a script that finds nothing to read says so.
  await laptop.page.goto(url("/link"));
  await laptop.page.getByText("There is no link in this address.").waitFor();
  await isAccessible(laptop.page, "no link");
}

export async function notMe() {
  const [owner, stranger] = [await person(), await person()];
  await signedIn(owner.page, MIRA);
  await asked(stranger.page, MIRA);
  const right = await number(stranger.page);
  const digits = await code(MIRA, 2);
  await open(owner.page, await link(MIRA, 2));
  await owner.page.getByLabel("End all my sessions, too").check();
  await owner.page.getByRole("button", { name: "This was not me" }).click();
  await owner.page.getByText("The link and its code no longer work.").waitFor();
  await owner.page.goto(url("/account"));
  assert.equal(owner.page.url(), url("/sign-in"), "every session has ended");
  await stranger.page.goto(url("/sign-in/code"));
  assert.equal(await stranger.page.locator("#code").count(), 0, "there is nothing left to enter");
  assert.ok(right && digits);
}

// What opens, renders, runs and follows everything in a message, and on the pages behind it, but fills in and clicks nothing.
export async function scanner() {
  const { page } = await person();
  await asked(page, MIRA);
  const right = await number(page);
  const address = await link(MIRA, 1);
  const mail = (await message(MIRA, 1)).replaceAll("=\n", "").replaceAll("=3D", "=");
  const found = [...new Set(mail.match(/https?:\/\/[^\s"<>]+/g))].filter((one) => one.startsWith(told.base));
  assert.ok(found.includes(address));
  const robot = await person();
  for (const one of found) {
    for (const method of ["GET", "HEAD", "GET"]) await fetch(one, { method });
    for (let round = 0; round < 3; round += 1) {
      await robot.page.goto(one);
      await robot.page.waitForURL("**/link/inspect");
      const links = await robot.page.locator("a").evaluateAll((all) => all.map((each) => each.href));
      for (const next of links) await fetch(next);
      const forms = await robot.page.locator("form").evaluateAll((all) => all.map((each) => each.action));
      for (const next of forms) for (const method of ["GET", "HEAD"]) await fetch(next, { method });
      await robot.page.reload().catch(() => {});
    }
  }
  await robot.context.close();
  await page.goto(url("/sign-in/code"));
  await page.getByText("Attempts left: 5").waitFor();
  const phone = await person();
  await open(phone.page, address);
  await enterNumber(phone.page, right);
  await phone.page.getByText("Approved.").waitFor();
  await page.waitForURL("**/account");
}
