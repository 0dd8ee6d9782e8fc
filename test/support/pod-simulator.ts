/**
 * Plays scheduler and kubelets in front of a real API server: binds each pod to a node, writes the statuses that the
 * pod rules say, tells its events, ends terminating pods, and serves container logs.
 */
import { type PodRule, podRuleFor } from '../../src/sandbox/pod-rules.ts';
import type { PodShape } from '../../src/sandbox/pod-shape.ts';
import { NODE_NAME } from '../../src/sandbox/pod-status.ts';
import { type ApiClient, MERGE_PATCH } from './api-client.ts';
import { followObjects } from './follow-objects.ts';
import { at, numberAt, textAt } from './json.ts';
import { startKubeletServer } from './kubelet-server.ts';
import { createPodPlayer, type PodPlayer } from './pod-player.ts';

export interface PodSimulatorOptions {
  /** Speaks as an administrator. */
  readonly api: ApiClient;
  /** Holds `apiserver.crt` and `apiserver.key`, which the log endpoint shows too: nobody checks them. */
  readonly certificateDir: string;
  /** How much faster than the rules pods live; 5, as in the sandbox, unless told: ready after 300 ms. */
  readonly speed?: number;
  /** Which pod events are told: those of trouble, or all that a kubelet tells. Warnings unless told. */
  readonly events?: 'warnings' | 'all';
  /** Which rule a pod lives by; what its annotation and its images say unless told. */
  readonly ruleFor?: (pod: PodShape) => PodRule;
}

export interface PodSimulator {
  stop(): Promise<void>;
}

export async function startPodSimulator(options: PodSimulatorOptions): Promise<PodSimulator> {
  const { api, certificateDir, speed = 5, events = 'warnings', ruleFor = podRuleFor } = options;
  const players = new Map<string, PodPlayer>();
  const ending = new AbortController();

  const playerOf = (namespace: string, name: string) =>
    [...players.values()].find((player) => player.namespace === namespace && player.name === name);
  const kubelet = await startKubeletServer({ certificateDir, playerOf });
  await registerNode(api, kubelet.port);

  const seen = (pod: unknown) => {
    const uid = textAt(pod, 'metadata', 'uid');
    const player = players.get(uid) ?? createPodPlayer({ api, pod, speed, events, ruleFor });
    players.set(uid, player);
    if (at(pod, 'metadata', 'deletionTimestamp') !== undefined)
      player.terminate(numberAt(pod, 'metadata', 'deletionGracePeriodSeconds'));
  };
  const gone = (uid: string) => {
    players.get(uid)?.stop();
    players.delete(uid);
  };
  await followObjects(api, '/api/v1/pods', { seen, gone }, ending.signal);

  return {
    stop: async () => {
      ending.abort();
      for (const player of players.values()) player.stop();
      await kubelet.stop();
    },
  };
}

/** The node all pods run on; its address leads the API server to the log endpoint. */
async function registerNode(api: ApiClient, port: number): Promise<void> {
  const { status } = await api.request('POST', '/api/v1/nodes', { body: { metadata: { name: NODE_NAME } } });
  if (status !== 201 && status !== 409) throw new Error(`node ${NODE_NAME}: ${status}`);
  await api.ask('PATCH', `/api/v1/nodes/${NODE_NAME}/status`, {
    contentType: MERGE_PATCH,
    body: {
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
        conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'the pod simulator is ready' }],
      },
    },
  });
}
