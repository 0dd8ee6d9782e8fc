/** What kubectl prints, without what differs from one cluster, moment and run to the next. */

/** In this order: what stands first would be hidden by what follows. */
const DIFFERENT: readonly (readonly [pattern: RegExp, word: string])[] = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'UID'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, 'TIME'],
  [/(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, 'TIME'],
  [/\b(\w+)-[a-z0-9]{8,10}-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '$1-HASH-POD'],
  [/\b(web|app)-[bcdfghjklmnpqrstvwxz2456789]{7,10}\b/g, '$1-HASH'],
  [/(pod-template-hash[=:] ?)[a-z0-9]+/g, '$1HASH'],
  [/(resourceVersion: )"\d+"/g, '$1VERSION'],
  [/\b\d+\.\d+\.\d+\.\d+\b/g, 'IP'],
  // The object as Go prints it, in front of what is wrong with it.
  [/Invalid value: "map\[.*\]": /g, 'Invalid value: '],
  [/(unable to parse requirement): .*/g, '$1'],
  [/ \(\d+\w+ ago\)/g, ' (AGE ago)'],
  // Ages and how long ago: `3s`, `2m5s`, `0s`, `(x2 over 3s)`.
  [/ \(x\d+ over [^)]+\)/g, ''],
  [/(?<=\s|^)(\d+(ms|[smhd])){1,2}(?= |$)/gm, 'AGE'],
  [/<(unknown|invalid)>/g, 'AGE'],
  [/(\w+:\/\/)[0-9a-f]{16,}/g, '$1ID'],
  [/:\/\/[\w.-]+:\d+/g, '://HOST'],
];

/** Its lines, with single spaces: the width of a column depends on what is in it. */
export function normalised(printed: string, namespace: string): readonly string[] {
  let text = printed.replaceAll(namespace, 'NAMESPACE');
  for (const [pattern, word] of DIFFERENT) text = text.replaceAll(pattern, word);
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [spaced(line)]));
}

function spaced(line: string): string {
  const margin = /^ */.exec(line)?.[0] ?? '';
  return margin + line.trim().replaceAll(/\s+/g, ' ');
}
