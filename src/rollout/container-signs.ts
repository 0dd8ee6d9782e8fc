/** What the state of one container says against the version it runs. */

import { redact } from '../domain/redact.ts';
import type { ContainerExit, ContainerView } from '../domain/workload.ts';
import { finalPullReason } from './pull-errors.ts';
import { colon, quoted } from './quoted.ts';
import type { Severity, Trouble } from './trouble.ts';

/** What one container shows against the rollout. */
export interface ContainerSign {
  readonly about: Trouble;
  readonly severity: Severity;
  readonly cause: string;
  readonly detail?: string;
  readonly active?: boolean;
}

/** The gravest thing a container shows; undefined when there is nothing to say. */
export function containerSign(container: ContainerView): ContainerSign | undefined {
  // Somebody debugs with an ephemeral container; how it ends says nothing about the version.
  if (container.role === 'ephemeral') return undefined;
  switch (container.state.kind) {
    case 'waiting':
      return waitingSign(container, container.state.reason, container.state.message);
    case 'terminated':
      return exitSign(container, container.state.exit);
    case 'running':
      return runningSign(container);
    case 'unknown':
      return undefined;
    default:
      return container.state satisfies never;
  }
}

/** kubelets say this while their caches fill; it heals by itself. */
const CACHE_NOT_SYNCED = /failed to sync .* cache/i;

function waitingSign(container: ContainerView, reason: string, message: string): ContainerSign | undefined {
  const name = nameOf(container);
  switch (reason) {
    case 'InvalidImageName':
      return { about: 'image', severity: 'at-once', cause: `${name}: image ${container.image} is not a valid name` };
    case 'ErrImageNeverPull':
      return {
        about: 'image',
        severity: 'at-once',
        cause: `${name}: image ${container.image} is not on the node and its pull policy is Never`,
      };
    case 'ErrImagePull':
    case 'ImagePullBackOff':
    case 'ImageInspectError':
    case 'RegistryUnavailable':
      return pullSign(container, reason, message);
    case 'CreateContainerConfigError':
      return {
        about: 'config',
        severity: CACHE_NOT_SYNCED.test(message) ? 'clock' : 'soon',
        cause: `${name} cannot be configured${colon(message)}`,
      };
    case 'CrashLoopBackOff':
      return { about: 'crash', severity: 'strikes', cause: crashCause(container, container.lastExit) };
    case 'CreateContainerError':
    case 'RunContainerError':
    case 'StartError':
    case 'PostStartHookError':
    case 'PreCreateHookError':
    case 'PreStartHookError':
      return { about: 'start', severity: 'strikes', cause: `${name} cannot start (${reason}${colon(message)})` };
    case 'ContainerCreating':
      return crashedBefore(container) ?? { about: 'creating', severity: 'clock', cause: `${name} is not created yet` };
    case 'PodInitializing':
    case '':
      return crashedBefore(container);
    default:
      return { about: 'waiting', severity: 'clock', cause: `${name} waits (${reason}${colon(message)})` };
  }
}

function pullSign(container: ContainerView, reason: string, message: string): ContainerSign {
  const what = `${nameOf(container)}: image ${container.image} cannot be pulled`;
  const final = finalPullReason(container.image, message);
  return final === undefined
    ? { about: 'image', severity: 'strikes', cause: `${what} (${reason}${colon(message)})` }
    : {
        about: 'image',
        severity: 'at-once',
        cause: `${what}: ${final}`,
        detail: redact(message.replace(/\s+/g, ' ').trim()),
      };
}

function exitSign(container: ContainerView, exit: ContainerExit): ContainerSign | undefined {
  // An init container that ended well has done its work.
  if (exit.exitCode === 0 && container.role === 'init') return undefined;
  return { about: 'crash', severity: 'strikes', cause: crashCause(container, exit) };
}

function runningSign(container: ContainerView): ContainerSign | undefined {
  const crashed = crashedBefore(container);
  if (crashed !== undefined || container.ready) return crashed;
  const name = nameOf(container);
  if (container.role === 'init')
    return { about: 'initializing', severity: 'clock', cause: `${name} has not ended yet` };
  const probe =
    container.readinessProbe === undefined ? '' : `: readiness probe ${container.readinessProbe} does not succeed`;
  return { about: 'unready', severity: 'clock', cause: `${name} runs but is not ready${probe}` };
}

/** A crash loop without a probe is ready between two crashes: the sign stays, so that it keeps its age. */
function crashedBefore(container: ContainerView): ContainerSign | undefined {
  if (container.restartCount === 0 || container.lastExit === undefined) return undefined;
  return { about: 'crash', severity: 'strikes', cause: crashCause(container, container.lastExit), active: false };
}

function crashCause(container: ContainerView, exit: ContainerExit | undefined): string {
  const count = container.restartCount;
  const restarts = count === 0 ? '' : ` (${count} restart${count === 1 ? '' : 's'})`;
  return `${nameOf(container)} ${exit === undefined ? 'crashes' : exitText(container, exit)}${restarts}`;
}

function exitText(container: ContainerView, exit: ContainerExit): string {
  if (exit.reason === 'OOMKilled') {
    const limit = container.memoryLimit === undefined ? '' : ` at its limit of ${container.memoryLimit}`;
    return `was killed for its memory (OOMKilled${limit})`;
  }
  if (exit.reason === 'ContainerCannotRun' || exit.reason === 'StartError') {
    return `cannot start (exit ${exit.exitCode}${colon(exit.message)})`;
  }
  const signal = exit.signal > 0 ? exit.signal : exit.exitCode > 128 && exit.exitCode <= 159 ? exit.exitCode - 128 : 0;
  const ended = `exits ${exit.exitCode}${signal === 0 ? '' : ` (signal ${signal})`}`;
  return exit.message === '' ? ended : `${ended}: ${quoted(exit.message)}`;
}

function nameOf(container: ContainerView): string {
  return container.role === 'init' ? `init container ${container.name}` : `container ${container.name}`;
}
