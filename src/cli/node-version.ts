/** The oldest Node this program is made for; the same as `engines` of package.json. */
export const OLDEST_NODE = 24;

/**
 * What is wrong with the Node that runs this; undefined when nothing is.
 *
 * @param version as in `process.version`, e.g. `v20.11.0`
 */
export function nodeProblem(version: string, path: string): string | undefined {
  if (Number.parseInt(version.slice(1), 10) >= OLDEST_NODE) return undefined;
  return `deployment-k8s-engine needs Node ${OLDEST_NODE} or newer, this is ${version} (${path})`;
}
