/** The validation of kinds that hold plain data: ConfigMaps, Secrets, ResourceQuotas and Leases. */
import type { StatusCause } from '../api-status.ts';
import { type Fields, fields, type KubeObject, type NewObject, number, sameJson } from '../objects.ts';
import { wrong } from './causes.ts';
import { dataKeyProblem } from './names.ts';

/** Of ConfigMaps and Secrets; `old` is the stored version on an update. */
export function dataProblems(object: NewObject, old: KubeObject | undefined): StatusCause[] {
  return [
    ...Object.keys(fields(object.data)).flatMap(dataKeyProblems),
    ...(old ? frozenDataProblems(object, old) : []),
  ];
}

function dataKeyProblems(key: string): StatusCause[] {
  const problem = dataKeyProblem(key);
  return problem === undefined ? [] : [wrong(`data[${key}]`, key, problem)];
}

/** What cannot change once `immutable` was set, itself included. */
function frozenDataProblems(object: NewObject, old: KubeObject): StatusCause[] {
  if (old.immutable !== true) return [];
  const message = 'Forbidden: field is immutable when `immutable` is set';
  const changed = ['data', 'binaryData'].filter((field) => !sameJson(old[field], object[field]));
  const all = object.immutable === true ? changed : ['immutable', ...changed];
  return all.map((field) => ({ reason: 'FieldValueForbidden', message, field }));
}

/** What the sandbox cannot count it refuses. */
export function quotaProblems(spec: Fields): StatusCause[] {
  const unknown = ['scopes', 'scopeSelector'].filter((field) => spec[field] !== undefined);
  const message = 'Forbidden: the sandbox counts quotas without scopes';
  return unknown.map((field) => ({ reason: 'FieldValueForbidden', message, field: `spec.${field}` }));
}

export function leaseProblems(spec: Fields): StatusCause[] {
  const causes: StatusCause[] = [];
  const duration = number(spec.leaseDurationSeconds);
  if (duration !== undefined && duration <= 0) {
    causes.push(wrong('spec.leaseDurationSeconds', duration, 'must be greater than 0'));
  }
  const transitions = number(spec.leaseTransitions);
  if (transitions !== undefined && transitions < 0) {
    causes.push(wrong('spec.leaseTransitions', transitions, 'must be greater than or equal to 0'));
  }
  return causes;
}
