/** A whole collection, page by page, one page in memory at a time. */
import type { Connection } from './connection.ts';
import { fieldsOf, listOf, optionalText, textOf } from './fields.ts';

const PAGE = 500;

export interface ListOptions {
  /** E.g. `involvedObject.uid=4b7c`. */
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
}

/**
 * Hands over each raw item; returns the resourceVersion of the list.
 *
 * @param collection e.g. `/api/v1/namespaces/prod/pods`
 * @throws ApiError
 */
export async function listPages(
  connection: Connection,
  collection: string,
  onItem: (item: unknown) => void,
  { fieldSelector, signal }: ListOptions = {},
): Promise<string> {
  for (let next: string | undefined; ; ) {
    const query = new URLSearchParams({
      limit: String(PAGE),
      ...(fieldSelector === undefined ? {} : { fieldSelector }),
      ...(next === undefined ? {} : { continue: next }),
    });
    const page = fieldsOf(await connection.getJson(`${collection}?${query}`, signal));
    for (const item of listOf(page.items)) onItem(item);
    const metadata = fieldsOf(page.metadata);
    next = optionalText(metadata.continue);
    if (next === undefined) return textOf(metadata.resourceVersion);
  }
}
