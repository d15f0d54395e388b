// A real browser for one scenario. The test that started it answers what only it can do: it moves the clock of the service.
// node drive.mjs '{"tools": …, "base": …, "mailbox": …, "scenario": …, "redirect": …, "screenshots": …}'

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

export const told = JSON.parse(process.argv[2]);
const require = createRequire(`${told.tools}/npm/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

// Has the test do something, and waits until it is done.
export async function ask(what) {
  process.stdout.write(`${JSON.stringify(what)}\n`);
  const { value } = await answers.next();
  assert.equal(value, "done");
}

export const url = (path) => `${told.base}${path}`;

// The text of each message to an address, the oldest first.
export function messages(to) {
  let names = [];
  try { names = readdirSync(told.mailbox); } catch { return []; }
  const read = (name) => readFileSync(`${told.mailbox}/${name}`, "utf8").replaceAll("\r\n", "\n");
  const all = names.filter((name) => name.endsWith(".eml") || name.endsWith(".txt")).sort().map(read);
  return all.filter((text) => text.includes(`\nTo: ${to}\n`) || text.startsWith(`To: ${to}\n`));
}

// Waits for the message with that place, counted from 1.
export async function message(to, nth) {
  for (let tries = 0; tries < 1000; tries += 1) {
    const found = messages(to)[nth - 1];
    if (found) return found;
    await pause(10);
  }
  throw new Error(`no message ${nth} to ${to}`);
}

// Waits for the code in that message.
export async function code(to, nth) {
  const text = await message(to, nth);
  const [found] = text.slice(text.indexOf("\n\n")).match(/\b\d{6}\b/);
  return found;
}

// Waits for the magic link in that message.
export async function link(to, nth) {
  const text = (await message(to, nth)).replaceAll("=\n", "").replaceAll("=3D", "=");
  const [found] = text.match(/http:\/\/[^\s"<>]+\/link#[\w-]+/);
  return found;
}

export const another = (right) => (right.startsWith("1") ? "2" : "1") + right.slice(1);

// A person's browser: `page` is its one tab. What a page may not do and does is noted, and fails the scenario.
export async function person(options = {}) {
  const context = await browser.newContext({ locale: "en-GB", timezoneId: "Europe/Berlin", ...options });
  await context.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  context.on("weberror", (error) => wrong.push(`${error.error()}`));
  context.on("console", (line) => {
    const expected = /the server responded with a status of (400|403|404|409|422|429)|net::ERR_FAILED/;
    if (line.type() === "error" && !expected.test(line.text())) wrong.push(line.text());
  });
  return { context, page: await context.newPage() };
}

// Asks for a code, and gives the person's page where it is entered.
export async function asked(page, email, path = "/sign-in") {
  await page.goto(url(path));
  await page.locator("#identifier").fill(email);
  await page.locator("main form button").click();
  await page.waitForURL("**/sign-in/code");
}

// Signs in by a code; `nth` is how many messages to the address there are then.
export async function signedIn(page, email, nth = 1) {
  await asked(page, email);
  await page.locator("#code").fill(await code(email, nth));
  await page.locator("#enter button").click();
  await page.waitForURL("**/account");
}

// Nothing that a screen reader stumbles over, at the level of WCAG 2.2 AA and of good practice.
export async function isAccessible(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
  assert.deepEqual(found, [], `${what}: ${found.join("\n")}`);
}

// Nothing stands beside the window.
export async function fits(page, what) {
  const [wide, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(wide <= window, `${what}: ${wide} of ${window} pixels`);
}

const wrong = [];
let browser;

// Runs the scenario that was asked for. A browser that runs as root has no sandbox to be in.
export async function run(scenarios) {
  const server = await chromium.launchServer({
    executablePath: "/usr/bin/chromium",
    chromiumSandbox: process.getuid() !== 0,
    args: ["--force-color-profile=srgb", "--font-render-hinting=none"],
  });
  try {
    await ask({ browser: server.process().pid });
    browser = await chromium.connect(server.wsEndpoint());
    await scenarios[told.scenario]();
    assert.deepEqual(wrong, [], "what a page may not do");
  } finally {
    await server.close();
  }
  process.exit(0);
}
