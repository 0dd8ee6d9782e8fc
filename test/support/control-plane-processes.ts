/** The three programs of a control plane: etcd, kube-apiserver, kube-controller-manager, and how they are started. */
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { ControlPlaneBinaries } from '../control-plane/binaries.ts';
import type { ApiClient } from './api-client.ts';
import { type Child, startChild } from './child-process.ts';
import { eventually } from './eventually.ts';
import { kubeconfigText } from './kubeconfig.ts';
import type { TempDir } from './temp-dir.ts';

export interface Ports {
  readonly api: number;
  readonly etcdClient: number;
  readonly etcdPeer: number;
}

/** A user of the token file. The group `system:masters` may do everything, any other user nothing without RBAC. */
export interface TokenUser {
  readonly name: string;
  readonly token: string;
  readonly group: string;
}

/** Controllers the tests need: rollouts, deletion in cascade, namespaces, quota, and roles made of others (edit, view). */
const CONTROLLERS = [
  'deployment-controller',
  'replicaset-controller',
  'namespace-controller',
  'garbage-collector-controller',
  'resourcequota-controller',
  'clusterrole-aggregation-controller',
];

/** All three at once: each waits for the one it needs. */
export async function startProcesses(
  binaries: ControlPlaneBinaries,
  dir: TempDir,
  ports: Ports,
  users: readonly [admin: TokenUser, ...others: TokenUser[]],
): Promise<{ readonly controllerManager: Child; readonly all: readonly Child[] }> {
  const keyFile = writeKey(dir);
  const tokenFile = dir.file('tokens.csv');
  writeFileSync(tokenFile, users.map(({ name, token, group }) => `${token},${name},${name},"${group}"\n`).join(''));
  const kubeconfig = dir.file('controller-manager.kubeconfig');
  writeFileSync(kubeconfig, kubeconfigText({ server: `https://127.0.0.1:${ports.api}`, token: users[0].token }));

  const start = (name: string, command: string, args: readonly string[]) =>
    startChild({ command, args, cwd: dir.path, logFile: dir.file(`${name}.log`) });
  const [etcd, apiserver, controllerManager] = await Promise.all([
    start('etcd', binaries.etcd, etcdArgs(dir, ports)),
    start('kube-apiserver', binaries.apiserver, apiserverArgs(dir, ports, keyFile, tokenFile)),
    start('kube-controller-manager', binaries.controllerManager, controllerManagerArgs(kubeconfig, keyFile)),
  ]);
  return { controllerManager, all: [etcd, apiserver, controllerManager] };
}

function etcdArgs(dir: TempDir, { etcdClient, etcdPeer }: Ports): readonly string[] {
  const client = `http://127.0.0.1:${etcdClient}`;
  const peer = `http://127.0.0.1:${etcdPeer}`;
  return [
    `--data-dir=${dataDir(dir)}`,
    // The data does not outlive the tests: a crash may lose it.
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ];
}

function apiserverArgs(dir: TempDir, ports: Ports, keyFile: string, tokenFile: string): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${ports.etcdClient}`,
    `--secure-port=${ports.api}`,
    '--bind-address=127.0.0.1',
    // Where it puts the certificate it makes for itself.
    `--cert-dir=${certificateDir(dir)}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${keyFile}`,
    `--service-account-signing-key-file=${keyFile}`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${tokenFile}`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // No controller makes the default ServiceAccount without which this plugin refuses every pod.
    '--disable-admission-plugins=ServiceAccount',
  ];
}

function controllerManagerArgs(kubeconfig: string, keyFile: string): readonly string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${keyFile}`,
    '--leader-elect=false',
    // No port of its own: several control planes run on one machine.
    '--secure-port=0',
    `--controllers=${CONTROLLERS.join(',')}`,
    '--kube-api-qps=2000',
    '--kube-api-burst=4000',
    '--concurrent-deployment-syncs=50',
    '--concurrent-replicaset-syncs=50',
  ];
}

/** Where etcd keeps every object. */
export function dataDir(dir: TempDir): string {
  return dir.file('etcd');
}

/** The folder of the API server's own certificate, `apiserver.crt` and `apiserver.key`. */
export function certificateDir(dir: TempDir): string {
  return dir.file('certificates');
}

function writeKey(dir: TempDir): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const file = dir.file('service-accounts.key');
  writeFileSync(file, privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  return file;
}

/** Somebody took a port between its finding and its use; the programs say so in words only. */
export class PortTaken extends Error {}

/**
 * Settles when `/readyz` says ok; rejects with the ends of the logs when one of the programs gives up before, with
 * `PortTaken` when that is the reason.
 */
export async function untilReady(api: ApiClient, children: readonly Child[], dir: TempDir): Promise<void> {
  const gaveUp = Promise.race(children.map(({ exited }) => exited)).then(() => 'gave up' as const);
  const ready = eventually(async () => (await api.request('GET', '/readyz')).status === 200, {
    timeoutMs: 60_000,
    intervalMs: 50,
  });
  const outcome = await Promise.race([ready, gaveUp]);
  if (outcome !== 'gave up') return;
  // The waiting goes on for nobody; its failure is no news.
  ready.catch(() => undefined);
  const logs = ['etcd', 'kube-apiserver', 'kube-controller-manager'].map((name) => lastLines(dir, name));
  const message = `the control plane did not start\n${logs.join('\n')}`;
  throw message.includes('address already in use') ? new PortTaken(message) : new Error(message);
}

function lastLines(dir: TempDir, name: string): string {
  const lines = readFileSync(dir.file(`${name}.log`), 'utf8')
    .trimEnd()
    .split('\n');
  return `--- ${name}\n${lines.slice(-15).join('\n')}`;
}
