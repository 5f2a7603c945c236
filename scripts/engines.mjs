// What tests of sweeps run on besides this machine's cores: Redis, and SLURM for the slow ones. Where apt-get may be used they
// are installed, once; elsewhere their tests are skipped, and this says so. node scripts/engines.mjs redis-server slurm-wlm munge
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program of each package that shows whether it is there. */
const PROGRAMS = {
  'redis-server': ['redis-server', 'valkey-server'],
  'slurm-wlm': ['slurmctld'],
  munge: ['munged'],
};

const isThere = (name) =>
  PROGRAMS[name].some((program) =>
    [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some((folder) => existsSync(join(folder, program))),
  );

const missing = process.argv.slice(2).filter((name) => !isThere(name));
if (missing.length > 0) {
  const may = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  const apt = (...args) => spawnSync('apt-get', args, { stdio: ['ignore', 2, 2] }).status === 0;
  if (may) console.error(`Installing ${missing.join(', ')} for the tests of sweeps (once) ...`);
  if (!may || !apt('update', '-qq') || !apt('install', '-y', '-qq', '--no-install-recommends', ...missing))
    console.error(
      `${missing.join(', ')} could not be installed: the tests of sweeps that need it are skipped (on Debian as root: apt-get install ${missing.join(' ')}).`,
    );
}
