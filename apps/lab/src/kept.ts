// What the page remembers from one visit to the next: small texts by name, and nothing where storage is not allowed.

const storage = (): Storage | null => {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null; // forbidden here
  }
};

/** What was kept under a name; null where nothing was. */
export const kept = (name: string): string | null => storage()?.getItem(`induction-lab ${name}`) ?? null;

/** Keeps a text under a name, where the browser lets the page. */
export function keep(name: string, text: string): void {
  try {
    storage()?.setItem(`induction-lab ${name}`, text);
  } catch {
    // full, or forbidden: nothing is kept
  }
}
