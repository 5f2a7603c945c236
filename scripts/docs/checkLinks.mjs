// Every link of a built site that stays within it leads to a file that is there, and its # to an element of that page.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, posix } from 'node:path';

/** What a page names: addresses of links, images, scripts and styles, and the ids that links may lead to. */
function namedIn(html) {
  const addresses = [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map(([, address]) =>
    address.replaceAll('&amp;', '&'),
  );
  const ids = new Set([...html.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id.replaceAll('&amp;', '&')));
  return { addresses, ids };
}

/** A sentence for each broken link of the pages below a folder; `base` is where the folder lies on its host. */
export function checkLinks(site, base = '/') {
  const files = readdirSync(site, { recursive: true }).map((file) => String(file).replaceAll('\\', '/'));
  const pages = new Map(
    files
      .filter((file) => file.endsWith('.html'))
      .map((file) => [file, namedIn(readFileSync(join(site, file), 'utf8'))]),
  );
  const broken = [];
  for (const [page, { addresses }] of pages) {
    if (page.startsWith('lab/')) continue; // its own tests look at it
    for (const address of addresses) {
      if (/^(?:[a-z]+:|\/\/)/.test(address)) continue;
      const [path, hash] = address.split('#');
      const within = path.startsWith('/') ? path : posix.join(base, posix.dirname(page), path || posix.basename(page));
      if (!within.startsWith(base)) {
        broken.push(`${page}: ${address} leaves the site.`);
        continue;
      }
      const target = decodeURI(within.slice(base.length).split('?')[0]) || 'index.html';
      const file = target.endsWith('/') ? `${target}index.html` : target;
      if (!existsSync(join(site, file)) || statSync(join(site, file)).isDirectory())
        broken.push(`${page}: ${address} leads nowhere.`);
      else if (
        hash &&
        pages.has(file) &&
        !file.startsWith('lab/') &&
        !pages.get(file).ids.has(decodeURIComponent(hash))
      )
        broken.push(`${page}: ${address} leads to no place of that page.`);
    }
  }
  return [...new Set(broken)];
}
