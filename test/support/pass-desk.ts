/** Passes of web/prod over a disk, a cluster and a watch that a test answers for, on a clock that stands still. */
import { ApiError, type ApiErrorKind } from '../../src/domain/api-error.ts';
import type { DepLook } from '../../src/domain/dep-look.ts';
import type { EngineEvent } from '../../src/domain/event.ts';
import type { TargetRecord } from '../../src/domain/record.ts';
import { targetKey } from '../../src/domain/target.ts';
import type { DeploymentView } from '../../src/domain/workload.ts';
import { createReconciler, type PassResult, type ReconcilerParts } from '../../src/reconcile/pass.ts';
import { createManualClock, type ManualClock } from './manual-clock.ts';
import { OLD_IMAGE, PATCHED_AT, deployment as viewOf } from './rollout-objects.ts';
import { STORY_POLICY } from './rollout-story.ts';

/** How the cluster answers; replaced by tests as they go. */
export interface ClusterAnswers {
  read(): DeploymentView;
  patch(): DeploymentView;
  mayPatch(): boolean;
  createNamespace(): void;
}

export interface PassDesk {
  readonly clock: ManualClock;
  readonly answers: ClusterAnswers;
  readonly told: readonly EngineEvent[];
  /** Whether Pods are watched for the target. */
  follows: boolean;
  /** What a live watch shows; without it there is none. */
  watched: DeploymentView | undefined;
  record: TargetRecord | undefined;
  file: DepLook;
  reachable: boolean;
  pass(): Promise<PassResult>;
  /** As many passes as asked for, a minute apart. */
  passes(count: number): Promise<void>;
}

const KEY = targetKey({ service: 'web', namespace: 'prod' });

/** The refusal of a call, in the server's words. */
export function refusal(kind: ApiErrorKind, message: string): ApiError {
  return new ApiError(kind, message, { detail: message });
}

/** What a call throws instead of answering. */
export function throws(error: ApiError): () => never {
  return () => {
    throw error;
  };
}

/** A dep file that holds 1.25.0, a Deployment that runs 1.24.0, and an API server that takes everything. */
export function createPassDesk(policy: Partial<ReconcilerParts['policy']> = {}): PassDesk {
  const clock = createManualClock(PATCHED_AT);
  const told: EngineEvent[] = [];
  const running = viewOf({ containers: [{ name: 'web', image: OLD_IMAGE }] });
  const answers: ClusterAnswers = {
    read: () => running,
    patch: () => viewOf(),
    mayPatch: () => false,
    createNamespace: () => undefined,
  };
  const desk = {
    follows: false,
    watched: undefined as DeploymentView | undefined,
    record: undefined as TargetRecord | undefined,
    file: { kind: 'wanted', content: 'bytes of 1.25.0', request: { version: '1.25.0' } } as DepLook,
    reachable: true,
  };
  const reconciler = createReconciler({
    policy: { ...STORY_POLICY, ...policy },
    clock,
    gatherEvidence: async (_target, conclusion) => conclusion,
    look: async () => desk.file,
    report: async (event) => void told.push(event),
    store: {
      readRecord: async () => desk.record,
      readLast: async () => undefined,
      writeRecord: async (_key, next) => {
        desk.record = next;
      },
      writeLast: async () => undefined,
    },
    cluster: {
      readDeployment: async () => answers.read(),
      patchDeployment: async () => answers.patch(),
      mayPatch: async () => answers.mayPatch(),
      readNamespace: async () => {
        throw refusal('not-found', 'no such namespace');
      },
      createNamespace: async () => answers.createNamespace(),
    },
    observer: {
      deployment: () => ({ view: desk.watched, live: desk.watched !== undefined }),
      rollout: () => ({ replicaSets: [], pods: [], synced: true, unreadable: [] }),
      follow: () => {
        desk.follows = true;
      },
      release: () => {
        desk.follows = false;
      },
      get reachable() {
        return desk.reachable;
      },
    },
  });
  const pass = () => reconciler.run(KEY);
  return Object.assign(desk, {
    clock,
    answers,
    told,
    pass,
    async passes(count: number) {
      for (let done = 0; done < count; done += 1) {
        await pass();
        clock.advance(60_000);
      }
    },
  });
}
