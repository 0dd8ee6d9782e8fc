/** The validation of a pod's spec, alone or inside a template. */
import type { StatusCause } from '../api-status.ts';
import { at, type Fields, fields, items, number, text } from '../objects.ts';
import { duplicate, required, wrong } from './causes.ts';
import { labelProblem } from './names.ts';

/** Problems of a pod spec; `field` is where it sits, `spec.template.spec` in a workload. */
export function podTemplateProblems(spec: Fields, field: string): StatusCause[] {
  const volumes = new Set(items(spec.volumes).map((volume) => text(at(volume, 'name'))));
  const seen = new Set<string>();
  const list = (name: string): StatusCause[] =>
    items(spec[name]).flatMap((item, index) =>
      containerProblems(fields(item), `${field}.${name}[${index}]`, seen, volumes),
    );
  const none = items(spec.containers).length === 0 ? [required(`${field}.containers`)] : [];
  return [...none, ...list('initContainers'), ...list('containers')];
}

function containerProblems(
  container: Fields,
  field: string,
  seen: Set<string>,
  volumes: ReadonlySet<string | undefined>,
): StatusCause[] {
  const causes: StatusCause[] = [];
  const name = text(container.name) ?? '';
  const problem = labelProblem(name);
  if (name === '') causes.push(required(`${field}.name`));
  else if (problem) causes.push(wrong(`${field}.name`, name, problem));
  else if (seen.has(name)) causes.push(duplicate(`${field}.name`, name));
  seen.add(name);
  const image = text(container.image) ?? '';
  // The server checks that an image is there, never that it is a valid reference.
  if (image === '') causes.push(required(`${field}.image`));
  return [...causes, ...portProblems(container, field), ...mountProblems(container, field, volumes)];
}

function portProblems(container: Fields, field: string): StatusCause[] {
  return items(container.ports).flatMap((port, index) => {
    const value = number(at(port, 'containerPort')) ?? 0;
    if (value > 0 && value < 65_536) return [];
    const where = `${field}.ports[${index}].containerPort`;
    return [value === 0 ? required(where) : wrong(where, value, 'must be between 1 and 65535, inclusive')];
  });
}

function mountProblems(container: Fields, field: string, volumes: ReadonlySet<string | undefined>): StatusCause[] {
  return items(container.volumeMounts).flatMap((mount, index) => {
    const name = text(at(mount, 'name')) ?? '';
    if (volumes.has(name)) return [];
    const where = `${field}.volumeMounts[${index}].name`;
    return [{ reason: 'FieldValueNotFound', message: `Not found: ${JSON.stringify(name)}`, field: where }];
  });
}
