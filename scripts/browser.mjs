// Finds an installed Chrome or Chromium for the tests of the web lab. With --install, where there is none and apt-get may
// be used, installs Debian's `chromium`; otherwise says exactly what to do and fails.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const PLACES = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: ['ProgramFiles', 'ProgramFiles(x86)', 'LocalAppData'].map((folder) =>
    join(process.env[folder] ?? 'C:\\', 'Google\\Chrome\\Application\\chrome.exe'),
  ),
};

/** Path of the browser, or null. CHROME_PATH, where it is set, has the first word. */
export function findBrowser() {
  const { CHROME_PATH, PATH = '' } = process.env;
  if (CHROME_PATH) return existsSync(CHROME_PATH) ? CHROME_PATH : null;
  const onPath = PATH.split(delimiter).flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...onPath, ...(PLACES[process.platform] ?? [])].find((path) => existsSync(path)) ?? null;
}

/** Path of an installed Firefox, or null. Its test is left out without one. */
export function findFirefox() {
  const { FIREFOX_PATH, PATH = '' } = process.env;
  if (FIREFOX_PATH) return existsSync(FIREFOX_PATH) ? FIREFOX_PATH : null;
  const names = ['firefox-esr', 'firefox'];
  return (
    PATH.split(delimiter)
      .flatMap((folder) => names.map((name) => join(folder, name)))
      .find((path) => existsSync(path)) ?? null
  );
}

const mayInstall = () => process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');

function install(name) {
  console.error(`Installing ${name} for the tests of the web lab (once) ...`);
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2] }).status === 0;
  return apt('update', '-qq') && apt('install', '-y', '-qq', '--no-install-recommends', name);
}

const HELP = {
  linux: 'install Debian’s or your distribution’s `chromium` package (on Debian: apt-get install chromium)',
  darwin: 'install Google Chrome from google.com/chrome',
  win32: 'install Google Chrome from google.com/chrome',
};

/** The same, installed where that is possible. Throws an Error that says what to do. */
export function needBrowser() {
  const found = findBrowser();
  if (found) return found;
  if (process.env.CHROME_PATH)
    throw new Error(`CHROME_PATH names ${process.env.CHROME_PATH}, which does not exist; correct it or leave it out.`);
  if (mayInstall()) install('chromium');
  const installed = findBrowser();
  if (installed) return installed;
  const how = HELP[process.platform] ?? 'install Chrome or Chromium';
  throw new Error(
    `The tests of the web lab need an installed Chrome or Chromium, and there is none: ${how}, or set CHROME_PATH to the program’s path.`,
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  try {
    const wanted = process.argv.includes('--install');
    console.log(wanted ? needBrowser() : (findBrowser() ?? 'none'));
    // Firefox is welcome, not needed.
    if (wanted && !findFirefox() && mayInstall()) install('firefox-esr');
  } catch (error) {
    console.error(`setup: ${error.message}`);
    process.exit(1);
  }
