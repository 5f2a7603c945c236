// A real SLURM of two nodes with one core each on this machine, from Debian's slurm-wlm and munge; as root.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why tests of SLURM are skipped; undefined where it can be started. */
export const noSlurm: string | undefined =
  process.getuid?.() !== 0
    ? 'starting SLURM needs root'
    : ['/usr/sbin/slurmctld', '/usr/sbin/slurmd', '/usr/sbin/munged'].every(existsSync)
      ? undefined
      : 'slurm-wlm and munge are not installed';

const run = (command: string, ...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr || `code ${status}`}`);
  return stdout;
};

export class SlurmCluster {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Starts it and points this process's SLURM_CONF to it. */
  static async start(): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(mkdtempSync(join(tmpdir(), 'induction-lab-slurm-')));
    startMunge();
    for (const name of ['state', 'log', 'run', 'spool-n1', 'spool-n2']) mkdirSync(join(cluster.folder, name));
    process.env.SLURM_CONF = join(cluster.folder, 'slurm.conf');
    writeFileSync(process.env.SLURM_CONF, configOf(cluster.folder));
    run('/usr/sbin/slurmctld', '-f', process.env.SLURM_CONF);
    for (const node of ['n1', 'n2']) run('/usr/sbin/slurmd', '-f', process.env.SLURM_CONF, '-N', node);
    for (let tries = 0; tries < 100 && !/idle\s+2/.test(run('sinfo', '-h', '-o', '%t %D')); tries++)
      await new Promise((later) => setTimeout(later, 200));
    return cluster;
  }

  private pid(name: string): number | null {
    const path = join(this.folder, 'run', `${name}.pid`);
    return existsSync(path) ? Number(readFileSync(path, 'utf8')) : null;
  }

  /** A node dies with all that it does. */
  killNode(node: 'n1' | 'n2'): void {
    const daemon = this.pid(`slurmd-${node}`)!;
    // What a node does are children of its slurmstepd, which carries the node's name.
    for (const line of run('ps', '-eo', 'pid,args').split('\n')) {
      const [, pid, args] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
      if (pid && args?.startsWith('slurmstepd') && environmentNames(Number(pid), node)) killTree(Number(pid));
    }
    process.kill(daemon, 'SIGKILL');
    run('scontrol', 'update', `nodename=${node}`, 'state=down', 'reason=test');
  }

  stop(): void {
    for (const name of ['slurmd-n1', 'slurmd-n2', 'slurmctld']) {
      const pid = this.pid(name);
      try {
        if (pid !== null) process.kill(pid, 'SIGKILL');
      } catch {
        // gone already
      }
    }
    delete process.env.SLURM_CONF;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether a step daemon or one of its children runs for a node. */
function environmentNames(pid: number, node: string): boolean {
  const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .stdout.trim()
    .split(/\s+/);
  return children.filter(Boolean).some((child) => {
    try {
      return readFileSync(`/proc/${child}/environ`, 'utf8').split('\0').includes(`SLURMD_NODENAME=${node}`);
    } catch {
      return false;
    }
  });
}

function killTree(pid: number): void {
  for (const child of spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .stdout.trim()
    .split(/\s+/))
    if (child !== '') killTree(Number(child));
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended with its parent
  }
}

function startMunge(): void {
  const key = '/etc/munge/munge.key';
  if (!existsSync(key)) writeFileSync(key, randomBytes(1024));
  chmodSync(key, 0o400);
  for (const folder of ['/run/munge', '/var/log/munge', '/var/lib/munge']) mkdirSync(folder, { recursive: true });
  run('chown', 'munge:', key, '/run/munge', '/var/log/munge', '/var/lib/munge');
  if (spawnSync('pgrep', ['-x', 'munged']).status === 0) return;
  spawn('runuser', ['-u', 'munge', '--', '/usr/sbin/munged'], { stdio: 'ignore' });
}

function configOf(folder: string): string {
  const host = hostname().split('.')[0]!;
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=16917
AuthType=auth/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/run/slurmctld.pid
SlurmdPidFile=${folder}/run/slurmd-%n.pid
SlurmctldLogFile=${folder}/log/slurmctld.log
SlurmdLogFile=${folder}/log/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
SchedulerParameters=sched_interval=1
MinJobAge=300
MaxArraySize=1001
NodeName=n[1-2] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[16918-16919] CPUs=1 RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
`;
}
