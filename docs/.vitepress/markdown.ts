// What our rules need of markdown-it: each may change the tokens of a page.

export interface Token {
  type: string;
  tag: string;
  info: string;
  content: string;
  hidden: boolean;
  children: Token[] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

/** A page, and where it lies. */
interface Page {
  readonly tokens: Token[];
  readonly env: { readonly path?: string };
}

export interface Markdown {
  readonly core: { readonly ruler: { push(name: string, rule: (page: Page) => void): void } };
}
