// Puts the lesson into the page as HTML, so that it is there before any script runs.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { KERNELS_VERSION } from '@induction-lab/core/internal/kernels-version';
import type { Plugin } from 'vite';
import { lessonFile, readLesson } from './lesson.ts';

const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** In the page itself: a browser asks for an icon at any time, and nothing is to be loaded after the page. */
const icon = readFileSync(new URL('./icon.svg', import.meta.url)).toString('base64');

export function lessonPage(): Plugin {
  return {
    name: 'lesson-page',
    transformIndexHtml: {
      order: 'pre',
      handler(html) {
        const { html: lesson, contents, popovers } = readLesson();
        const list = contents.map(({ id, title }) => `<li><a href="#${id}">${title}</a></li>`).join('');
        return (
          html
            // Links to the bench lead to what this page trains.
            .replace(/(href="\.\/index\.html[^"#]*#[^"]+)"/g, `$1&amp;kernels=${KERNELS_VERSION}"`)
            .replace('./icon.svg', `data:image/svg+xml;base64,${icon}`)
            .replace('<!--contents-->', () => list)
            .replace('<!--lesson-->', () => lesson)
            .replace('<!--popovers-->', () => popovers)
        );
      },
    },
    configureServer(server) {
      server.watcher.add(lessonFile);
      server.watcher.on('change', (file) => {
        if (file === lessonFile) server.ws.send({ type: 'full-reload' });
      });
      // The figures' addresses are relative to this folder; a browser shortens them to /docs.
      server.middlewares.use('/docs/images/lesson', (request, response, next) => {
        const name = /^\/([\w-]+\.svg)$/.exec((request.url ?? '').split('?')[0] ?? '')?.[1];
        if (!name) return next();
        response.setHeader('Content-Type', 'image/svg+xml');
        response.end(readFileSync(`${repository}docs/images/lesson/${name}`));
      });
    },
  };
}
