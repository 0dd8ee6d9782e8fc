/** Whether the API can be reached, as all calls together show it: told when it changes, never in between. */
import type { Clock } from '../clock.ts';
import type { ApiError } from '../domain/api-error.ts';
import type { Call } from './connection.ts';

export interface ReachState {
  readonly reachable: boolean;
  readonly message: string;
}

/** A single 503 among answers is weather; several in a row over some seconds are an outage. */
const FAILURES = 3;
const FAILING_MS = 5_000;

/** Returns what to do with each call. `onRecovery` comes before the telling. */
export function createReach(
  clock: Clock,
  hooks: { readonly onState: (state: ReachState) => void; readonly onRecovery: () => void },
): (call: Call) => void {
  let reachable = true;
  let failures = 0;
  let failingSince = 0;

  return (call) => {
    if (call.error === undefined || !isOutage(call.error)) {
      failures = 0;
      if (reachable) return;
      reachable = true;
      hooks.onRecovery();
      hooks.onState({ reachable, message: 'the API server answers again' });
      return;
    }
    if (failures === 0) failingSince = clock.monotonic();
    failures += 1;
    if (!reachable || failures < FAILURES || clock.monotonic() - failingSince < FAILING_MS) return;
    reachable = false;
    hooks.onState({ reachable, message: call.error.message });
  };
}

/** Refusals are answers: somebody is there. */
function isOutage(error: ApiError): boolean {
  switch (error.kind) {
    case 'unreachable':
    case 'nonsense':
    case 'unauthorized':
    case 'server':
      return true;
    case 'not-found':
    case 'forbidden':
    case 'already-exists':
    case 'conflict':
    case 'invalid':
    case 'gone':
    case 'throttled':
      return false;
    default:
      return error.kind satisfies never;
  }
}
