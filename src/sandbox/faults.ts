/** Faults a test switches on while the sandbox runs. Nothing here is reachable over HTTP. */

/** What a fault is asked to recognise. */
export interface FaultTarget {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export type FaultEffect =
  /** Answer with this code and no effect. 429 and 503 carry `Retry-After` when seconds are given. */
  | { readonly kind: 'refuse'; readonly code: 429 | 500 | 503 | 504; readonly retryAfterSeconds?: number }
  /** Go on after this many milliseconds. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Close the connection without an answer and without any effect. */
  | { readonly kind: 'drop' }
  /** Do what was asked, then close the connection without an answer. */
  | { readonly kind: 'lose-reply' }
  /** Wait until the fault is taken away, then go on. */
  | { readonly kind: 'hold' };

export interface FaultRule {
  /** Default: every request. */
  readonly match?: (target: FaultTarget) => boolean;
  readonly effect: FaultEffect;
  /** How many requests it hits; default: until it is taken away. */
  readonly times?: number;
}

export interface Faults {
  /** The returned function takes the fault away, and lets go of what it holds. */
  add(rule: FaultRule): () => void;
  /** Takes every fault away. */
  clear(): void;
  /** Cuts all open watches each time this many milliseconds have passed; the returned function ends it. */
  cutWatchesEvery(ms: number): () => void;
  /** Cuts all open watches now. */
  cutWatches(): void;
}

export interface FaultEngine extends Faults {
  /** The effects that hit this request, in the order they were added; counts them as used. */
  effectsOn(target: FaultTarget): readonly ActiveEffect[];
  stop(): void;
}

export interface ActiveEffect {
  readonly effect: FaultEffect;
  /** Resolves when the fault is taken away. */
  readonly released: Promise<void>;
}

interface ActiveRule {
  readonly rule: FaultRule;
  left: number;
  readonly released: Promise<void>;
  readonly release: () => void;
}

export function createFaults(cutWatches: () => void): FaultEngine {
  const rules = new Set<ActiveRule>();
  const timers = new Set<NodeJS.Timeout>();

  function add(rule: FaultRule): () => void {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const active: ActiveRule = { rule, left: rule.times ?? Number.POSITIVE_INFINITY, released, release };
    rules.add(active);
    return () => {
      rules.delete(active);
      active.release();
    };
  }

  function effectsOn(target: FaultTarget): readonly ActiveEffect[] {
    const hit = [...rules].filter(({ rule, left }) => left > 0 && (rule.match?.(target) ?? true));
    for (const active of hit) active.left -= 1;
    return hit.map(({ rule, released }) => ({ effect: rule.effect, released }));
  }

  function clear(): void {
    for (const active of rules) active.release();
    rules.clear();
  }

  function cutWatchesEvery(ms: number): () => void {
    const timer = setInterval(cutWatches, ms);
    timer.unref();
    timers.add(timer);
    return () => {
      clearInterval(timer);
      timers.delete(timer);
    };
  }

  function stop(): void {
    clear();
    for (const timer of timers) clearInterval(timer);
  }

  return { add, clear, cutWatchesEvery, cutWatches, effectsOn, stop };
}
