/** The demo's Slack: takes what the engine posts to its webhook and draws it as a channel would show it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface DemoSlack {
  readonly webhook: string;
  /** How many messages have come. */
  readonly received: number;
  stop(): Promise<void>;
}

export type Paint = (style: 'dim' | 'bold' | 'green' | 'yellow' | 'red' | 'cyan', text: string) => string;

const BARS = { good: 'green', warning: 'yellow', danger: 'red' } as const;

export async function startDemoSlack(out: (text: string) => void, paint: Paint): Promise<DemoSlack> {
  let received = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received += 1;
      out(drawMessage(Buffer.concat(chunks).toString('utf8'), paint));
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    webhook: `http://127.0.0.1:${portOf(server.address())}/services/demo`,
    get received() {
      return received;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Drawn {
  readonly color?: string;
  readonly title?: string;
  readonly fields?: readonly { readonly title?: string; readonly value?: string }[];
}

function drawMessage(body: string, paint: Paint): string {
  const message: { readonly attachments?: readonly Drawn[] } = JSON.parse(body);
  const lines = (message.attachments ?? []).flatMap(({ color = '', title = '', fields = [] }) => {
    const bar = paint(color in BARS ? BARS[color as keyof typeof BARS] : 'dim', '┃');
    return [
      `${bar} ${paint('bold', title)}`,
      ...fields.flatMap((field) =>
        wrap(unescaped(`${field.title}: ${field.value}`), 100).map((line) => `${bar} ${line}`),
      ),
    ];
  });
  return `\n   ${paint('dim', '#deployments')}\n${lines.map((line) => `   ${line}\n`).join('')}\n`;
}

/** Slack's own escapes. */
function unescaped(text: string): string {
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
}

function wrap(text: string, width: number): readonly string[] {
  return text
    .split('\n')
    .flatMap((line) => line.match(new RegExp(`.{1,${width}}(?:\\s|$)|.{1,${width}}`, 'g')) ?? ['']);
}
