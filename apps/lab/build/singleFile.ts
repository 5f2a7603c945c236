// Puts scripts and styles into the page, so that it opens from a local folder, where a browser loads no modules.
import type { Plugin } from 'vite';

export function singleFile(): Plugin {
  return {
    name: 'single-file',
    apply: 'build',
    enforce: 'post',
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const page = Object.values(bundle).find((f) => f.fileName.endsWith('.html'));
        if (page?.type !== 'asset') return;
        let html = String(page.source);
        for (const [name, file] of Object.entries(bundle)) {
          const quoted = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
          if (file.type === 'chunk') {
            // A script may not contain its own end tag; as a function, `replace` reads no patterns in the code.
            const code = file.code.replaceAll('</script', '<\\/script');
            html = html.replace(new RegExp(`<script[^>]*src="[^"]*${quoted}"[^>]*></script>`), '');
            html = html.replace('</body>', () => `<script type="module">${code}</script>\n  </body>`);
          } else if (name.endsWith('.css')) {
            const css = String(file.source);
            html = html.replace(new RegExp(`<link[^>]*href="[^"]*${quoted}"[^>]*>`), () => `<style>${css}</style>`);
          } else continue;
          delete bundle[name];
        }
        page.source = html;
      },
    },
  };
}
