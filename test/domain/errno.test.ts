import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { describeErrno, errnoOf } from '../../src/domain/errno.ts';

/** As Node words an error of the system that libuv has no name for. */
function unnamed(number: number): Error {
  const code = `Unknown system error -${number}`;
  const message = `${code}: ${code}, scandir '/srv/deps'`;
  return Object.assign(new Error(message), { code, errno: -number, syscall: 'scandir', path: '/srv/deps' });
}

test('a system error that Node has no code for is one all the same', () => {
  const { ESTALE, EDQUOT } = constants.errno;

  expect(errnoOf(unnamed(ESTALE))).toBe('ESTALE');
  expect(errnoOf(unnamed(EDQUOT))).toBe('EDQUOT');
  expect(errnoOf(unnamed(9_999))).toBe('E9999');
  expect(describeErrno(unnamed(ESTALE))).toBe("ESTALE, scandir '/srv/deps'");
});

test('what is no system error is a surprise', () => {
  const surprise = Object.assign(new TypeError('no'), { code: 'ERR_INVALID_ARG_TYPE' });

  expect(errnoOf(surprise)).toBeUndefined();
  expect(() => describeErrno(surprise)).toThrow(surprise);
});
