/** The validation that matters to somebody who deploys: names, labels, and the rules of workloads. */
import { invalid, type StatusCause } from '../api-status.ts';
import { at, type Fields, fields, items, type KubeObject, type NewObject, number, sameJson, text } from '../objects.ts';
import type { ResourceInfo } from '../resources.ts';
import { labelSelectorOf } from '../selectors.ts';
import { required, wrong } from './causes.ts';
import { labelProblem, labelValueProblem, qualifiedNameProblem, subdomainProblem } from './names.ts';
import { dataProblems, leaseProblems, quotaProblems } from './plain-validation.ts';
import { podTemplateProblems } from './pod-validation.ts';

/** Throws ApiStatus 422 with one cause per problem. `old` is the stored version on an update. */
export function validate(info: ResourceInfo, object: NewObject, old?: KubeObject): void {
  const causes = [...metadataProblems(info, object), ...bodyProblems(info, object, old)];
  if (causes.length > 0) throw invalid(info.kind, info.group, object.metadata.name ?? '', causes);
}

function metadataProblems(info: ResourceInfo, object: NewObject): StatusCause[] {
  const { name, generateName, labels, annotations } = object.metadata;
  const causes: StatusCause[] = [];
  if (!name && !generateName) causes.push(required('metadata.name', 'name or generateName is required'));
  if (name) {
    const problem = nameProblem(info, name);
    if (problem) causes.push(wrong('metadata.name', name, problem));
  }
  return [...causes, ...labelProblems(labels, 'metadata.labels'), ...annotationProblems(annotations)];
}

function nameProblem(info: ResourceInfo, name: string): string | undefined {
  // RBAC objects and events allow more characters; the path rule is all that binds them here.
  if (info.group === 'rbac.authorization.k8s.io') return undefined;
  return info.key === 'namespaces' || info.key === 'services' ? labelProblem(name) : subdomainProblem(name);
}

function labelProblems(labels: unknown, field: string): StatusCause[] {
  return Object.entries(fields(labels)).flatMap(([key, value]) => {
    const badKey = qualifiedNameProblem(key);
    const badValue = labelValueProblem(String(value));
    return [...(badKey ? [wrong(field, key, badKey)] : []), ...(badValue ? [wrong(field, value, badValue)] : [])];
  });
}

function annotationProblems(annotations: unknown): StatusCause[] {
  const entries = Object.entries(fields(annotations));
  const causes = entries.flatMap(([key]) => {
    const bad = qualifiedNameProblem(key.toLowerCase());
    return bad ? [wrong('metadata.annotations', key, bad)] : [];
  });
  const size = entries.reduce((sum, [key, value]) => sum + key.length + String(value).length, 0);
  if (size > 262_144) {
    const message = 'Too long: may not be more than 262144 bytes';
    causes.push({ reason: 'FieldValueTooLong', message, field: 'metadata.annotations' });
  }
  return causes;
}

function bodyProblems(info: ResourceInfo, object: NewObject, old: KubeObject | undefined): StatusCause[] {
  switch (info.key) {
    case 'deployments.apps':
      return [...workloadProblems(object, old), ...deploymentProblems(fields(object.spec))];
    case 'replicasets.apps':
      return workloadProblems(object, old);
    case 'configmaps':
    case 'secrets':
      return dataProblems(object, old);
    case 'resourcequotas':
      return quotaProblems(fields(object.spec));
    case 'leases.coordination.k8s.io':
      return leaseProblems(fields(object.spec));
    case 'pods':
      return old ? podChangeProblems(object, old) : podTemplateProblems(fields(object.spec), 'spec');
    default:
      return [];
  }
}

