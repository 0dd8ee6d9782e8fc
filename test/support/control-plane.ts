/**
 * A real Kubernetes control plane for tests: kube-apiserver with its controllers and etcd, on free loopback ports, its
 * data in a temporary folder. Pods are played by a simulator of kubelets. It takes about four seconds to start.
 */
import { cp, rm } from 'node:fs/promises';
import { type ControlPlaneBinaries, controlPlaneBinaries } from '../control-plane/binaries.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import type { Child } from './child-process.ts';
import { certificateDir, dataDir, PortTaken, startProcesses, untilReady } from './control-plane-processes.ts';
import { createUser, type Grant, type User } from './control-plane-users.ts';
import { textAt } from './json.ts';
import { freePorts } from './loopback-port.ts';
import { type PodSimulatorOptions, startPodSimulator } from './pod-simulator.ts';
import { createTempDir } from './temp-dir.ts';

export interface ControlPlaneOptions {
  /** How the simulator plays pods; `false`: nobody does, and they stay Pending. */
  readonly pods?: Pick<PodSimulatorOptions, 'speed' | 'events' | 'ruleFor'> | false;
}

/** What another process needs to use a running control plane: plain data, fit for vitest's `provide`. */
export interface ControlPlaneAddress {
  readonly url: string;
  readonly adminToken: string;
  /** A user who may do nothing at all. */
  readonly nobodyToken: string;
  /** Its logs and kubeconfig files are here. */
  readonly folder: string;
  readonly controllerManagerPid: number;
}

export interface ControlPlane {
  /** `https://127.0.0.1:port`; the certificate is self-signed. */
  readonly url: string;
  readonly address: ControlPlaneAddress;
  /** Speaks as the administrator. */
  readonly api: ApiClient;
  /** A new namespace with a name of its own. */
  newNamespace(prefix?: string): Promise<string>;
  /** A new account in that namespace with exactly these rights. */
  createUser(namespace: string, grants?: readonly Grant[]): Promise<User>;
  /** Stops the controllers where they stand: from now on every status is stale. For everyone who shares this server. */
  pauseControllers(): void;
  resumeControllers(): void;
}

export interface OwnControlPlane extends ControlPlane, AsyncDisposable {
  /** Keeps a copy of all objects. Everything is down for a moment, as at a restart of the control plane. */
  backUp(): Promise<void>;
  /** Starts again with the objects of `backUp`: the cluster is as it was then, versions included. */
  restore(): Promise<void>;
  /** Ends every process and removes the folder; twice is fine. */
  stop(): Promise<void>;
}

const MOST_ATTEMPTS = 3;
const NOT_BUILT = 'the control plane is not built; run: npm run control-plane';

/** Starts one. Rejects when its binaries are not there, and with its logs when it does not come up. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<OwnControlPlane> {
  const binaries = controlPlaneBinaries();
  if (binaries === undefined) throw new Error(NOT_BUILT);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnFreePorts(binaries, options);
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

async function startOnFreePorts(
  binaries: ControlPlaneBinaries,
  options: ControlPlaneOptions,
): Promise<OwnControlPlane> {
  const { pods = {} } = options;
  const dir = await createTempDir('control-plane');
  const [api = 0, etcdClient = 0, etcdPeer = 0] = await freePorts(3);
  const ports = { api, etcdClient, etcdPeer };
  const admin = { name: 'admin', token: 'admin-token', group: 'system:masters' };
  const nobody = { name: 'nobody', token: 'nobody-token', group: 'nobodies' };

  const launch = () => startProcesses(binaries, dir, ports, [admin, nobody]);
  let processes = await launch();
  const plane = connectControlPlane({
    url: `https://127.0.0.1:${ports.api}`,
    adminToken: admin.token,
    nobodyToken: nobody.token,
    folder: dir.path,
    controllerManagerPid: processes.controllerManager.pid,
  });
  let simulator: Awaited<ReturnType<typeof startPodSimulator>> | undefined;
  const stop = async () => {
    await simulator?.stop();
    await endAll(processes.all);
    plane.api.close();
    await dir.remove();
  };
  try {
    await untilReady(plane.api, processes.all, dir);
    if (pods !== false)
      simulator = await startPodSimulator({ api: plane.api, certificateDir: certificateDir(dir), ...pods });
  } catch (error) {
    await stop();
    throw error;
  }
  const [data, copy] = [dataDir(dir), dir.file('backup')];
  const restartOn = async (prepare: () => Promise<void>) => {
    await endAll(processes.all);
    await prepare();
    processes = await launch();
    await untilReady(plane.api, processes.all, dir);
  };
  return Object.assign(plane, {
    pauseControllers: () => processes.controllerManager.signal('SIGSTOP'),
    resumeControllers: () => processes.controllerManager.signal('SIGCONT'),
    backUp: () => restartOn(() => cp(data, copy, { recursive: true })),
    restore: () =>
      restartOn(async () => {
        await rm(data, { recursive: true });
        await cp(copy, data, { recursive: true });
      }),
    stop,
    [Symbol.asyncDispose]: stop,
  });
}

/** Nothing here is worth an orderly end, and SIGKILL ends a paused process too. */
async function endAll(children: readonly Child[]): Promise<void> {
  for (const child of children) child.signal('SIGKILL');
  await Promise.all(children.map(({ exited }) => exited));
}

/** Uses one that another process started; closing it is not this one's business. */
export function connectControlPlane(address: ControlPlaneAddress): ControlPlane {
  const { url, adminToken, folder, controllerManagerPid } = address;
  const api = createApiClient({ url, token: adminToken });
  return {
    url,
    address,
    api,
    newNamespace: (prefix = 'test') => newNamespace(api, prefix),
    createUser: (namespace, grants = []) => createUser({ api, url, folder }, namespace, grants),
    pauseControllers: () => process.kill(controllerManagerPid, 'SIGSTOP'),
    resumeControllers: () => process.kill(controllerManagerPid, 'SIGCONT'),
  };
}

async function newNamespace(api: ApiClient, prefix: string): Promise<string> {
  const body = { metadata: { generateName: `${prefix}-` } };
  return textAt(await api.ask('POST', '/api/v1/namespaces', { body }), 'metadata', 'name');
}
