/**
 * The floor: the least a program can do for the same result. It believes every event, never waits for a rollout, and
 * for each file does the GET, the PATCH and the four durable writes of a deployment, over as many connections.
 */
import { watch } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import PQueue from 'p-queue';
import { Agent, request } from 'undici';
import { writeDurably } from '../src/state/durable.ts';
import { at, textAt } from '../test/support/json.ts';

const { DEPS = '', SERVER = '' } = process.env;
const CONCURRENCY = 100;
const CONNECTIONS = 8;
/** About the size of a status file. */
const RECORD = `${'x'.repeat(1_000)}\n`;

const dispatcher = new Agent({ connections: CONNECTIONS, keepAliveTimeout: 60_000 });
const slots = new PQueue({ concurrency: CONCURRENCY });
const waiting = new Set<string>();
const taken = new Map<string, string>();

async function ask(method: 'GET' | 'PATCH', path: string, body?: unknown): Promise<unknown> {
  const answer = await request(`${SERVER}${path}`, {
    method,
    dispatcher,
    headers: { accept: 'application/json', 'content-type': 'application/json-patch+json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (answer.statusCode !== 200) throw new Error(`${method} ${path}: ${answer.statusCode} ${await answer.body.text()}`);
  return answer.body.json();
}

async function deploy(key: string): Promise<void> {
  waiting.delete(key);
  const version = (await readFile(join(DEPS, `${key}.dep`), 'utf8')).trim();
  if (version === '' || taken.get(key) === version) return;
  taken.set(key, version);
  const [service = '', namespace = ''] = key.split('_');
  const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${service}`;
  const record = join(DEPS, `${key}.status.json`);

  const deployment = await ask('GET', path);
  const containers = ['spec', 'template', 'spec', 'containers', 0];
  const image = textAt(deployment, ...containers, 'image').replace(/:[^:/]*$/, `:${version}`);
  await writeDurably(record, RECORD);
  await ask('PATCH', path, [
    { op: 'test', path: '/metadata/uid', value: at(deployment, 'metadata', 'uid') },
    { op: 'replace', path: `/${containers.join('/')}/image`, value: image },
  ]);
  await writeDurably(record, RECORD);
  await writeDurably(join(DEPS, `${key}.last`), version);
  await writeDurably(record, RECORD);
}

function take(fileName: string | null): void {
  if (fileName === null || fileName.startsWith('.') || !fileName.endsWith('.dep')) return;
  const key = fileName.slice(0, -'.dep'.length);
  if (waiting.has(key)) return;
  waiting.add(key);
  void slots.add(() => deploy(key));
}

watch(DEPS, (_event, fileName) => take(fileName));
for (const fileName of await readdir(DEPS)) take(fileName);
process.stdout.write(`${JSON.stringify({ level: 30, msg: 'watching' })}\n`);
