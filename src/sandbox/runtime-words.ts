/** What schedulers, kubelets, containerd and crashing programs say, word for word. */

export const NO_NODE =
  '0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available: ' +
  '1 No preemption victims found for incoming pod.';
export const LOW_MEMORY =
  'The node was low on resource: memory. Threshold quantity: 100Mi, available: 81012Ki. Container app was using ' +
  '512Mi, request is 0, has larger consumption of memory. ';

export const NO_COMMAND =
  'failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: ' +
  'unable to start container process: error during container init: exec: "/app/server": stat /app/server: ' +
  'no such file or directory: unknown';

export const DEFAULT_LOG: Readonly<Record<'Error' | 'OOMKilled' | 'StartError', readonly string[]>> = {
  Error: ['starting', 'reading configuration', 'Error: DATABASE_URL is not set', '    at main (/app/server.js:12:9)'],
  OOMKilled: ['starting', 'loading the index into memory'],
  StartError: [],
};

/** What containerd answers when the registry has no such tag. */
export function notFound(image: string): string {
  const full = fullName(image);
  return (
    `rpc error: code = NotFound desc = failed to pull and unpack image "${full}": failed to resolve reference ` +
    `"${full}": ${full}: not found`
  );
}

/** What it answers when the registry wants other credentials. */
export function denied(image: string): string {
  const full = fullName(image);
  return (
    `failed to pull and unpack image "${full}": failed to resolve reference "${full}": pull access denied, repository ` +
    'does not exist or may require authorization: server message: insufficient_scope: authorization failed'
  );
}

/** `nginx:1` is `docker.io/library/nginx:1` to the runtime. */
function fullName(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const hasHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
  if (hasHost) return image;
  return rest.length > 0 ? `docker.io/${image}` : `docker.io/library/${image}`;
}
