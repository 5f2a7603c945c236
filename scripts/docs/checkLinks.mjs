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

/** A sentence for each address that leads nowhere, with the first page that has it; `base` is where the folder lies on its host. */
export function checkLinks(site, base = '/') {
  const files = readdirSync(site, { recursive: true }).map((file) => String(file).replaceAll('\\', '/'));
  const pages = new Map(
    files
      // The lab's own tests look at its pages.
      .filter((file) => file.endsWith('.html') && !file.startsWith('lab/'))
      .map((file) => [file, namedIn(readFileSync(join(site, file), 'utf8'))]),
  );
  const broken = new Map();
  const found = (address, page, fault) => {
    if (!broken.has(address)) broken.set(address, `${page}: ${address} ${fault}.`);
  };
  for (const [page, { addresses }] of pages)
    for (const address of addresses) {
      if (/^(?:[a-z]+:|\/\/)/.test(address)) continue;
      const [path, hash] = address.split('#');
      const within = path.startsWith('/') ? path : posix.join(base, posix.dirname(page), path || posix.basename(page));
      const target = decodeURI(within.slice(base.length).split('?')[0]);
      const file = target === '' || target.endsWith('/') ? `${target}index.html` : target;
      if (!within.startsWith(base)) found(address, page, 'leaves the site');
      else if (!existsSync(join(site, file)) || statSync(join(site, file)).isDirectory())
        found(address, page, 'leads nowhere');
      else if (hash && pages.has(file) && !pages.get(file).ids.has(decodeURIComponent(hash)))
        found(address, page, 'leads to no place of that page');
    }
  return [...broken.values()];
}
