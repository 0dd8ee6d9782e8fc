import { describe, expect, test } from 'vitest';
import { ApiStatus } from '../../../src/sandbox/api-status.ts';
import { applyJsonPatch, applyMergePatch } from '../../../src/sandbox/patch/json-patch.ts';

const document = { spec: { replicas: 1, list: ['a', 'b'], labels: { 'a/b': 'x', 'c~d': 'y' } } };

function refusalOf(patch: unknown): string {
  try {
    applyJsonPatch(document, patch);
    return 'applied';
  } catch (error) {
    if (!(error instanceof ApiStatus)) throw error;
    return `${error.code} ${error.reason} ${error.details?.causes === undefined ? 'no causes' : 'causes'}`;
  }
}

describe('a JSON patch', () => {
  test('applies its operations in order', () => {
    const patched = applyJsonPatch(document, [
      { op: 'test', path: '/spec/replicas', value: 1 },
      { op: 'replace', path: '/spec/replicas', value: 2 },
      { op: 'add', path: '/spec/list/1', value: 'between' },
      { op: 'add', path: '/spec/list/-', value: 'last' },
      { op: 'remove', path: '/spec/labels/a~1b' },
      { op: 'move', from: '/spec/labels/c~0d', path: '/spec/labels/moved' },
      { op: 'copy', from: '/spec/list/0', path: '/spec/first' },
    ]);

    expect(patched).toEqual({
      spec: { replicas: 2, list: ['a', 'between', 'b', 'last'], labels: { moved: 'y' }, first: 'a' },
    });
    expect(document.spec.replicas).toBe(1);
  });

  test.each([
    ['a test that fails', { op: 'test', path: '/spec/replicas', value: 9 }],
    ['an index out of range', { op: 'replace', path: '/spec/list/2', value: 'x' }],
    ['a key that is missing', { op: 'replace', path: '/spec/none', value: 'x' }],
    ['a parent that is missing', { op: 'add', path: '/metadata/annotations/x', value: 'y' }],
    ['a test behind a parent that is missing', { op: 'test', path: '/none/x', value: null }],
    ['a removal of what is missing', { op: 'remove', path: '/spec/none' }],
    ['an unknown operation', { op: 'frob', path: '/spec' }],
  ])('with %s is 422 without causes', (_, operation) => {
    expect(refusalOf([operation])).toBe('422 Invalid no causes');
  });

  test('takes a missing key for null in a test', () => {
    expect(refusalOf([{ op: 'test', path: '/spec/none', value: null }])).toBe('applied');
  });

  test('counts a negative index from the end', () => {
    expect(applyJsonPatch(['a', 'b'], [{ op: 'replace', path: '/-1', value: 'z' }])).toEqual(['a', 'z']);
  });

  test('that is not a list is 400', () => {
    expect(refusalOf({ op: 'test' })).toBe('400 BadRequest no causes');
  });
});

describe('a merge patch', () => {
  test('merges objects, removes by null and replaces lists', () => {
    const patched = applyMergePatch(document, { spec: { replicas: null, list: ['z'], labels: { new: 'n' } } });

    expect(patched).toEqual({ spec: { list: ['z'], labels: { 'a/b': 'x', 'c~d': 'y', new: 'n' } } });
  });
});
