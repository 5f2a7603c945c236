// Whole tasks without a pointer: by the keyboard alone, and by what a screen reader is told (Chromium's accessibility tree).
import type { CDPSession, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { openPage, siteInBrowser, untilStep, untilStill } from './support.ts';

const { browser, served } = await siteInBrowser();

/** A run that trains in moments. */
const TINY = 'preset=literal-1-layer&seed=1&heads=2&batch=8';

/** What has the focus: its name, and whether a ring shows it. */
const focused = (page: Page): Promise<{ name: string; ring: boolean }> =>
  page.evaluate(() => {
    const element = document.activeElement as HTMLElement;
    const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element);
    const name = element.getAttribute('aria-label') ?? element.textContent?.replace(/\s+/g, ' ').trim() ?? '';
    return {
      name: element === document.body ? 'body' : name || element.id || element.tagName,
      ring:
        element.matches(':focus-visible') &&
        ((outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none'),
    };
  });

test('by the keyboard alone: train, scrub, guess, break, audit, read the evidence, come back; the focus is seen and never lost', async () => {
  const { page, errors } = await openPage(browser, `${served.url}#${TINY}`);
  await page.locator('#bench').getByRole('button', { name: 'Audit this model' }).waitFor({ timeout: 60_000 });
  /** Tabs, forwards or back, to what has this name; each stop on the way has a ring and is somewhere. */
  const reach = async (name: RegExp, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> => {
    for (let presses = 0; presses < 120; presses++) {
      const at = await focused(page);
      if (name.test(at.name)) return;
      await page.keyboard.press(key);
      const next = await focused(page);
      if (next.name !== 'body') expect(next, `after ${at.name}`).toMatchObject({ ring: true });
    }
    throw new Error(`${name} cannot be reached by ${key}`);
  };
  const keeps = async (name: RegExp): Promise<void> => expect((await focused(page)).name).toMatch(name);

  // From the top: the first stop leads to the bench.
  await page.keyboard.press('Tab');
  await keeps(/^To the bench$/);
  await page.keyboard.press('Enter');
  await reach(/^▶ Train$/);
  await page.keyboard.press('Enter');
  await untilStep(page, 12);
  await page.keyboard.press('Enter');
  await untilStill(page);
  await keeps(/Train$/);
  const step = Number(await page.getByTestId('step').innerText());

  await reach(/^scrub$/);
  await page.keyboard.press('Home');
  await page.locator('.fingerprint[data-step="0"]').waitFor();
  await page.keyboard.press('End');
  await page.locator(`.fingerprint[data-step="${step}"]`).waitFor();
  await reach(/^◀ Backwards$/);
  await page.keyboard.press('Enter');
  await page.locator('.fingerprint[data-step="0"]').waitFor({ timeout: 30_000 });
  await keeps(/Backwards$/); // idle now, and not gone
  await reach(/^Resume from here$/);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelector('[data-testid="step"]')?.textContent === '0');
  await keeps(/^Resume from here$/);
  await page.keyboard.press('Shift+Tab');

  // Guess a head, then see.
  await reach(/^L0H1: attention pattern, enlarge$/);
  await page.keyboard.press('Enter');
  await page.locator('#enlarged-title').getByText('L0H1').waitFor();
  await keeps(/^L0H1/);
  await reach(/^I guess L0H1$/);
  await page.keyboard.press('Enter');
  await page.getByTestId('guess').getByText('Your guess: L0H1').waitFor();
  await reach(/^Close$/);
  await page.keyboard.press('Enter');
  await page.locator('#enlarged-title').waitFor({ state: 'detached' });
  await keeps(/^L0H1: attention pattern, enlarge$/); // where one came from

  // Break it, and mend it from the chip that goes away.
  await page.keyboard.press('Tab');
  await keeps(/^switch off L0H1$/);
  await page.keyboard.press('Space');
  await page.getByTestId('loss-intact').waitFor();
  await keeps(/^off L0H1$/);
  await reach(/^Restore L0H1$/);
  await page.keyboard.press('Enter');
  await page.getByTestId('loss-intact').waitFor({ state: 'detached' });
  await keeps(/^Break it$/);

  // The readout of a token, put away by Escape.
  await reach(/^Sequence of 50 tokens/, 'Shift+Tab');
  await page.keyboard.press('ArrowRight');
  await page.getByTestId('cell').waitFor();
  await page.keyboard.press('Escape');
  await page.getByTestId('cell').waitFor({ state: 'detached' });
  await keeps(/^Sequence of 50 tokens/);

  // The verdict, from its badge; then its numbers.
  await reach(/^verdict not asked yet$/, 'Shift+Tab');
  await page.keyboard.press('Enter');
  await page.locator('.verdict .word').waitFor({ timeout: 60_000 });
  await keeps(/^verdict not learned$/);
  await reach(/^Numbers that decided$/);
  await page.keyboard.press('Enter');
  await page.getByRole('table', { name: 'Numbers that decided' }).waitFor();
  await page.getByTestId('guess').getByText('You guessed L0H1 at step 0. The audit calls it').waitFor();

  // A button of the lesson, and the way back: Undo goes with its last step, the focus does not.
  await page.locator('[data-exercise="one-data-knob"]').getByRole('button', { name: 'Set the bench up' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('preset=literal&'));
  await keeps(/^Set the bench up$/);
  await page.locator('#bench').focus();
  await reach(/^Undo back to literal-1-layer/);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('preset=literal-1-layer&'));
  await keeps(/Train$/);
  await page.locator('[data-exercise="one-data-knob"]').getByRole('button', { name: 'Set the bench up' }).focus();
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('preset=literal&'));
  await page.goBack();
  await page.waitForFunction(() => location.hash.includes('preset=literal-1-layer&'));
  expect((await focused(page)).name).not.toBe('body');
  expect(errors).toEqual([]);
  await page.context().close();
}, 120_000);

interface Node {
  readonly role: string;
  readonly name: string;
  readonly states: Readonly<Record<string, unknown>>;
  readonly id: number;
}

interface RawNode {
  readonly ignored: boolean;
  readonly role?: { value: string };
  readonly name?: { value: string };
  readonly properties?: readonly { name: string; value: { value?: unknown } }[];
  readonly backendDOMNodeId?: number;
}

/** What a screen reader is told: roles, names and states, and presses by them alone. */
class Reader {
  private readonly session: CDPSession;
  constructor(session: CDPSession) {
    this.session = session;
  }

  async all(role?: string): Promise<Node[]> {
    const { nodes } = (await this.session.send('Accessibility.getFullAXTree')) as unknown as { nodes: RawNode[] };
    return nodes
      .filter((node) => !node.ignored && (role === undefined || node.role?.value === role))
      .map(({ role: kind, name, properties = [], backendDOMNodeId = 0 }) => ({
        ...{ role: kind?.value ?? '', name: name?.value ?? '', id: backendDOMNodeId },
        states: Object.fromEntries(properties.map((one) => [one.name, one.value.value])),
      }));
  }

  /** The one of this role and name, once it is there. */
  async find(role: string, name: RegExp): Promise<Node> {
    for (const until = Date.now() + 15_000; Date.now() < until; ) {
      const found = (await this.all(role)).find((node) => name.test(node.name));
      if (found) return found;
      await new Promise((next) => setTimeout(next, 50));
    }
    throw new Error(`No ${role} ${name}; there are ${(await this.all(role)).map((node) => node.name).join(' | ')}`);
  }

  async press(role: string, name: RegExp): Promise<void> {
    const { id } = await this.find(role, name);
    const { object } = (await this.session.send('DOM.resolveNode', { backendNodeId: id })) as unknown as {
      object: { objectId: string };
    };
    await this.session.send('Runtime.callFunctionOn', {
      ...{ objectId: object.objectId, functionDeclaration: 'function () { this.click(); }' },
    });
  }
}

/** Notes what live regions come to say, as a screen reader would read it out. */
const listen = (page: Page): Promise<void> =>
  page.evaluate(() => {
    const heard: string[] = [];
    (window as unknown as { heard: string[] }).heard = heard;
    new MutationObserver((changes) => {
      for (const { target } of changes) {
        const element = target instanceof Element ? target : target.parentElement;
        const region = element?.closest('[aria-live], [role="status"], [role="alert"], output');
        if (!region || region.getAttribute('aria-live') === 'off') continue;
        const text = region.textContent?.replace(/\s+/g, ' ').trim() ?? '';
        if (text !== '' && heard.at(-1) !== text) heard.push(text);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
/** What was said since it was asked last. */
const heard = (page: Page): Promise<string[]> =>
  page.evaluate(() => (window as unknown as { heard: string[] }).heard.splice(0));

test('by what a screen reader is told: everything has a name and its state, and what happens is said once', async () => {
  const { page, errors } = await openPage(browser, `${served.url}#${TINY}`);
  const session = await page.context().newCDPSession(page);
  await session.send('Accessibility.enable');
  const reader = new Reader(session);
  await reader.find('button', /^Audit this model$/);
  for (const role of [
    'button',
    'slider',
    'checkbox',
    'textbox',
    'spinbutton',
    'combobox',
    'link',
    'image',
    'group',
    'region',
  ])
    for (const { name, states } of await reader.all(role))
      if (role !== 'group' || states.focusable) expect(name, `a ${role} without a name`).not.toBe('');
  await listen(page);

  // Training says nothing of each step.
  await reader.press('button', /^▶? ?Train$/);
  await untilStep(page, 60);
  await reader.press('button', /Pause$/);
  await untilStill(page);
  expect((await heard(page)).length).toBeLessThan(4);
  expect((await reader.find('slider', /^timeline$/)).states).toMatchObject({ focusable: true });
  await page.getByTestId('look-under-way').waitFor({ state: 'detached' });

  // A head is enlarged, guessed and switched off: each button says what it is now, and the loss is told.
  const pattern = /^L0H1: attention pattern, enlarge$/;
  expect((await reader.find('button', pattern)).states.pressed).toBe('false');
  await reader.press('button', pattern);
  await reader.find('heading', /^L0H1/);
  expect((await reader.find('button', pattern)).states.pressed).toBe('true');
  await reader.press('button', /^I guess L0H1$/);
  await heard(page);
  await reader.press('button', /^switch off L0H1$/);
  expect((await reader.find('button', /^off L0H1$/)).states.pressed).toBe('true');
  await page.getByTestId('loss-intact').waitFor();
  const loss = (await heard(page)).filter((said) => /^loss on the repeat [\d.]+ nats.*\(intact [\d.]+\)$/.test(said));
  expect(loss).toHaveLength(1);
  await reader.press('button', /^off L0H1$/);
  await page.getByTestId('loss-intact').waitFor({ state: 'detached' });

  // The verdict is said, and found.
  await heard(page);
  await reader.press('button', /^Audit this model$/);
  await reader.find('button', /^verdict (induction|positional shortcut|not learned|mixed|other circuit)$/);
  const verdict = (await heard(page)).filter((said) =>
    /^(induction|positional shortcut|not learned|mixed|other circuit)/.test(said),
  );
  expect(verdict.length).toBeGreaterThan(0);
  expect(new Set(verdict.map((said) => said.slice(0, 60))).size).toBe(1);
  await reader.find('image', /^Loss on the repeat at periods \d+ to 25; solved: /);

  // What a button of the lesson opens is said once, however many steps it trains.
  await page.evaluate(() => {
    location.hash = 'preset=literal-1-layer&seed=2&heads=2&batch=8&step=80&period=9';
  });
  await untilStep(page, 80);
  await page.getByTestId('under-way').waitFor({ state: 'detached' });
  const opening = (await heard(page)).filter((said) => /literal-1-layer, seed 2/.test(said));
  expect(opening).toEqual(['literal-1-layer, seed 2 is being opened']);
  expect(errors).toEqual([]);
  await page.context().close();
}, 120_000);
