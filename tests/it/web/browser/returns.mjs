// What a reload, the way back and an address of the history do.

import assert from "node:assert/strict";
import { another, asked, code, link, message, person, url } from "./drive.mjs";

const MIRA = "mira@example.org";

// What was refused is not sent again: neither by a reload, nor by the way back to it.
export async function reloadAfterRefusal() {
  const { page } = await person();
  await asked(page, MIRA);
  const right = await code(MIRA, 1);
  await page.locator("#code").fill(another(right));
  await page.locator("#enter button").click();
  await page.getByText("Attempts left: 4").waitFor();
  // Longer than the pause after a wrong code: a code that is sent now counts.
  await page.waitForTimeout(1500);
  await page.reload();
  await page.getByText("Attempts left: 4").waitFor();
  assert.equal(await page.locator("#error").count(), 0, "nothing was refused anew");
  await page.locator("#code").fill(right);
  await page.locator("#enter button").click();
  await page.waitForURL("**/account");
  await page.goBack();
  await page.locator("#identifier").waitFor();
}

// Nor is what was decided on a link: the way back says what to do with a link that is wanted again.
export async function backFromLink() {
  const { page } = await person();
  await asked(page, MIRA);
  const opener = (await person()).page;
  await opener.goto(await link(MIRA, 1));
  await opener.locator("#number").waitFor();
  await opener.reload();
  await opener.locator("#number").fill(await page.locator("#match").textContent());
  await opener.locator("#confirm button").click();
  await opener.getByText("Approved.").waitFor();
  await opener.goBack();
  await opener.locator("#nothing").waitFor();
}

// Whoever comes back to a form of a sign-in that is over is told; or is where another tab has led.
export async function formThatIsOver() {
  const { context, page } = await person();
  await asked(page, MIRA);
  const other = await context.newPage();
  await other.goto(url("/sign-in/code"));
  await other.locator("#code").fill(await code(MIRA, 1));
  await other.locator("#enter button").click();
  await other.waitForURL("**/account");
  await page.locator("#code").fill(await code(MIRA, 1));
  await page.locator("#enter button").click();
  await page.waitForURL("**/account");
  await asked(page, MIRA);
  await context.clearCookies();
  await page.locator("#code").fill(await code(MIRA, 2));
  await page.locator("#enter button").click();
  await page.getByRole("status").getByText("This sign-in has ended. Ask for a new code.").waitFor();
  assert.equal(await page.locator("#identifier").count(), 1);
}

// The addresses of forms stand in the history and in old tabs; whoever opens one sees a page.
export async function addressesOfForms() {
  const { page } = await person();
  for (const [path, leads] of [
    ["/", "/sign-in"],
    ["/account/end", "/sign-in"],
    ["/account/end-others", "/sign-in"],
    ["/account/sign-out", "/sign-in"],
    ["/sign-in/resend", "/sign-in"],
    ["/sign-in/collect", "/sign-in"],
    ["/link/inspect", "/link"],
    ["/link/confirm", "/link"],
    ["/link/reject", "/link"],
  ]) {
    await page.goto(url(path));
    assert.equal(page.url(), url(leads), path);
    assert.equal(await page.locator("h1").count(), 1, path);
  }
  await asked(page, MIRA);
  await page.goto(url("/sign-in/resend"));
  assert.equal(page.url(), url("/sign-in/code"));
  await page.locator("#code").fill(await code(MIRA, 1));
  await page.locator("#enter button").click();
  await page.waitForURL("**/account");
  for (const path of ["/", "/account/end"]) {
    await page.goto(url(path));
    assert.equal(page.url(), url("/account"), path);
  }
}

// In development the links of messages work where they are read: in the text, and in what a mail program shows.
export async function linksOfTheMailbox() {
  const { context, page } = await person();
  await asked(page, MIRA);
  await message(MIRA, 1);
  const mailbox = await context.newPage();
  await mailbox.goto(url("/dev/mailbox"));
  assert.equal(await mailbox.getByRole("main").count(), 1);
  const opens = async (from) => {
    const [opened] = await Promise.all([context.waitForEvent("page"), from.click()]);
    await opened.getByText("Somebody asked to sign in").waitFor();
    await opened.close();
  };
  const text = mailbox.locator("article pre a");
  assert.equal(await text.getAttribute("href"), await link(MIRA, 1));
  await opens(text);
  await mailbox.locator("details summary").click();
  await opens(mailbox.frameLocator("iframe").locator("a").first());
}
