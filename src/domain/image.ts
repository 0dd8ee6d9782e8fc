/** Image references: their grammar, and how a version becomes one. */
import { quote } from './printable.ts';

export type ImageChoice =
  | { readonly kind: 'image'; readonly image: string }
  | { readonly kind: 'refused'; readonly problem: string };

// The grammar of github.com/distribution/reference. Every repetition is anchored by a separator it cannot itself
// match, so matching stays linear on hostile input.
const PATH_PART = '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*';
const HOST_PART = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const HOST = `(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const REPOSITORY = new RegExp(`^(?:(${HOST})/)?${PATH_PART}(?:/${PATH_PART})*$`);
const HOST_ONLY = new RegExp(`^${HOST}$`);
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const LONG_TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{128,}$/;
const DIGEST = /^(?:sha256:[a-f0-9]{64}|sha512:[a-f0-9]{128})$/;
/** By the grammar a repository named `sha256` with a tag; in all likelihood a digest that was cut short. */
const CUT_DIGEST = /^sha(?:256|512):[^/@]*$/;

/** A reference taken apart; `tag` without `:`, `digest` without `@`. */
export interface ImageReference {
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: string;
}

/** Splits and checks an image reference; undefined when it is not one. */
export function parseImage(image: string): ImageReference | undefined {
  const [beforeDigest = '', digest, ...more] = image.split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const colon = beforeDigest.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port.
  const hasTag = colon > beforeDigest.lastIndexOf('/');
  const repository = hasTag ? beforeDigest.slice(0, colon) : beforeDigest;
  const tag = hasTag ? beforeDigest.slice(colon + 1) : undefined;
  if (repository.length > 255 || !REPOSITORY.test(repository)) return undefined;
  if (tag !== undefined && !TAG.test(tag)) return undefined;
  return { repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

/** Whether the first component names a registry host: it holds `.` or `:`, or is `localhost`. */
function hasRegistryHost(reference: string): boolean {
  const slash = reference.indexOf('/');
  if (slash === -1) return false;
  const first = reference.slice(0, slash);
  return first === 'localhost' || /[.:]/.test(first);
}

function isBareHost(repo: string): boolean {
  return !repo.includes('/') && (repo === 'localhost' || /[.:]/.test(repo));
}

/** Whether a text can stand in `ECR_REPO`: a registry host, or a repository with or without one. */
export function isRepositoryPrefix(text: string): boolean {
  return isBareHost(text) ? HOST_ONLY.test(text) : REPOSITORY.test(text);
}

/**
 * The image a version means (table in the README, "What a version becomes").
 *
 * @param version the dep file's first line
 * @param repo `ECR_REPO`: `host`, `host/repo`, or undefined
 * @param service names the repository when `repo` is only a host
 * @param runningImage the image of the chosen container now; its repository takes a bare tag when there is no `repo`
 */
export function imageForVersion(
  version: string,
  repo: string | undefined,
  service: string,
  runningImage: string | undefined,
): ImageChoice {
  const candidate = expand(version, repo, service, runningImage);
  if (candidate.kind === 'refused') return candidate;
  if (parseImage(candidate.image) === undefined) {
    return refused(`${quote(version)} makes ${quote(candidate.image)}, which is not an image reference`);
  }
  return candidate;
}

function expand(version: string, repo: string | undefined, service: string, running: string | undefined): ImageChoice {
  if (TAG.test(version) || DIGEST.test(version)) {
    const separator = DIGEST.test(version) ? '@' : ':';
    const repository = repositoryForTag(repo, service, running);
    if (repository === undefined) {
      return refused(`${quote(version)} is a tag, and the running image's repository cannot be read; set ECR_REPO`);
    }
    return { kind: 'image', image: `${repository}${separator}${version}` };
  }
  if (LONG_TAG.test(version)) {
    return refused(`${quote(version)} has ${version.length} characters; a tag has at most 128`);
  }
  if (CUT_DIGEST.test(version)) return refused(`${quote(version)} is not a whole digest`);
  const parsed = parseImage(version);
  if (parsed === undefined) return refused(`${quote(version)} is neither a tag nor an image reference`);
  if (parsed.tag === undefined && parsed.digest === undefined) {
    return refused(`${quote(version)} has no tag or digest; write ${quote(`${version}:<tag>`)}`);
  }
  const asIs = repo === undefined || hasRegistryHost(version);
  return { kind: 'image', image: asIs ? version : `${repo}/${version}` };
}

function repositoryForTag(repo: string | undefined, service: string, running: string | undefined): string | undefined {
  if (repo === undefined) return running === undefined ? undefined : parseImage(running)?.repository;
  return isBareHost(repo) ? `${repo}/${service}` : repo;
}

function refused(problem: string): ImageChoice {
  return { kind: 'refused', problem };
}
