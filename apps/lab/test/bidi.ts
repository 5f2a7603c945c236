// Firefox by WebDriver BiDi, the little that a test needs: open a page, evaluate, wait.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

interface Reply {
  id?: number;
  type: string;
  result?: { contexts?: { context: string }[]; result?: { value?: unknown }; exceptionDetails?: { text: string } };
  error?: string;
  message?: string;
}

export class Firefox {
  private nextId = 1;
  private readonly waiting = new Map<number, { resolve: (reply: Reply) => void; reject: (error: Error) => void }>();
  private context = '';
  private readonly process: ChildProcess;
  private readonly profile: string;
  private readonly socket: WebSocket;

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.process = process;
    this.profile = profile;
    this.socket = socket;
    socket.on('message', (data) => {
      const reply = JSON.parse(String(data)) as Reply;
      const waiting = this.waiting.get(reply.id ?? -1);
      this.waiting.delete(reply.id ?? -1);
      if (reply.type === 'error') waiting?.reject(new Error(`${reply.error}: ${reply.message}`));
      else waiting?.resolve(reply);
    });
  }

  static async launch(path: string): Promise<Firefox> {
    const profile = mkdtempSync(join(tmpdir(), 'firefox-'));
    const child = spawn(path, ['--headless', '--remote-debugging-port=0', '--profile', profile, '--no-remote'], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, HOME: profile },
    });
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.stderr?.on('data', (chunk: Buffer) => {
        said += String(chunk);
        const found = /WebDriver BiDi listening on (ws:\/\/\S+)/.exec(said)?.[1];
        if (found) resolve(found);
      });
      child.on('exit', () => reject(new Error(`Firefox ended: ${said}`)));
    });
    const socket = new WebSocket(`${address}/session`);
    await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
    const firefox = new Firefox(child, profile, socket);
    await firefox.send('session.new', { capabilities: {} });
    const tree = await firefox.send('browsingContext.getTree', {});
    firefox.context = tree.result?.contexts?.[0]?.context ?? '';
    return firefox;
  }

  private send(method: string, params: Record<string, unknown>): Promise<Reply> {
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }

  async goto(url: string): Promise<void> {
    await this.send('browsingContext.navigate', { context: this.context, url, wait: 'complete' });
  }

  /** The value of an expression in the page: a string, a number, true or false. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.send('script.evaluate', {
      expression,
      target: { context: this.context },
      awaitPromise: true,
    });
    if (result?.exceptionDetails) throw new Error(result.exceptionDetails.text);
    return result?.result?.value;
  }

  async until(expression: string, timeout = 60_000): Promise<void> {
    const end = Date.now() + timeout;
    while (!(await this.evaluate(expression))) {
      if (Date.now() > end) throw new Error(`In Firefox this did not come true: ${expression}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.process.on('exit', resolve));
    this.socket.close();
    this.process.kill();
    await ended;
    rmSync(this.profile, { recursive: true, force: true });
  }
}
