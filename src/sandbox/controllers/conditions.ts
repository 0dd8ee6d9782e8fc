/** The conditions of a workload's status and how they are changed. */
import type { Condition } from './workloads.ts';

/** What a controller has found out, on its way into a condition. */
export interface Finding {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export function conditionOf(conditions: readonly Condition[], type: string): Condition | undefined {
  return conditions.find((condition) => condition.type === type);
}

/** The same status and reason change nothing, not even the message; the same status keeps its transition time. */
export function withCondition(conditions: readonly Condition[], finding: Finding, now: string): readonly Condition[] {
  const old = conditionOf(conditions, finding.type);
  if (old?.status === finding.status && old.reason === finding.reason) return conditions;
  return replaced(conditions, finding, now);
}

/** The condition anew, also when nothing but its times changes. */
export function replaced(conditions: readonly Condition[], finding: Finding, now: string): readonly Condition[] {
  const { type, status, reason, message } = finding;
  const old = conditionOf(conditions, type);
  const lastTransitionTime = old?.status === status ? old.lastTransitionTime : now;
  return [...without(conditions, type), { type, status, lastUpdateTime: now, lastTransitionTime, reason, message }];
}

export function without(conditions: readonly Condition[], type: string): readonly Condition[] {
  return conditions.filter((condition) => condition.type !== type);
}
