/** Everything in the sandbox that acts by itself: the controllers of a control plane, and the kubelet's work. */
import { type Clock, realClock } from './controllers/clock.ts';
import { createDeploymentController } from './controllers/deployment.ts';
import { createRecorder } from './controllers/events.ts';
import { createGarbageCollector } from './controllers/garbage.ts';
import { createNamespaceController } from './controllers/namespace.ts';
import { createPodLife, type PodRules } from './controllers/pods.ts';
import { createReplicaSetController } from './controllers/replicaset.ts';
import { podRuleFor } from './pod-rules.ts';
import { RESOURCES } from './resources.ts';
import type { Store } from './store.ts';

export interface Controllers {
  /** Freezes the controllers: statuses go stale. The API answers, and pods that exist live on, as kubelets do. */
  pause(): void;
  /** They catch up with everything that happened meanwhile. */
  resume(): void;
  /** Leaves no timer; safe to call twice. */
  stop(): void;
}

/** Pods behave by `pod-rules.ts`, five times faster than real ones: ready after 300 ms, first back-off 2 s. */
export const DEFAULT_POD_RULES: PodRules = { ruleFor: podRuleFor, speed: 5 };

/**
 * Starts them on a store, with what is already in it. They work in turns of their own (`clock.after(0)`), never inside
 * the write they react to, so observedGeneration lags behind as it does on a real server.
 */
export function startControllers(options: { store: Store; pods?: PodRules; clock?: Clock }): Controllers {
  const { store, pods = DEFAULT_POD_RULES, clock = realClock } = options;
  const room = { store, clock, record: createRecorder(store, clock) };
  const controllers = [
    createDeploymentController(room),
    createReplicaSetController(room),
    createPodLife(room, pods),
    createNamespaceController(room),
    createGarbageCollector(room),
  ];
  const unsubscribe = store.subscribe((event) => {
    for (const controller of controllers) controller.see(event);
  });
  for (const { key, storage } of RESOURCES) {
    if (storage !== key) continue;
    for (const object of store.list(key, {})) {
      for (const controller of controllers) controller.see({ type: 'ADDED', resource: key, object });
    }
  }
  return {
    pause() {
      for (const controller of controllers) controller.pause();
    },
    resume() {
      for (const controller of controllers) controller.resume();
    },
    stop() {
      unsubscribe();
      for (const controller of controllers) controller.stop();
    },
  };
}
