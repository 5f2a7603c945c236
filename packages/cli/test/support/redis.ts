// A real Redis server for tests, where one is installed (scripts/setup.mjs installs Debian's as root; elsewhere
// redis-server or valkey-server on the PATH), and a line to it that can be cut.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SERVER = ['redis-server', 'valkey-server'].find((name) => spawnSync(name, ['--version']).status === 0);

/** Why tests of queues are skipped; undefined where there is a server. */
export const noRedis: string | undefined = SERVER === undefined ? 'no redis-server is installed' : undefined;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** How a server is secured: a certificate that signs itself, for localhost, and a password. */
export interface Secured {
  readonly certificate: string;
  readonly key: string;
  readonly password: string;
}

/** Makes a certificate for localhost by openssl; null where that is not installed. */
export function selfSigned(folder: string, password: string): Secured | null {
  const [certificate, key] = [join(folder, 'redis.crt'), join(folder, 'redis.key')];
  const { status } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
    ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', certificate],
  ]);
  return status === 0 ? { certificate, key, password } : null;
}

/** A server that keeps what it holds when it is restarted. */
export class RedisServer {
  readonly port: number;
  private readonly folder: string;
  private child: ChildProcess | null = null;

  private readonly secured: Secured | null;

  private constructor(port: number, secured: Secured | null) {
    this.port = port;
    this.secured = secured;
    this.folder = mkdtempSync(join(tmpdir(), 'induction-lab-redis-'));
  }

  /** With TLS and a password where `secured` says by which files. */
  static async start(secured: Secured | null = null): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), secured);
    await server.begin();
    return server;
  }

  get url(): string {
    const { secured, port } = this;
    return secured ? `rediss://:${secured.password}@localhost:${port}` : `redis://127.0.0.1:${port}`;
  }

  private async begin(): Promise<void> {
    const { secured } = this;
    const args = [
      ...(secured ? ['--port', '0', '--tls-port'] : ['--port']),
      String(this.port),
      ...(secured
        ? [
            ...['--tls-cert-file', secured.certificate, '--tls-key-file', secured.key, '--tls-auth-clients', 'no'],
            ...['--tls-ca-cert-file', secured.certificate, '--requirepass', secured.password],
          ]
        : []),
      '--bind',
      '127.0.0.1',
      '--save',
      '',
      '--appendonly',
      'yes',
      '--appendfsync',
      'always',
      '--dir',
      this.folder,
    ];
    this.child = spawn(SERVER!, args, { stdio: 'ignore' });
    for (let tries = 0; tries < 100; tries++) if (await answers(this.port)) return;
    throw new Error('The Redis server did not start.');
  }

  async restart(): Promise<void> {
    await this.end('SIGKILL');
    await this.begin();
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const ended = once(this.child!, 'exit');
    this.child!.kill(signal);
    await ended;
  }
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    await new Promise((later) => setTimeout(later, 50));
    return false;
  } finally {
    socket.destroy();
  }
}

/** A line to a server that can be cut: nothing passes any more, and nobody is told. */
export class Line {
  readonly url: string;
  private readonly server: Server;
  private readonly sockets: Socket[] = [];
  private isCut = false;

  private constructor(server: Server, url: string) {
    this.server = server;
    this.url = url;
  }

  static async to(port: number): Promise<Line> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const line = new Line(server, `redis://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('connection', (near) => {
      const far = connect(port, '127.0.0.1');
      line.sockets.push(near, far);
      near.on('error', () => {}).on('data', (data) => line.isCut || far.write(data));
      far.on('error', () => {}).on('data', (data) => line.isCut || near.write(data));
    });
    return line;
  }

  cut(): void {
    this.isCut = true;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }
}
