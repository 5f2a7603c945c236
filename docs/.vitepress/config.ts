// The documentation site. Its pages are docs/*.md, which are read on a code host too; scripts/docs/build.mjs makes the
// reference from the program before this runs.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { emptyCorners } from './emptyCorners.ts';
import { pages } from './pages.ts';
import { programs } from './programs.ts';
import { repositoryLinks } from './repositoryLinks.ts';
import { themedImages } from './themedImages.ts';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const base = process.env.DOCS_BASE ?? '/';

/** The rooms of the reference, which TypeDoc has written; none before it has run. */
const rooms = (): { text: string; link: string }[] =>
  existsSync(at('../api/rooms.json')) ? JSON.parse(readFileSync(at('../api/rooms.json'), 'utf8')) : [];

export default defineConfig({
  title: 'induction-lab',
  description: 'Has this transformer learned induction, by which heads, and how do we know?',
  lang: 'en',
  base,
  cleanUrls: false,
  metaChunk: true,
  vite: { server: { fs: { allow: [at('../..')] } }, build: { chunkSizeWarningLimit: 4000 }, logLevel: 'warn' },
  markdown: {
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      programs(md);
      emptyCorners(md);
      repositoryLinks(md, at('../..'));
      themedImages(md);
    },
  },
  // The lab is put beside the pages after they are built; scripts/docs/checkLinks.mjs looks at every link of the whole.
  ignoreDeadLinks: [/\/lab\//],
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}icon.svg` }]],
  themeConfig: {
    logo: '/icon.svg',
    nav: [
      { text: 'Start', link: '/' },
      { text: 'Guides', link: '/guides/own-task', activeMatch: '/guides/' },
      { text: 'Gallery', link: '/gallery' },
      { text: 'Reference', link: '/api/', activeMatch: '/(api|commands)/' },
      { text: 'Lab', link: '/lab/index.html', target: '_self', rel: '', noIcon: true },
    ],
    sidebar: pages(rooms()),
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    docFooter: { prev: 'Before', next: 'Next' },
    externalLinkIcon: false,
  },
});
