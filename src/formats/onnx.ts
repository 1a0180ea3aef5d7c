/**
 * ONNX models, written: a graph node by node, weights as initialisers, subgraphs that see the names outside. Field
 * numbers and types are those of github.com/onnx/onnx, onnx/onnx.proto (IR version 8).
 */
import { InputError } from '../base/errors.ts';
import { ProtobufMessage } from './protobuf.ts';

/** Element types by the numbers of `TensorProto.DataType`, and their bytes. */
const elements = {
  float: { code: 1, bytes: 4 },
  int8: { code: 3, bytes: 1 },
  int64: { code: 7, bytes: 8 },
  bool: { code: 9, bytes: 1 },
  float16: { code: 10, bytes: 2 },
} as const;
export type OnnxElement = keyof typeof elements;

/** `Cast`'s attribute `to` for float32. */
export const castToFloat = elements.float.code;

/** The operator set (February 2022) that every runtime of today reads, and the file format of its time. */
const onnxOpset = 17;
const irVersion = 8;
/** A Protocol Buffers message ends at 2 GiB. */
const maxFileBytes = 2 ** 31 - 1;

export interface OnnxValue {
  name: string;
  element: OnnxElement;
  /** A text is a size that is known when the model runs; equal texts are equal sizes. */
  shape: readonly (number | string)[];
}

/** Attributes of a node: whole numbers, lists of them, subgraphs. */
export type OnnxAttribute = number | readonly number[] | OnnxGraph;

/** A file made chunk by chunk. */
export interface OnnxFile {
  sizeBytes: number;
  chunks: () => Iterable<Uint8Array>;
}

export class OnnxGraph {
  readonly inputs: OnnxValue[] = [];
  readonly outputs: OnnxValue[] = [];
  readonly #name: string;
  readonly #outer: OnnxGraph | null;
  readonly #nodes: ProtobufMessage[] = [];
  readonly #initialisers = new Map<string, ProtobufMessage>();
  #values = 0;

  constructor(name: string, outer: OnnxGraph | null = null) {
    this.#name = name;
    this.#outer = outer;
  }

  /** A graph within an attribute: it may use every value that this one has by then. */
  subgraph(name: string): OnnxGraph {
    return new OnnxGraph(name, this);
  }

  /** A name that no value has yet. Subgraphs share the outer graph's names. */
  fresh(hint: string): string {
    if (this.#outer !== null) return this.#outer.fresh(hint);
    this.#values += 1;
    return `${hint}_${this.#values}`;
  }

  /**
   * A constant of the whole model, kept once under its name.
   * @param make Its values, row-major, made when the file is written.
   */
  constant(
    name: string,
    element: OnnxElement,
    shape: readonly number[],
    make: () => ArrayBufferView,
  ): string {
    if (this.#outer !== null) return this.#outer.constant(name, element, shape, make);
    if (this.#initialisers.has(name)) return name;
    const { code, bytes } = elements[element];
    const message = new ProtobufMessage();
    for (const size of shape) message.int(1, size);
    message.int(2, code).text(8, name);
    message.bytes(9, {
      sizeBytes: shape.reduce((product, size) => product * size, bytes),
      make: () => {
        const values = make();
        return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      },
    });
    this.#initialisers.set(name, message);
    return name;
  }

  /** A float32 without dimensions. */
  scalar(value: number): string {
    return this.constant(`float_${value}`, 'float', [], () => Float32Array.of(value));
  }

  /** An int64 vector. */
  integers(...values: number[]): string {
    const make = (): BigInt64Array => BigInt64Array.from(values.map(BigInt));
    return this.constant(`int64s_${values.join('_')}`, 'int64', [values.length], make);
  }

  /** An int64 without dimensions. */
  integer(value: number): string {
    return this.constant(`int64_${value}`, 'int64', [], () => BigInt64Array.of(BigInt(value)));
  }

  /**
   * A node. @param outputs How many values it makes, or their names.
   * @returns The names of its outputs.
   */
  nodes(
    operator: string,
    inputs: readonly string[],
    outputs: number | readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string[] {
    const names =
      typeof outputs === 'number'
        ? Array.from({ length: outputs }, () => this.fresh(operator))
        : [...outputs];
    const message = new ProtobufMessage();
    for (const input of inputs) message.text(1, input);
    for (const output of names) message.text(2, output);
    message.text(3, `${names[0]}/node`).text(4, operator);
    for (const [name, value] of Object.entries(attributes)) message.message(5, attribute(name, value));
    this.#nodes.push(message);
    return names;
  }

  /** A node with one output, named where `output` says so. @returns The output's name. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output?: string,
  ): string {
    return this.nodes(operator, inputs, output === undefined ? 1 : [output], attributes)[0]!;
  }

  /** The `GraphProto`. */
  message(): ProtobufMessage {
    const message = new ProtobufMessage();
    for (const node of this.#nodes) message.message(1, node);
    message.text(2, this.#name);
    for (const initialiser of this.#initialisers.values()) message.message(5, initialiser);
    for (const input of this.inputs) message.message(11, valueInfo(input));
    for (const output of this.outputs) message.message(12, valueInfo(output));
    return message;
  }
}

function attribute(name: string, value: OnnxAttribute): ProtobufMessage {
  const message = new ProtobufMessage().text(1, name);
  if (value instanceof OnnxGraph) return message.message(6, value.message()).int(20, 5);
  if (typeof value === 'number') return message.int(3, value).int(20, 2);
  for (const item of value) message.int(8, item);
  return message.int(20, 7);
}

function valueInfo({ name, element, shape }: OnnxValue): ProtobufMessage {
  const dimensions = new ProtobufMessage();
  for (const size of shape) {
    const dimension = new ProtobufMessage();
    dimensions.message(1, typeof size === 'number' ? dimension.int(1, size) : dimension.text(2, size));
  }
  const tensor = new ProtobufMessage().int(1, elements[element].code).message(2, dimensions);
  return new ProtobufMessage().text(1, name).message(2, new ProtobufMessage().message(1, tensor));
}

/**
 * A model file of one graph.
 * @param name The file's, for the message.
 * @throws InputError where it would be larger than the format can hold.
 */
export function onnxFile(graph: OnnxGraph, name: string): OnnxFile {
  const opset = new ProtobufMessage().text(1, '').int(2, onnxOpset);
  const model = new ProtobufMessage()
    .int(1, irVersion)
    .text(2, 'Stillroom')
    .message(8, opset)
    .message(7, graph.message());
  if (model.sizeBytes > maxFileBytes) {
    throw new InputError(
      `it would have ${model.sizeBytes} bytes, and an ONNX file ends at ${maxFileBytes}.`,
      'Store the weights smaller: f16, or w8.',
      { file: name },
    );
  }
  return { sizeBytes: model.sizeBytes, chunks: () => model.chunks() };
}