function workloadProblems(object: NewObject, old: KubeObject | undefined): StatusCause[] {
  const spec = fields(object.spec);
  const causes: StatusCause[] = [];
  const replicas = number(spec.replicas) ?? 0;
  if (replicas < 0) causes.push(wrong('spec.replicas', replicas, 'must be greater than or equal to 0'));
  if (spec.selector === undefined || spec.selector === null) causes.push(required('spec.selector'));
  else if (isEmptySelector(spec.selector)) {
    causes.push(wrong('spec.selector', spec.selector, `empty selector is invalid for ${object.kind.toLowerCase()}`));
  }
  const labels = fields(at(spec, 'template', 'metadata', 'labels'));
  causes.push(...labelProblems(labels, 'spec.template.labels'));
  const words = Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, String(value)]));
  // A missing selector selects nothing.
  if (!spec.selector || !labelSelectorOf(spec.selector).matches(words)) {
    causes.push(wrong('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
  }
  causes.push(...podTemplateProblems(fields(at(spec, 'template', 'spec')), 'spec.template.spec'));
  const policy = at(spec, 'template', 'spec', 'restartPolicy');
  if (policy !== 'Always') {
    const message = `Unsupported value: ${JSON.stringify(policy)}: supported values: "Always"`;
    causes.push({ reason: 'FieldValueNotSupported', message, field: 'spec.template.spec.restartPolicy' });
  }
  if (old && !sameJson(at(old, 'spec', 'selector'), spec.selector)) {
    causes.push(wrong('spec.selector', spec.selector, 'field is immutable'));
  }
  return causes;
}

function isEmptySelector(selector: unknown): boolean {
  const { matchLabels, matchExpressions } = fields(selector);
  return Object.keys(fields(matchLabels)).length === 0 && items(matchExpressions).length === 0;
}

function deploymentProblems(spec: Fields): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const field of ['minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds']) {
    const value = number(spec[field]) ?? 0;
    if (value < 0) causes.push(wrong(`spec.${field}`, value, 'must be greater than or equal to 0'));
  }
  const deadline = number(spec.progressDeadlineSeconds) ?? 600;
  if (deadline <= (number(spec.minReadySeconds) ?? 0)) {
    causes.push(wrong('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds'));
  }
  return [...causes, ...strategyProblems(fields(spec.strategy))];
}

function strategyProblems(strategy: Fields): StatusCause[] {
  const field = 'spec.strategy';
  if (strategy.type === 'Recreate') {
    if (!strategy.rollingUpdate) return [];
    const message = "Forbidden: may not be specified when strategy `type` is 'Recreate'";
    return [{ reason: 'FieldValueForbidden', message, field: `${field}.rollingUpdate` }];
  }
  if (strategy.type !== 'RollingUpdate') {
    const told = JSON.stringify({ Type: strategy.type, RollingUpdate: strategy.rollingUpdate ?? null });
    const message = `Unsupported value: ${told}: supported values: "Recreate", "RollingUpdate"`;
    return [{ reason: 'FieldValueNotSupported', message, field }];
  }
  const { maxSurge, maxUnavailable } = fields(strategy.rollingUpdate);
  const causes = [
    ...shareProblems(maxUnavailable, `${field}.rollingUpdate.maxUnavailable`),
    ...shareProblems(maxSurge, `${field}.rollingUpdate.maxSurge`),
  ];
  if (causes.length === 0 && isZero(maxSurge) && isZero(maxUnavailable)) {
    causes.push(wrong(`${field}.rollingUpdate.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  }
  return causes;
}

function isZero(share: unknown): boolean {
  return share === 0 || share === '0%';
}

function shareProblems(share: unknown, field: string): StatusCause[] {
  if (typeof share === 'number') {
    return share < 0 ? [wrong(field, share, 'must be greater than or equal to 0')] : [];
  }
  if (/^\d+%$/.test(text(share) ?? '')) return [];
  return [
    wrong(
      field,
      share,
      "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
    ),
  ];
}

/** Of a pod's spec only images, tolerations and the deadline may change. */
function podChangeProblems(object: NewObject, old: KubeObject): StatusCause[] {
  const frozen = (spec: Fields): Fields => {
    const { activeDeadlineSeconds: _a, tolerations: _t, containers, initContainers, ...rest } = spec;
    const unpictured = (list: unknown): unknown => items(list).map((item) => ({ ...fields(item), image: '' }));
    return { ...rest, containers: unpictured(containers), initContainers: unpictured(initContainers) };
  };
  const causes = podTemplateProblems(fields(object.spec), 'spec');
  if (causes.length > 0 || sameJson(frozen(fields(object.spec)), frozen(fields(old.spec)))) return causes;
  const message =
    'Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';
  return [{ reason: 'FieldValueForbidden', message, field: 'spec' }];
}
