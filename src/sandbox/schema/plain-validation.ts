/** The validation of kinds that hold plain data: ConfigMaps, Secrets, ResourceQuotas and Leases. */
import type { StatusCause } from '../api-status.ts';
import { type Fields, fields, type KubeObject, type NewObject, number, sameJson } from '../objects.ts';
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
  if (problem === undefined) return [];
  const message = `Invalid value: ${JSON.stringify(key)}: ${problem}`;
  return [{ reason: 'FieldValueInvalid', message, field: `data[${key}]` }];
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
  const wrong = (field: string, value: number, why: string) =>
    causes.push({ reason: 'FieldValueInvalid', message: `Invalid value: ${value}: ${why}`, field: `spec.${field}` });
  const duration = number(spec.leaseDurationSeconds);
  if (duration !== undefined && duration <= 0) wrong('leaseDurationSeconds', duration, 'must be greater than 0');
  const transitions = number(spec.leaseTransitions);
  if (transitions !== undefined && transitions < 0) {
    wrong('leaseTransitions', transitions, 'must be greater than or equal to 0');
  }
  return causes;
}
