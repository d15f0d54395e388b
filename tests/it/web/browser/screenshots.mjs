// Pictures of every page, in phone and desktop width, light and dark.

import { mkdirSync } from "node:fs";
import { another, asked, code, link, person, signedIn, told, url } from "./drive.mjs";

const WINDOWS = [["phone", { width: 390, height: 844 }], ["desktop", { width: 1280, height: 800 }]];

export async function screenshots() {
  mkdirSync(told.screenshots, { recursive: true });
  let round = 0;
  for (const colorScheme of ["light", "dark"]) {
    for (const [width, viewport] of WINDOWS) {
      round += 1;
      const email = `mira.${round}@example.org`;
      const { context, page } = await person({ colorScheme, viewport, reducedMotion: "reduce" });
      const take = (name) => page.screenshot({
        path: `${told.screenshots}/${name}-${width}-${colorScheme}.png`, caret: "hide", animations: "disabled",
      });
      await page.goto(url("/sign-in"));
      await take("sign-in");
      await asked(page, email);
      await take("code");
      const opener = await person({ colorScheme, viewport });
      await opener.page.goto(await link(email, 1));
      await opener.page.waitForURL("**/link/inspect");
      await opener.page.screenshot({ path: `${told.screenshots}/link-${width}-${colorScheme}.png`, caret: "hide" });
      await opener.context.close();
      await page.locator("#code").fill(another(await code(email, 1)));
      await page.locator("#enter button").click();
      await page.getByRole("alert").first().waitFor();
      await take("code-refused");
      await page.locator("#code").fill(await code(email, 1));
      await page.locator("#enter button").click();
      await page.waitForURL("**/account");
      const phone = await person({ userAgent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1" });
      await signedIn(phone.page, email, 2);
      await phone.context.close();
      await page.reload();
      await take("sessions");
      await page.goto(url("/sign-in?client_id=nobody&redirect_uri=x"));
      await take("trouble");
      await context.close();
    }
  }
}
