/**
 * Reads the protobuf some kubectl commands send (`create`, `auth can-i`) into the JSON form. Answers are JSON always,
 * which every client accepts.
 */
import { badRequest } from '../api-status.ts';
import { type Fields, isFields, kubeTime } from '../objects.ts';
import { messageNameOf } from '../schema/field-types.ts';
import { type Field, type Message, messageOf } from '../schema/messages.ts';

/** What stands before every protobuf object of Kubernetes. */
const MAGIC = Buffer.from('k8s\0');

/** Fields whose zero is no different from their absence; protobuf sends it all the same. */
const SILENT_ZEROS: ReadonlySet<string> = new Set([
  'generation',
  'healthCheckNodePort',
  'hostIPC',
  'hostNetwork',
  'hostPID',
  'hostPort',
  'initialDelaySeconds',
  'failureThreshold',
  'minReadySeconds',
  'nodePort',
  'paused',
  'periodSeconds',
  'publishNotReadyAddresses',
  'readOnly',
  'stdin',
  'stdinOnce',
  'successThreshold',
  'timeoutSeconds',
  'tty',
]);

type WireValue =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'bytes'; readonly value: Buffer };

function malformed(why: string): Error {
  return badRequest(`the protobuf body cannot be read: ${why}`);
}

/** Field numbers and raw values, in the order they were sent. */
function* wireFields(bytes: Buffer): Generator<readonly [number: number, value: WireValue]> {
  let offset = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[offset];
      if (byte === undefined || shift > 63n) throw malformed('a number ends too late');
      offset += 1;
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
  };
  const take = (length: number): Buffer => {
    if (length < 0 || offset + length > bytes.length) throw malformed('it ends too early');
    offset += length;
    return bytes.subarray(offset - length, offset);
  };
  while (offset < bytes.length) {
    const tag = Number(varint());
    const number = tag >>> 3;
    switch (tag & 7) {
      case 0:
        yield [number, { kind: 'number', value: Number(varint()) }];
        break;
      case 1:
        yield [number, { kind: 'number', value: take(8).readDoubleLE() }];
        break;
      case 2:
        yield [number, { kind: 'bytes', value: take(Number(varint())) }];
        break;
      default:
        throw malformed(`wire type ${tag & 7} is not used by Kubernetes`);
    }
  }
}

function wireMap(bytes: Buffer): ReadonlyMap<number, WireValue> {
  return new Map(wireFields(bytes));
}

function numberAt(fields: ReadonlyMap<number, WireValue>, number: number): number {
  const found = fields.get(number);
  return found?.kind === 'number' ? found.value : 0;
}

function bytesAt(fields: ReadonlyMap<number, WireValue>, number: number): Buffer {
  const found = fields.get(number);
  return found?.kind === 'bytes' ? found.value : Buffer.alloc(0);
}

/** One value in its JSON form; undefined for what JSON leaves out. */
function jsonValue(wire: WireValue, type: string): unknown {
  if (wire.kind === 'number') return type === 'bool' ? wire.value !== 0 : wire.value;
  const bytes = wire.value;
  switch (type) {
    case 'string':
      return bytes.toString('utf8');
    case 'bytes':
      return bytes.toString('base64');
    case 'Time':
    case 'MicroTime':
      return bytes.length === 0 ? undefined : kubeTime(numberAt(wireMap(bytes), 1) * 1000);
    case 'Quantity':
      return bytesAt(wireMap(bytes), 1).toString('utf8');
    case 'IntOrString': {
      const fields = wireMap(bytes);
      return numberAt(fields, 1) === 0 ? numberAt(fields, 2) : bytesAt(fields, 3).toString('utf8');
    }
    case 'FieldsV1':
      return JSON.parse(bytesAt(wireMap(bytes), 1).toString('utf8') || '{}');
    default: {
      const message = messageOf(type);
      if (!message) throw malformed(`${type} is not known`);
      return decode(bytes, message, type);
    }
  }
}

function isSilent(value: unknown, name: string): boolean {
  return value === undefined || value === '' || ((value === 0 || value === false) && SILENT_ZEROS.has(name));
}

function decode(bytes: Buffer, message: Message, name: string): Fields {
  const decoded: Record<string, unknown> = {};
  for (const [number, wire] of wireFields(bytes)) {
    const field = message.byNumber.get(number);
    if (!field) throw malformed(`${name} has no field ${number}`);
    put(decoded, field, wire);
  }
  return decoded;
}

function put(decoded: Record<string, unknown>, { name, type }: Field, wire: WireValue): void {
  if (type.container === 'map') {
    const entry = wireMap(wire.kind === 'bytes' ? wire.value : Buffer.alloc(0));
    const empty: WireValue = { kind: 'bytes', value: Buffer.alloc(0) };
    const value = jsonValue(entry.get(2) ?? empty, type.name);
    const map = decoded[name ?? ''];
    decoded[name ?? ''] = { ...(isFields(map) ? map : {}), [bytesAt(entry, 1).toString('utf8')]: value };
    return;
  }
  const value = jsonValue(wire, type.name);
  if (name === undefined) {
    Object.assign(decoded, value);
  } else if (type.container === 'list') {
    const list = decoded[name];
    decoded[name] = [...(Array.isArray(list) ? list : []), value];
  } else if (!isSilent(value, name)) {
    decoded[name] = value;
  }
}

/** Whether a Content-Type says protobuf. */
export function isProtobuf(contentType: string): boolean {
  return contentType.startsWith('application/vnd.kubernetes.protobuf');
}

/** The object in its JSON form, with apiVersion and kind; throws ApiStatus 400. */
export function decodeProtobuf(body: Buffer): Fields {
  if (!body.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it does not begin with "k8s"');
  const envelope = wireMap(body.subarray(MAGIC.length));
  const typeMeta = wireMap(bytesAt(envelope, 1));
  const apiVersion = bytesAt(typeMeta, 1).toString('utf8');
  const kind = bytesAt(typeMeta, 2).toString('utf8');
  const key = apiVersion === 'events.k8s.io/v1' ? 'events.events.k8s.io' : '';
  const message = messageOf(messageNameOf({ key, kind }));
  if (!message) throw malformed(`the sandbox has no ${kind} in ${apiVersion}; send it as JSON`);
  return { apiVersion, kind, ...decode(bytesAt(envelope, 2), message, kind) };
}
