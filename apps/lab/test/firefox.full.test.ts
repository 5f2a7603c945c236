// The page in Firefox trains to the same bits as in Chromium, breaks a head and asks the audit.
import { expect, test } from 'vitest';
// @ts-expect-error a script without types, shared with setup.mjs
import { findFirefox } from '../../../scripts/browser.mjs';
import { Firefox } from './bidi.ts';
import { fingerprintAt, launch, openPage, serve } from './support.ts';

const path = findFirefox() as string | null;

// Left out where no Firefox is installed and none could be: the set-up script installs Debian's firefox-esr where it may.
test.skipIf(path === null)(
  'Firefox trains to the same bits with threads, and everything else works there',
  async () => {
    const served = await serve();
    const hash = '#preset=two-heads&seed=3&step=20&period=13';
    const browser = await launch();
    const firefox = await Firefox.launch(path as string);
    try {
      const { page } = await openPage(browser, served.url + hash);
      const expected = await fingerprintAt(page, 20);
      await firefox.goto(served.url + hash);
      await firefox.until(`document.querySelector('.fingerprint[data-step="20"]') !== null`);
      expect(await firefox.evaluate(`document.querySelector('.fingerprint').textContent`)).toBe(expected);
      expect(await firefox.evaluate(`document.querySelector('[data-testid="threads"]').textContent`)).toContain(
        'shared',
      );
      await firefox.evaluate(`document.querySelector('.tile .ablate').click()`);
      await firefox.until(`document.querySelector('[data-testid="loss-intact"]') !== null`);
      await firefox.evaluate(`document.querySelector('[data-testid="audit"]').click()`);
      await firefox.until(`document.querySelector('.verdict .word b')?.textContent === 'not learned'`);
    } finally {
      await Promise.all([firefox.close(), browser.close(), served.close()]);
    }
  },
);
