/** The declared shapes, looked up by name: for reading protobuf by number, and for checking JSON by name. */
import { DECLARATIONS } from './declarations.ts';

export interface FieldType {
  readonly name: string;
  readonly container: 'one' | 'list' | 'map';
}

export interface Field {
  readonly number: number;
  /** Undefined when the JSON form holds this message's fields directly. */
  readonly name: string | undefined;
  readonly type: FieldType;
}

export interface Message {
  readonly byNumber: ReadonlyMap<number, Field>;
  /** By JSON name, with the fields of inlined messages among the others. */
  readonly byName: ReadonlyMap<string, FieldType>;
}

/** Types that are a single JSON value. */
const SCALAR_TYPES: ReadonlySet<string> = new Set([
  'string',
  'int32',
  'int64',
  'double',
  'bool',
  'bytes',
  'Time',
  'MicroTime',
  'Quantity',
  'IntOrString',
  'FieldsV1',
]);

const messages = new Map<string, Message>();

/** A message by name; undefined for scalars. Shapes are built when first asked for. */
export function messageOf(name: string): Message | undefined {
  const known = messages.get(name);
  if (known || SCALAR_TYPES.has(name)) return known;
  const declared = declaredMessages().get(name);
  if (declared === undefined) return undefined;
  const fields = declared.map(parseField);
  const made = {
    byNumber: new Map(fields.map((field) => [field.number, field])),
    byName: new Map(fields.flatMap(jsonFields)),
  };
  messages.set(name, made);
  return made;
}

function jsonFields({ name, type }: Field): readonly (readonly [string, FieldType])[] {
  return name === undefined ? [...(messageOf(type.name)?.byName ?? [])] : [[name, type]];
}

let declared: ReadonlyMap<string, readonly string[]> | undefined;

function declaredMessages(): ReadonlyMap<string, readonly string[]> {
  declared ??= new Map(
    DECLARATIONS.replaceAll('\n  ', ' ')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', fields = ''] = line.split(/:\s*/);
        return [name, fields === '' ? [] : fields.split(', ')] as const;
      }),
  );
  return declared;
}

function parseField(text: string): Field {
  const [number = '', name = '', type = ''] = text.trim().split(' ');
  const container = type.endsWith('[]') ? 'list' : type.endsWith('{}') ? 'map' : 'one';
  return {
    number: Number(number),
    name: name === '...' ? undefined : name,
    type: { name: container === 'one' ? type : type.slice(0, -2), container },
  };
}
