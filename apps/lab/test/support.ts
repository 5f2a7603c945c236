// A built site, served as `npm run lab` serves it or as a host without headers would, and a browser to open it in.
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { preview } from 'vite';
import { afterAll } from 'vitest';
// @ts-expect-error a script without types, shared with setup.mjs
import { needBrowser } from '../../../scripts/browser.mjs';

const lab = fileURLToPath(new URL('..', import.meta.url));
export const site: string = `${lab}dist/site/`;

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves the built site; `plain` sends none of the headers that isolate a page. */
export async function serve(options: { plain?: boolean } = {}): Promise<Served> {
  const server = await preview({
    configFile: `${lab}vite.config.ts`,
    logLevel: 'error',
    preview: { port: 0, host: '127.0.0.1', strictPort: false, ...(options.plain ? { headers: {} } : {}) },
    ...(options.plain ? { plugins: [withoutHeaders] } : {}),
  });
  const address = server.httpServer.address();
  if (address === null || typeof address === 'string') throw new Error('The preview server has no port.');
  return { url: `http://127.0.0.1:${address.port}/`, close: () => server.close() };
}

const withoutHeaders = {
  name: 'without-headers',
  configurePreviewServer(server: {
    middlewares: { use(handler: (q: unknown, r: HeaderSink, next: () => void) => void): void };
  }) {
    server.middlewares.use((_, response, next) => {
      const set = response.setHeader.bind(response);
      response.setHeader = (name, value) => (/^cross-origin-/i.test(name) ? response : set(name, value));
      next();
    });
  },
};
interface HeaderSink {
  setHeader(name: string, value: string): unknown;
}

/** Root in a container may not use Chromium's sandbox. */
const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];

export const launch = (...flags: readonly string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: needBrowser() as string,
    args: [...sandbox, '--disable-dev-shm-usage', ...flags],
  });

/** The site and a browser for one file of tests; both are closed behind its last one. */
export async function siteInBrowser(): Promise<{ browser: Browser; served: Served }> {
  const [browser, served] = await Promise.all([launch(), serve()]);
  afterAll(() => Promise.all([browser.close(), served.close()]));
  return { browser, served };
}

export interface Opened {
  readonly page: Page;
  readonly errors: string[];
}

/** Follows a link in a page that is there, in place of loading another one, until the bench shows what it names. */
export async function visit(page: Page, link: string): Promise<void> {
  await page.evaluate(
    (hash) =>
      new Promise<void>((followed) => {
        history.replaceState(null, '', '#'); // the same link is followed again
        addEventListener('hashchange', () => setTimeout(followed), { once: true });
        location.hash = hash;
      }),
    link,
  );
  await page.getByTestId('under-way').waitFor({ state: 'detached', timeout: 110_000 });
  await page.getByTestId('look-under-way').waitFor({ state: 'detached' });
}

/** A page whose console errors and uncaught errors are collected: a test asks that there were none. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions & { readonly before?: (page: Page) => Promise<void> } = {},
): Promise<Opened> {
  const { before, ...rest } = options;
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...rest });
  const page = await context.newPage();
  await before?.(page);
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}

export const numberIn = async (page: Page, testId: string): Promise<number> =>
  Number((await page.getByTestId(testId).innerText()).replace('−', '-'));

/** Waits until the page says that so many steps are done. */
export async function untilStep(page: Page, step: number, timeout = 60_000): Promise<void> {
  await page.waitForFunction(
    (wanted) => Number(document.querySelector('[data-testid="step"]')?.textContent) >= wanted,
    step,
    { timeout },
  );
}

/** Waits until the training rests, so that what is shown stays. */
export async function untilStill(page: Page): Promise<void> {
  await page.waitForFunction(() => /Train/.test(document.querySelector('[data-testid="play"]')?.textContent ?? ''));
}

/** The fingerprint of the weights at a step, once they are shown: step and fingerprint are read off one element. */
export const fingerprintOf = (page: Page, step: number): Promise<string> =>
  page.locator(`.fingerprint[data-step="${step}"]`).innerText({ timeout: 60_000 });

/** The same, once that step is trained and the page rests. */
export async function fingerprintAt(page: Page, step: number): Promise<string> {
  await untilStep(page, step);
  await untilStill(page);
  return fingerprintOf(page, step);
}
