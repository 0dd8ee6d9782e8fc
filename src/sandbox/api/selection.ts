/** Which objects a list, a watch or a collection delete is about. */
import type { KubeObject } from '../objects.ts';
import type { ResourceInfo } from '../resources.ts';
import { type FieldSelector, type LabelSelector, parseFieldSelector, parseLabelSelector } from '../selectors.ts';
import type { Store } from '../store.ts';
import type { ApiRequest } from './request.ts';

export interface Selection {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly labels: LabelSelector;
  readonly fields: FieldSelector;
}

/** The resource whose objects are kept for this one: `events` for both event APIs. */
export function storedAs(info: ResourceInfo): string {
  return info.storage ?? info.key;
}

/** Throws ApiStatus 400 on a selector that cannot be read. */
export function selectionOf({ info, namespace, query }: ApiRequest): Selection {
  const resource = storedAs(info);
  return {
    resource,
    namespace,
    labels: parseLabelSelector(query.get('labelSelector') ?? ''),
    fields: parseFieldSelector(resource, query.get('fieldSelector') ?? ''),
  };
}

export function selects({ namespace, labels, fields }: Selection, object: KubeObject): boolean {
  if (namespace !== undefined && object.metadata.namespace !== namespace) return false;
  return labels.matches(object.metadata.labels ?? {}) && fields.matches(object);
}

/** The selected objects, by lookup where a name is given, by index where labels are. */
export function selected(store: Store, selection: Selection, isNamespaced: boolean): readonly KubeObject[] {
  const { resource, namespace, labels, fields } = selection;
  if (fields.name !== undefined && (namespace !== undefined || !isNamespaced)) {
    const only = store.get(resource, namespace, fields.name);
    return only && selects(selection, only) ? [only] : [];
  }
  const found = store.list(resource, { namespace, matchLabels: labels.matchLabels });
  return found.filter((object) => selects(selection, object));
}
