// A Vulkan driver for tests of the GPU where there is no GPU: SwiftShader, which Chromium brings, computes on the CPU.
import { existsSync, mkdirSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folders in which Chromium has its libraries on Linux. */
const PLACES = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
const [DRIVER, LOADER] = ['vk_swiftshader_icd.json', 'libvulkan.so.1'];

/**
 * Environment variables for processes that test on SwiftShader; none where Chromium's is not found, or another driver is
 * named already. The loader of Vulkan is Chromium's too: a link in a folder of its own, so that nothing else is found there.
 */
export function softwareVulkan() {
  const { VK_ICD_FILENAMES, LD_LIBRARY_PATH, XDG_RUNTIME_DIR = '/run' } = process.env;
  const place = PLACES.find((folder) => existsSync(join(folder, DRIVER)) && existsSync(join(folder, LOADER)));
  if (process.platform !== 'linux' || VK_ICD_FILENAMES || place === undefined) return {};
  const folder = join(dirname(fileURLToPath(import.meta.url)), '../node_modules/.cache/vulkan');
  const link = join(folder, LOADER);
  mkdirSync(folder, { recursive: true });
  if (!existsSync(link)) symlinkSync(realpathSync(join(place, LOADER)), link);
  return {
    VK_ICD_FILENAMES: join(place, DRIVER),
    LD_LIBRARY_PATH: [folder, LD_LIBRARY_PATH].filter(Boolean).join(':'),
    XDG_RUNTIME_DIR,
  };
}
